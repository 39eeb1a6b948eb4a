//! Nothing that was typed is lost, and nothing is done to what somebody did not see.

use super::browser::{SignedIn, begun, filled, goes_to, hidden, holds, page, send, submit};
use super::people::{PASSWORD, manned};
use crate::support::Running;

/// Every field of the form on `page` that goes to `path`, as a browser would send it, with `password` where one is
/// asked for.
fn fields_of(page: &str, path: &str, password: &str) -> Vec<(String, String)> {
    let escaped = path.replace('/', "&#x2f;");
    let forms = page.split("<form method=\"post\" action=\"").skip(1);
    let form = forms.map(|form| form.split("</form>").next().unwrap());
    let form = form.into_iter().find(|form| form.starts_with(path) || form.starts_with(&escaped));
    let form = form.unwrap_or_else(|| panic!("no form goes to {path} in {page}"));
    let plain = |text: &str| {
        let text = text.replace("&#x2f;", "/").replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
        text.replace("&#x27;", "'").replace("&#x3d;", "=").replace("&amp;", "&")
    };
    let of = |field: &str, name: &str| {
        let value = field.split_once(&format!(" {name}=\""))?.1.split('"').next()?;
        Some(plain(value))
    };
    let fields = form.split('<').filter_map(|tag| {
        let name = of(tag, "name")?;
        let value = match tag {
            _ if tag.starts_with("textarea") => plain(tag.split_once('>')?.1),
            _ if tag.contains("type=\"password\"") => password.to_owned(),
            _ => of(tag, "value").unwrap_or_default(),
        };
        Some((name, value))
    });
    fields.collect()
}

/// Sends the form on `page` that goes to `path` as it is.
fn send_as_it_is(
    server: &Running,
    cookie: &str,
    page: &str,
    path: &str,
    change: impl Fn(&str, String) -> String,
) -> crate::support::Reply {
    let fields = fields_of(page, &format!("/admin{path}"), PASSWORD);
    let fields: Vec<_> = fields.into_iter().map(|(name, value)| (name.clone(), change(&name, value))).collect();
    let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    send(server, cookie, path, &fields)
}

/// The cookie that a reply sets.
fn cookie_of(reply: &crate::support::Reply) -> String {
    reply.header("set-cookie").unwrap().split(';').next().unwrap().to_owned()
}

#[test]
fn an_address_that_only_takes_a_form_leads_to_the_page_of_the_form() {
    let server = filled();
    let leads = |path: &str, page: &str| assert_eq!(goes_to(&server.get(path)), page);
    leads("/admin/orders/1/move/", "/admin/orders/1/");
    leads("/admin/orders/1/cancel/", "/admin/orders/1/");
    leads("/admin/orders/bulk/", "/admin/orders/");
    leads("/admin/products/2/adjust/", "/admin/products/2/");
    leads("/admin/categories/1/rename/", "/admin/categories/");
    leads("/admin/keys/1/revoke/", "/admin/keys/");
    leads("/admin/users/ann/", "/admin/users/");
    leads("/admin/sign-out/", "/admin/");
}

#[test]
fn the_answer_to_a_form_names_the_page_that_it_is() {
    let server = filled();
    let refused = submit(&server, "/orders/3/", "/orders/3/move/", &[("version", "2"), ("to", "shipped")]).expect(409);
    holds(refused.text(), &["data-self=\"&#x2f;admin&#x2f;orders&#x2f;3&#x2f;\""]);
    assert!(!page(&server, "/orders/3/").contains("data-self"));
}

