//! Signing in, users, keys, sessions, and what each role sees and may do.

use super::browser::{SignedIn, begun, filled, goes_to, hidden, holds, page, send, submit};
use crate::support::Running;

pub(crate) const PASSWORD: &str = "correct horse battery";

/// A filled server with an admin, an operator and a viewer.
pub(crate) fn manned() -> Running {
    let server = filled();
    let fields = [("name", "Ann"), ("password", PASSWORD), ("role", "admin")];
    assert_eq!(goes_to(&submit(&server, "/users/", "/users/", &fields)), "/admin/users/?note=added&name=ann");
    let ann = SignedIn::new(&server, "ann", PASSWORD);
    for (name, role) in [("olga", "operator"), ("vera", "viewer")] {
        goes_to(&ann.post("/users/", &[("name", name), ("password", PASSWORD), ("role", role)]));
    }
    server
}

#[test]
fn a_user_is_added_changed_and_kept_out_and_no_page_holds_a_password() {
    let server = Running::start();
    holds(&page(&server, "/users/"), &["Anyone who can reach this machine can do anything"]);
    let fields = [("name", "Ann"), ("password", "short"), ("role", "admin")];
    let refused = submit(&server, "/users/", "/users/", &fields).expect(400);
    holds(refused.text(), &["A password has 12 to 256 characters; this one has 5.", "value=\"Ann\""]);
    assert!(!refused.text().contains("value=\"short\""));
    let fields = [("name", "an n"), ("password", PASSWORD), ("role", "boss")];
    holds(submit(&server, "/users/", "/users/", &fields).expect(400).text(), &["A name has 1 to 64"]);

    // Whoever comes first has to be able to let others in, or nobody ever could.
    let first = [("name", "Bob"), ("password", PASSWORD), ("role", "viewer")];
    let refused = submit(&server, "/users/", "/users/", &first).expect(409);
    holds(refused.text(), &["make an admin first", "value=\"Bob\""]);
    for (role, scope, days) in [("operator", "orders", ""), ("admin", "catalogue", ""), ("admin", "all", "7")] {
        let first = [("name", "till"), ("role", role), ("scope", scope), ("days", days)];
        holds(submit(&server, "/keys/", "/keys/", &first).expect(409).text(), &["make an admin first"]);
    }
    page(&server, "/users/");

    let fields = [("name", "Ann"), ("password", PASSWORD), ("role", "admin")];
    goes_to(&submit(&server, "/users/", "/users/", &fields));
    let ann = SignedIn::new(&server, "ann", PASSWORD);
    let taken = ann.post("/users/", &fields).expect(400);
    holds(taken.text(), &["A user named ann already exists"]);
    assert!(!taken.text().contains(PASSWORD));
    let last = ann.post("/users/ann/", &[("do", "disable")]).expect(409);
    holds(last.text(), &["The user ann is the last admin who is not disabled"]);
    goes_to(&ann.post("/users/", &[("name", "bob"), ("password", PASSWORD), ("role", "viewer")]));
    let bob = SignedIn::new(&server, "bob", PASSWORD);
    bob.get("/orders/").expect(200);
    let mut told = String::new();
    for fields in [
        vec![("do", "role"), ("role", "operator")],
        vec![("do", "password"), ("password", "another long password")],
        vec![("do", "disable")],
    ] {
        told = goes_to(&ann.post("/users/bob/", &fields)).replace("/admin", "");
    }
    assert_eq!(goes_to(&bob.get("/orders/")), "/admin/sign-in/?next=%2Fadmin%2Forders%2F", "his session has ended");
    let link = ann.get("/users/?note=disabled&name=bob").expect(200);
    assert!(!link.text().contains("Undo"), "a link takes nothing back");
    let shown = ann.get(&told).expect(200);
    holds(shown.text(), &["bob is disabled", "Undo", "Disabled", "Enable", "(you)"]);
    ann.post("/users/nobody/", &[("do", "disable")]).expect(409);
    ann.post("/users/bob/", &[("do", "delete")]).expect(400);
}

#[test]
fn a_key_is_shown_once_and_can_be_revoked() {
    let server = manned();
    let ann = SignedIn::new(&server, "ann", PASSWORD);
    let fields = [("name", "shop-1"), ("role", "operator"), ("scope", "orders"), ("days", "0")];
    holds(ann.post("/keys/", &fields).expect(400).text(), &["Give a number of days from 1 to 3650."]);
    let fields = [("name", "shop-1"), ("role", "operator"), ("scope", "orders"), ("days", "30")];
    let made = ann.post("/keys/", &fields);
    let made = goes_to(&made).strip_prefix("/admin").unwrap();
    let seen = ann.get(made).expect(200);
    let secret = super::posts::shown(seen.text());
    assert!(secret.starts_with("ph_") && secret.len() == 46, "{secret}");
    let orders = |secret: &str| server.send("GET", "/api/inventory/orders/", &[("X-Api-Key", secret)], "");
    orders(secret).expect(200);
    let again = ann.get(made).expect(200);
    holds(again.text(), &["The secret of a key is shown once, and not again."]);
    let shown = ann.get("/keys/").expect(200);
    assert!(!again.text().contains(secret) && !shown.text().contains(secret), "never again");
    holds(shown.text(), &["shop-1", "operator", "orders", "in 29 days", "Revoke shop-1"]);
    goes_to(&ann.post("/keys/1/revoke/", &[]));
    orders(secret).expect(401);
    let shown = ann.get("/keys/?note=revoked").expect(200);
    holds(shown.text(), &["The key was revoked", "Revoked"]);
    assert!(!shown.text().contains("Revoke shop-1"));
}

#[test]
fn who_has_not_signed_in_is_sent_to_do_so_and_comes_back() {
    let server = manned();
    let sent = server.get("/admin/orders/?status=pending&search=a%20b");
    let to = goes_to(&sent).to_owned();
    assert_eq!(to, "/admin/sign-in/?next=%2Fadmin%2Forders%2F%3Fstatus%3Dpending%26search%3Da%2520b");
    let form = server.get(&to).expect(200);
    assert_eq!(
        hidden(form.text(), "next").replace("&#x2f;", "/").replace("&amp;", "&"),
        "/admin/orders/?status=pending&search=a%20b"
    );
    assert!(!form.text().contains("/admin/orders/\" data-go"), "no way on is shown");
    for next in ["https://evil.example/", "//evil.example/", "/admin/../x", "/api/"] {
        let form = page(&server, &format!("/sign-in/?next={next}"));
        assert_eq!(hidden(&form, "next").replace("&#x2f;", "/"), "/admin/", "{next}");
    }
    let (cookie, csrf) = begun(&server, "/sign-in/");
    for (name, password) in [("ann", "wrong password here"), ("nobody", PASSWORD), ("<script>", PASSWORD)] {
        let fields = [("csrf", csrf.as_str()), ("name", name), ("password", password), ("next", "/admin/")];
        let refused = send(&server, &cookie, "/sign-in/", &fields).expect(401);
        holds(refused.text(), &["Name or password is wrong."]);
        assert!(!refused.text().contains(password) && !refused.text().contains("<script>alert"));
    }
    server.post("/admin/orders/1/move/", "").expect(403);
}

#[test]
fn each_role_sees_what_it_may_do_and_is_refused_the_rest() {
    let server = manned();
    let ann = SignedIn::new(&server, "ann", PASSWORD);
    let vera = SignedIn::new(&server, "vera", PASSWORD);
    let olga = SignedIn::new(&server, "olga", PASSWORD);
    let order = vera.get("/orders/1/").expect(200);
    assert!(!order.text().contains("Start processing") && !order.text().contains("Cancel the order"));
    let product = vera.get("/products/1/").expect(200);
    for form in ["Correct stock", "/adjust/", "Archive"] {
        assert!(!product.text().contains(form), "{form}");
        holds(ann.get("/products/1/").expect(200).text(), &[form]);
    }
    goes_to(&ann.post("/orders/2/move/", &[("to", "shipped")]));
    let fixed = "Can be changed only while the order is pending.";
    holds(olga.get("/orders/2/").expect(200).text(), &[fixed]);
    assert!(!vera.get("/orders/2/").expect(200).text().contains(fixed), "it never could be, by a viewer");
    for path in
        ["/orders/new/", "/upload/", "/products/new/", "/users/", "/keys/", "/sessions/", "/audit/", "/settings/"]
    {
        holds(vera.get(path).expect(403).text(), &["This needs the role"]);
    }
    vera.post("/orders/1/move/", &[("to", "processing")]).expect(403);
    vera.post("/products/1/adjust/", &[("how", "by"), ("amount", "1")]).expect(403);

    let order = olga.get("/orders/1/").expect(200);
    holds(order.text(), &["Start processing", "Cancel the order", "olga"]);
    assert!(!olga.get("/products/1/").expect(200).text().contains("Archive"));
    for path in ["/products/new/", "/users/", "/keys/", "/sessions/", "/audit/", "/settings/"] {
        olga.get(path).expect(403);
    }
    for path in ["/users/", "/keys/", "/categories/", "/products/1/archive/", "/products/2/delete/", "/sessions/1/end/"]
    {
        olga.post(path, &[("name", "x"), ("archived", "true")]).expect(403);
    }
    goes_to(&olga.post("/orders/1/move/", &[("to", "processing"), ("reason", "picked")]));
    holds(olga.get("/orders/1/").expect(200).text(), &["by olga", "picked"]);
}