#[test]
fn an_order_that_changed_since_it_was_shown_is_not_shipped() {
    let server = filled();
    let version = hidden(&page(&server, "/orders/2/"), "version");
    server.patch("/api/inventory/orders/1/", r#"{"customer_phone": "2"}"#).expect(200);
    server.post("/api/inventory/orders/2/transition/", r#"{"to": "shipped"}"#).expect(200);
    let ship = [("version", version.as_str()), ("to", "delivered"), ("from", "delayed")];
    let refused = submit(&server, "/orders/2/", "/orders/2/move/", &ship).expect(409);
    holds(refused.text(), &["Nothing was done: this order changed while you were looking at it."]);
    let old = [("version", "1"), ("reason", "too late")];
    let refused = submit(&server, "/orders/1/", "/orders/1/cancel/", &old).expect(409);
    holds(refused.text(), &["Nothing was done", "value=\"too late\""]);
}

#[test]
fn shipping_asks_first_and_names_the_order() {
    let server = filled();
    holds(
        &page(&server, "/orders/2/"),
        &["Mark as shipped…</summary>", "Ship order 2: <bdi>Bob</bdi>", "cannot be undone"],
    );
}

#[test]
fn a_form_that_has_expired_comes_back_with_what_was_typed() {
    let server = filled();
    let (cookie, _) = begun(&server, "/orders/new/");
    let fields =
        [("csrf", "0"), ("customer_name", "Zoe <Z>"), ("delivery_address", "12 Lake Road"), ("password", "hidden no")];
    let refused = send(&server, &cookie, "/orders/new/", &fields).expect(403);
    holds(
        refused.text(),
        &["This form has expired. Nothing was saved", "Zoe &lt;Z&gt;", "12 Lake Road", "Send it again"],
    );
    assert!(!refused.text().contains("hidden no"), "a password is never sent back");
    let csrf = hidden(refused.text(), "csrf");
    let again = [("csrf", csrf.as_str()), ("customer_name", "Zoe"), ("delivery_address", "12 Lake Road")];
    holds(send(&server, &cookie, "/orders/new/", &again).expect(400).text(), &["value=\"Zoe\"", "12 Lake Road"]);
}

#[test]
fn a_wrong_filter_is_not_an_empty_shop() {
    let server = filled();
    for query in ["product=abc", "from=foo"] {
        let page = page(&server, &format!("/orders/?{query}"));
        holds(&page, &["Show all orders"]);
        assert!(!page.contains("No orders yet") && !page.contains("field id"), "{page}");
    }
    holds(&page(&server, "/orders/?product=abc"), &["Product: Give the number of the product."]);
}

#[test]
fn a_product_of_orders_stays_on_its_page_when_it_cannot_be_deleted() {
    let server = filled();
    let refused = submit(&server, "/products/1/", "/products/1/delete/", &[]).expect(409);
    holds(refused.text(), &["This product is part of orders", "Archive it instead.", "/admin/products/1/archive/"]);
}

#[test]
fn numbers_names_and_headings_are_shown_as_people_write_them() {
    let server = filled();
    let name = "\u{202E}live";
    server
        .post("/api/inventory/orders/", &super::browser::order(name).replace("\"quantity\": 2", "\"quantity\": 7"))
        .expect(201);
    holds(&page(&server, "/orders/"), &["<bdi>[U+202E]live</bdi>", "2,099.93"]);
    holds(&page(&server, "/settings/"), &[">HTTP<", ">TLS<", ">CORS<"]);
    holds(&page(&server, "/orders/1/"), &["href=\"tel:1\""]);
    let asked = super::browser::order("Zoe").replace("\"customer_phone\": \"1\"", "\"customer_phone\": \"ask\"");
    server.post("/api/inventory/orders/", &asked).expect(201);
    let nobody = page(&server, "/orders/7/");
    holds(&nobody, &["<dd><bdi>ask</bdi></dd>"]);
    assert!(!nobody.contains("tel:"), "no telephone can dial it");
}

#[test]
fn a_form_that_is_sent_again_says_all_that_it_said_before() {
    let server = filled();
    let (cookie, _) = begun(&server, "/products/1/");
    let by = [("csrf", "0"), ("how", "by"), ("amount", "5"), ("expected", "100"), ("reason", "delivery")];
    let refused = send(&server, &cookie, "/products/1/adjust/", &by).expect(403);
    goes_to(&send_as_it_is(&server, &cookie, refused.text(), "/products/1/adjust/", |_, value| value));
    let stock = server.get("/api/inventory/products/1/").expect(200).json();
    assert_eq!(stock.get("on_hand").unwrap().number(), 105, "five more, and not five");

    let form = [
        ("csrf", "0"),
        ("customer_name", "Zoe"),
        ("customer_email", "zoe@example.com"),
        ("customer_phone", "1"),
        ("delivery_address", "Line 1\nLine 2"),
        ("product_id", "2"),
        ("quantity", ""),
        ("product_id", "1"),
        ("quantity", "3"),
    ];
    let refused = send(&server, &cookie, "/orders/new/", &form).expect(403);
    goes_to(&send_as_it_is(&server, &cookie, refused.text(), "/orders/new/", |_, value| value));
    holds(&page(&server, "/orders/6/"), &["Line 1\nLine 2", "909.47"]);

    // Nobody typed anything, and it can be sent again all the same.
    let refused =
        send(&server, &cookie, "/orders/1/move/", &[("csrf", "0"), ("version", "1"), ("to", "processing")]).expect(403);
    goes_to(&send_as_it_is(&server, &cookie, refused.text(), "/orders/1/move/", |_, value| value));
}

#[test]
fn a_form_that_the_engine_has_no_room_for_comes_back_with_what_was_typed() {
    let server = Running::with(|settings| settings.retention.idempotency_keys_max = 1);
    let api = |path: &str, body: &str| server.post(&format!("/api/inventory{path}"), body).expect(201);
    api("/categories/", r#"{"name": "Phones"}"#);
    api("/products/", r#"{"name": "Phone", "price": "299.99", "stock": 100, "category_id": 1}"#);
    let form = |token| {
        [
            ("token", token),
            ("customer_name", "Zoe <Z>"),
            ("customer_email", "zoe@example.com"),
            ("customer_phone", "1"),
            ("delivery_address", "12 Lake Road"),
            ("product_id", "1"),
            ("quantity", "3"),
        ]
    };
    goes_to(&submit(&server, "/orders/new/", "/orders/new/", &form("one")));
    let refused = submit(&server, "/orders/new/", "/orders/new/", &form("two")).expect(503);
    holds(refused.text(), &["Zoe &lt;Z&gt;", "12 Lake Road", "name=\"token\" value=\"two\"", "Send it again"]);
}

#[test]
fn pasted_text_that_cannot_be_read_comes_back() {
    let server = filled();
    let pasted = "colour,size\nred <b>,1";
    let refused = submit(&server, "/upload/", "/upload/", &[("content", pasted)]).expect(400);
    holds(refused.text(), &["colour,size\nred &lt;b&gt;,1</textarea>"]);
}

#[test]
fn a_form_that_is_sent_after_signing_out_elsewhere_comes_back_after_signing_in() {
    let server = manned();
    let olga = SignedIn::new(&server, "olga", PASSWORD);
    let opened = olga.get("/orders/new/").expect(200);
    goes_to(&olga.post("/sign-out/", &[]));
    let csrf = hidden(opened.text(), "csrf");
    let form = [
        ("csrf", csrf.as_str()),
        ("customer_name", "Zoe \"Z\" & <Co>"),
        ("customer_email", "zoe@example.com"),
        ("customer_phone", "1"),
        ("delivery_address", "12 Lake Road\nDhaka"),
        ("product_id", "1"),
        ("quantity", "3"),
    ];
    // The browser forgot its cookie, or still has that of a session that ended.
    for (cookie, status) in [("", 403), (olga.cookie.as_str(), 401)] {
        let refused = send(&server, cookie, "/orders/new/", &form).expect(status);
        holds(refused.text(), &["You are signed out. Nothing was saved.", "12 Lake Road\nDhaka", "Zoe &quot;Z&quot;"]);
        let cookie = if cookie.is_empty() { cookie_of(&refused) } else { cookie.to_owned() };
        let with_name = |name: &str, value: String| if name == "name" { "olga".to_owned() } else { value };
        let wrong =
            |name: &str, value: String| if name == "password" { "wrong".to_owned() } else { with_name(name, value) };
        let again = send_as_it_is(&server, &cookie, refused.text(), "/sign-in/", wrong).expect(401);
        let signed_in = send_as_it_is(&server, &cookie, again.text(), "/sign-in/", with_name);
        let to = goes_to(&signed_in).to_owned();
        let cookie = cookie_of(&signed_in);
        let shown = |cookie: &str| server.send("GET", &to, &[("Cookie", cookie)], "");
        for _ in 0..2 {
            holds(shown(&cookie).expect(200).text(), &["was not saved", "12 Lake Road\nDhaka", "Send it again"]);
        }
        shown(&SignedIn::new(&server, "vera", PASSWORD).cookie).expect(404);
        let sent = send_as_it_is(&server, &cookie, shown(&cookie).text(), "/orders/new/", |_, value| value);
        let order = goes_to(&sent).replace("?note=placed", "");
        let order = server.send("GET", &order, &[("Cookie", &cookie)], "").expect(200);
        holds(order.text(), &["Zoe &quot;Z&quot; &amp; &lt;Co&gt;", "12 Lake Road\nDhaka", "899.97"]);
    }
}

#[test]
fn signing_in_or_out_in_two_tabs_says_what_happened_and_goes_on() {
    let server = manned();
    let (before, old) = begun(&server, "/sign-in/");
    let fields =
        |csrf| [("csrf", csrf), ("name", "ann"), ("password", PASSWORD), ("next", "/admin/orders/?status=pending")];
    let first = send(&server, &before, "/sign-in/", &fields(&*old));
    assert_eq!(goes_to(&first), "/admin/orders/?status=pending");
    let ann = cookie_of(&first);
    // The second tab has the form of before, and the cookie of whoever signed in.
    let second = send(&server, &ann, "/sign-in/", &fields(&*old));
    let told = server.send("GET", goes_to(&second), &[("Cookie", &ann)], "").expect(200);
    let on = "href=\"&#x2f;admin&#x2f;orders&#x2f;?status=pending\"";
    holds(told.text(), &["You signed in as ann in another tab", "Go on", "Sign out"]);
    assert!(told.text().replace("&#x3d;", "=").contains(on), "{}", told.text());
    // A form that is too old while nobody is signed in comes back with the name.
    let stale = send(&server, &before, "/sign-in/", &fields("0")).expect(403);
    holds(stale.text(), &["Type the password again.", "value=\"ann\""]);
    assert!(!stale.text().contains(PASSWORD));
    // The same with signing out.
    let csrf = hidden(server.send("GET", "/admin/", &[("Cookie", &ann)], "").expect(200).text(), "csrf");
    for cookie in [ann.as_str(), ""] {
        let out = send(&server, cookie, "/sign-out/", &[("csrf", csrf.as_str())]);
        assert_eq!(goes_to(&out), "/admin/sign-in/?note=out");
    }
    holds(&page(&server, "/sign-in/?note=out"), &["You are signed out."]);
}

#[test]
fn what_another_site_sends_takes_no_cookie_away() {
    let server = manned();
    for header in [("Sec-Fetch-Site", "cross-site"), ("Origin", "https://evil.example")] {
        let headers = [("Content-Type", "application/x-www-form-urlencoded"), header];
        let refused = server.send("POST", "/admin/orders/1/move/", &headers, "to=processing&reason=forged").expect(403);
        assert_eq!(refused.header("set-cookie"), None, "{header:?}");
    }
    let own = [("Content-Type", "application/x-www-form-urlencoded"), ("Sec-Fetch-Site", "same-origin")];
    assert!(server.send("POST", "/admin/orders/1/move/", &own, "").expect(403).header("set-cookie").is_some());
}