#[test]
fn a_session_is_listed_ended_and_signed_out() {
    let server = manned();
    let ann = SignedIn::new(&server, "ann", PASSWORD);
    let vera = SignedIn::new(&server, "vera", PASSWORD);
    let listed = ann.get("/sessions/").expect(200);
    holds(listed.text(), &["vera", "(this one)", "End"]);
    let (_, rest) = listed.text().split_once("<td data-label=\"User\" class=\"strong\">vera").unwrap();
    let (_, rest) = rest.split_once("/admin/sessions/").unwrap();
    let id = rest.split('/').next().unwrap();
    goes_to(&ann.post(&format!("/sessions/{id}/end/"), &[]));
    assert!(goes_to(&vera.get("/")).starts_with("/admin/sign-in/"));
    assert!(goes_to(&ann.post("/sign-out/", &[])).starts_with("/admin/sign-in/"));
    assert!(goes_to(&ann.get("/")).starts_with("/admin/sign-in/"), "the cookie opens nothing any more");
}

#[test]
fn the_audit_log_tells_who_changed_what_page_by_page() {
    let server = manned();
    let ann = SignedIn::new(&server, "ann", PASSWORD);
    for n in 0..60 {
        goes_to(&ann.post("/categories/", &[("name", &format!("Shelf {n} <b>"))]));
    }
    let newest = ann.get("/audit/").expect(200);
    holds(newest.text(), &["ann", "Category created", "Shelf 59 &lt;b&gt;", "Older"]);
    assert!(!newest.text().contains("<b>") && !newest.text().contains("Shelf 9 "));
    let (_, rest) = newest.text().split_once("/admin/audit/?before=").unwrap();
    let before = rest.split('"').next().unwrap();
    let older = ann.get(&format!("/audit/?before={before}")).expect(200);
    holds(older.text(), &["Shelf 9 ", "User added", "vera", "Newest"]);
    assert!(!older.text().contains("Shelf 59") && !older.text().contains("$argon2"));
}

#[test]
fn keys_are_shown_page_by_page_the_newest_first() {
    let server = manned();
    let ann = SignedIn::new(&server, "ann", PASSWORD);
    let me = server.send("GET", "/api/access/me/", &[("Cookie", &ann.cookie)], "").expect(200).json();
    let csrf = me.get("csrf").unwrap().text().to_owned();
    for number in 1..=60 {
        let key = format!(r#"{{"name": "key-{number:02}", "role": "viewer"}}"#);
        let by = [("Cookie", ann.cookie.as_str()), ("X-Csrf-Token", &csrf)];
        server.send("POST", "/api/access/keys/", &by, &key).expect(201);
    }
    let newest = ann.get("/keys/").expect(200);
    holds(newest.text(), &["key-60", "key-11", "/admin/keys/?before=11"]);
    assert!(!newest.text().contains("key-10") && newest.text().matches("data-label=\"Scope\"").count() == 50);
    let older = ann.get("/keys/?before=11").expect(200);
    holds(older.text(), &["key-10", "key-01", "Newest"]);
    assert!(!older.text().contains("key-11") && !older.text().contains("Older"));
    holds(ann.get("/keys/?before=x").expect(200).text(), &["key-60"]);
    holds(ann.get("/keys/?before=1").expect(200).text(), &["Newest"]);
}
