//! Sessions: whose they are, which id they have, and when they end.

use std::collections::BTreeMap;

use super::browser::{begun, goes_to, hidden, send};
use super::support::{Reply, Running, exchange};
use super::{PASSWORD, SignedIn, csrf_of, manned, with_key};

const ORDERS: &str = "/api/inventory/orders/";

fn by_cookie(server: &Running, cookie: &str) -> u16 {
    server.send("GET", ORDERS, &[("Cookie", cookie)], "").status
}

#[test]
fn who_is_no_admin_reaches_no_session_and_no_key_not_even_their_own() {
    let (server, root) = manned();
    let made = r#"{"name": "shop", "role": "viewer"}"#;
    with_key(&server, "POST", "/api/access/keys/", &root, made).expect(201);
    let ann = SignedIn::new(&server, "ann", PASSWORD);
    let olga = SignedIn::new(&server, "olga", PASSWORD);
    let vera = SignedIn::new(&server, "vera", PASSWORD);
    for user in [&olga, &vera] {
        let csrf = csrf_of(user);
        let call = |method: &str, path: &str, body: &str| {
            server.send(method, path, &[("Cookie", &user.cookie), ("X-Csrf-Token", &csrf)], body).status
        };
        for list in ["sessions/", "keys/", "users/", "audit/", "users/vera/", "users/olga/"] {
            assert_eq!(call("GET", &format!("/api/access/{list}"), ""), 403, "{list}");
        }
        // Every session and key that there is or may be, theirs among them, and one that is not: all the same answer.
        for id in 1..=5 {
            assert_eq!(call("POST", &format!("/api/access/sessions/{id}/revoke/"), ""), 403);
            assert_eq!(call("POST", &format!("/api/access/keys/{id}/revoke/"), ""), 403);
            assert_eq!(user.post(&format!("/sessions/{id}/end/"), &[]).status, 403);
            assert_eq!(user.post(&format!("/keys/{id}/revoke/"), &[]).status, 403);
        }
        assert_eq!(call("PATCH", "/api/access/users/vera/", r#"{"role": "admin"}"#), 403);
        assert_eq!(call("PATCH", "/api/access/users/ann/", r#"{"password": "mine from now on"}"#), 403);
        assert_eq!(call("POST", "/api/access/keys/", made), 403);
        assert_eq!(call("GET", "/api/access/me/", ""), 200);
    }
    for user in [&ann, &olga, &vera] {
        assert_eq!(by_cookie(&server, &user.cookie), 200, "nobody's session ended");
    }
    // What they may do with their own is to end it.
    goes_to(&vera.post("/sign-out/", &[]));
    assert_eq!(by_cookie(&server, &vera.cookie), 401);
    assert_eq!(by_cookie(&server, &olga.cookie), 200);
}

#[test]
fn a_script_asks_for_the_token_of_its_session() {
    let (server, root) = manned();
    let ann = SignedIn::new(&server, "ann", PASSWORD);
    let cookie = ("Cookie", ann.cookie.as_str());
    let me = server.send("GET", "/api/access/me/", &[cookie], "").expect(200).json();
    let csrf = me.get("csrf").unwrap().text().to_owned();
    let categories = "/api/inventory/categories/";
    let named = |name: &str| format!(r#"{{"name": "{name}"}}"#);
    server.send("POST", categories, &[cookie, ("X-Csrf-Token", &csrf)], &named("Tools")).expect(201);
    server.send("POST", categories, &[cookie], &named("Toys")).expect(403);

    let me = with_key(&server, "GET", "/api/access/me/", &root, "").expect(200);
    assert!(me.text().ends_with(r#""csrf":null}"#), "a key needs none: {}", me.text());
    let open = Running::start().get("/api/access/me/").expect(200);
    assert!(open.text().ends_with(r#""csrf":null}"#), "{}", open.text());
}

#[test]
fn what_somebody_typed_comes_back_for_them_and_for_nobody_else() {
    let (server, _) = manned();
    for (name, comes_back) in [("ann", false), ("olga", true)] {
        let olga = SignedIn::new(&server, "olga", PASSWORD);
        let csrf = csrf_of(&olga);
        goes_to(&olga.post("/sign-out/", &[]));
        let form = [("csrf", csrf.as_str()), ("customer_name", "Secret of olga"), ("product_id", "1")];
        let refused = send(&server, &olga.cookie, "/orders/new/", &form).expect(401);
        let (csrf, sent) = (hidden(refused.text(), "csrf"), hidden(refused.text(), "form"));
        let sent = sent.replace("&amp;", "&").replace("&#x3d;", "=");
        let fields = [
            ("csrf", csrf.as_str()),
            ("name", name),
            ("password", PASSWORD),
            ("next", "/admin/orders/"),
            ("to", "/admin/orders/new/"),
            ("form", &sent),
        ];
        let signed_in = send(&server, &olga.cookie, "/sign-in/", &fields);
        assert_eq!(goes_to(&signed_in).starts_with("/admin/again/"), comes_back, "{name} {sent}");
    }
}

#[test]
fn the_id_before_signing_in_is_worth_nothing_after_it_and_a_given_one_is_never_taken() {
    let (server, _) = manned();
    let sign_in = |cookie: &str, csrf: &str| {
        let fields = [("csrf", csrf), ("name", "vera"), ("password", PASSWORD), ("next", "/admin/")];
        let reply = send(&server, cookie, "/sign-in/", &fields);
        goes_to(&reply);
        reply.header("set-cookie").unwrap().split(';').next().unwrap().to_owned()
    };
    // An id that the server gave, and one that an attacker thought up and put into the browser.
    let (given, csrf) = begun(&server, "/sign-in/");
    let planted = format!("packhorse_session={}", "ab".repeat(32));
    let page = server.send("GET", "/admin/sign-in/", &[("Cookie", &planted)], "").expect(200);
    let planted_csrf = super::hidden(page.text(), "csrf");
    let mut ids = vec![given.clone(), planted.clone()];
    for (cookie, csrf) in [(&given, &csrf), (&planted, &planted_csrf)] {
        let own = sign_in(cookie, csrf);
        assert!(!ids.contains(&own));
        assert_eq!(by_cookie(&server, cookie), 401, "the id before");
        assert_eq!(by_cookie(&server, &own), 200);
        ids.push(own);
    }
    // Who signs in once more has a new id, and the one before has ended.
    let vera = SignedIn::new(&server, "vera", PASSWORD);
    let again = sign_in(&vera.cookie, &csrf_of(&vera));
    assert_eq!((by_cookie(&server, &vera.cookie), by_cookie(&server, &again)), (401, 200));
    // Two cookies of the name: one was put there by somebody else.
    assert_eq!(by_cookie(&server, &format!("{again}; {planted}")), 401);
}

#[test]
fn a_change_of_the_user_ends_their_sessions_at_once() {
    let (server, root) = manned();
    let mut password = PASSWORD;
    for change in [r#"{"role": "operator"}"#, r#"{"password": "another long password"}"#, r#"{"disabled": true}"#] {
        let (one, other) = (SignedIn::new(&server, "vera", password), SignedIn::new(&server, "vera", password));
        let bystander = SignedIn::new(&server, "olga", PASSWORD);
        assert_eq!(by_cookie(&server, &one.cookie), 200);
        with_key(&server, "PATCH", "/api/access/users/vera/", &root, change).expect(200);
        for user in [&one, &other] {
            assert_eq!(by_cookie(&server, &user.cookie), 401, "{change}");
            assert!(goes_to(&user.get("/orders/")).starts_with("/admin/sign-in/?next="), "{change}");
        }
        assert_eq!(by_cookie(&server, &bystander.cookie), 200, "{change}");
        let listed = with_key(&server, "GET", "/api/access/sessions/", &root, "").expect(200);
        assert!(!listed.text().contains("vera"), "{change}: {}", listed.text());
        if change.contains("password") {
            password = "another long password";
        }
    }
    // To be let in again does not bring the old session back.
    with_key(&server, "PATCH", "/api/access/users/vera/", &root, r#"{"disabled": false}"#).expect(200);
    let vera = SignedIn::new(&server, "vera", password);
    assert_eq!(by_cookie(&server, &vera.cookie), 200);
}

#[test]
fn a_change_of_a_user_that_is_refused_changes_nothing() {
    let server = Running::start();
    let root = super::key(&server, &[], "root", "admin", "all");
    let user = format!(r#"{{"name": "ann", "role": "admin", "password": "{PASSWORD}"}}"#);
    with_key(&server, "POST", "/api/access/users/", &root, &user).expect(201);
    let ann = SignedIn::new(&server, "ann", PASSWORD);
    for refused in [r#""disabled": true"#, r#""role": "viewer""#, r#""role": "viewer", "disabled": true"#] {
        let change = format!(r#"{{"password": "another long password", {refused}}}"#);
        let said = with_key(&server, "PATCH", "/api/access/users/ann/", &root, &change).expect(409);
        assert!(said.text().contains("last admin"), "{}", said.text());
        assert_eq!(by_cookie(&server, &ann.cookie), 200, "{change}");
    }
    SignedIn::new(&server, "ann", PASSWORD);
}

#[test]
fn an_admin_ends_the_session_of_another_and_nothing_else() {
    let (server, root) = manned();
    let (vera, olga) = (SignedIn::new(&server, "vera", PASSWORD), SignedIn::new(&server, "olga", PASSWORD));
    let listed = with_key(&server, "GET", "/api/access/sessions/", &root, "").expect(200).json();
    let row = listed.rows().iter().find(|row| row.get("user").unwrap().text() == "vera").unwrap();
    let path = format!("/api/access/sessions/{}/revoke/", row.get("id").unwrap().number());
    with_key(&server, "POST", &path, &root, "").expect(204);
    with_key(&server, "POST", &path, &root, "").expect(404);
    assert_eq!((by_cookie(&server, &vera.cookie), by_cookie(&server, &olga.cookie)), (401, 200));
}

#[test]
fn a_session_ends_when_it_is_idle_and_when_it_is_old() {
    use std::time::{Duration, Instant};
    let ends = |idle: u64, age: u64, pause: u64, path: &str, header: (&str, &str)| {
        let (server, _) = super::manned_with(|settings| {
            settings.sessions.idle = Duration::from_millis(idle);
            settings.sessions.age = Duration::from_millis(age);
        });
        let vera = SignedIn::new(&server, "vera", PASSWORD);
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(5) {
            std::thread::sleep(Duration::from_millis(pause));
            // Who is signed out is sent to sign in by a page, and refused by the API.
            if [303, 401].contains(&server.send("GET", path, &[("Cookie", &vera.cookie), header], "").status) {
                return true;
            }
        }
        false
    };
    let (plain, live) = (("Accept", "*/*"), ("X-Live", "1"));
    assert!(ends(60_000, 1_500, 100, ORDERS, plain), "however much it is used");
    assert!(ends(1_200, 60_000, 1_400, ORDERS, plain), "without use");
    assert!(!ends(1_200, 60_000, 100, ORDERS, plain), "not while it is used");
    for path in ["/admin/", "/api/overview/trend/"] {
        assert!(ends(1_200, 60_000, 100, path, live), "what an open page asks for by itself is no use: {path}");
    }
}

#[test]
fn two_servers_of_one_host_leave_each_others_people_signed_in() {
    let ((test, _), (shop, _)) = (manned(), manned());
    let jar = std::cell::RefCell::new(std::collections::BTreeMap::new());
    let call = |server: &Running, method: &str, path: &str, body: &str| {
        let cookies: Vec<_> = jar.borrow().iter().map(|(name, value)| format!("{name}={value}")).collect();
        let (length, port) = (body.len(), server.address.port());
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\nContent-Length: {length}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nCookie: {}\r\n\r\n{body}",
            cookies.join("; ")
        );
        let reply = exchange(server.address, head.as_bytes());
        if let Some((name, value)) = reply.header("set-cookie").and_then(|set| set.split(';').next()?.split_once('=')) {
            jar.borrow_mut().insert(name.to_owned(), value.to_owned());
        }
        reply
    };
    for server in [&test, &shop] {
        let csrf = hidden(call(server, "GET", "/admin/sign-in/", "").text(), "csrf");
        let form = format!("csrf={csrf}&name=ann&password={}", PASSWORD.replace(' ', "+"));
        goes_to(&call(server, "POST", "/admin/sign-in/", &form));
    }
    for server in [&test, &shop, &test] {
        call(server, "GET", "/admin/orders/", "").expect(200);
    }
    // One that something else on the host has set is told, and not forms that have expired for ever.
    let port = test.address.port();
    jar.borrow_mut().insert(format!("a=b; packhorse_session_{port}"), "c".repeat(64));
    let told = call(&test, "POST", "/admin/sign-in/", "csrf=0&name=ann&password=x").expect(403);
    assert!(told.text().contains("two cookies for the session"), "{}", told.text());
}

#[test]
fn a_link_from_another_site_signs_nobody_out() {
    let (server, _) = manned();
    // Browsers tell where a request comes from, but not to a server that is called in the clear. None sends the
    // cookies.
    for site in [Some(("Sec-Fetch-Site", "cross-site")), None] {
        let ann = SignedIn::new(&server, "ann", PASSWORD);
        let mut cookies = BTreeMap::from([("packhorse_session".to_owned(), ann.cookie.clone())]);
        let mut keep = |reply: &Reply| {
            for (_, line) in reply.headers.iter().filter(|(name, _)| name == "set-cookie") {
                let pair = line.split(';').next().unwrap();
                cookies.insert(pair.split('=').next().unwrap().to_owned(), pair.to_owned());
            }
            cookies.values().cloned().collect::<Vec<_>>().join("; ")
        };
        let mut sent = String::new();
        for (method, path) in [
            ("GET", "/admin/orders/?status=pending"),
            ("GET", "/admin/"),
            ("GET", "/admin/nonsense/"),
            ("GET", "/admin/live/"),
            ("POST", "/admin/sign-out/"),
            ("POST", "/admin/users/"),
            ("GET", "/admin/sign-in/?next=/admin/orders/"),
        ] {
            let form = ("Content-Type", "application/x-www-form-urlencoded");
            let headers: Vec<_> = site.into_iter().chain((method == "POST").then_some(form)).collect();
            sent = keep(&server.send(method, path, &headers, ""));
            assert_eq!(by_cookie(&server, &sent), 200, "{site:?} {method} {path}: {sent}");
        }
        server.send("GET", "/admin/orders/", &[("Cookie", &sent)], "").expect(200);

        // The page that such a link shows finds the session as soon as it asks by itself, or the form is sent.
        let shown = server.send("GET", "/admin/sign-in/?next=/admin/orders/", site.as_slice(), "").expect(200);
        let cookies = keep(&shown);
        if site.is_some() {
            let again = shown.header("refresh").unwrap().strip_prefix("0; url=").unwrap();
            let led = server.send("GET", again, &[("Cookie", &cookies)], "");
            assert_eq!(goes_to(&led), "/admin/orders/");
            let looped = server.send("GET", again, site.as_slice(), "").expect(200);
            assert_eq!(looped.header("refresh"), None, "a page asks once");
        }
        let csrf = hidden(shown.text(), "csrf");
        let fields = [("csrf", &*csrf), ("name", "ann"), ("password", PASSWORD), ("next", "/admin/orders/")];
        let signed_in = send(&server, &cookies, "/sign-in/", &fields);
        let led = goes_to(&signed_in).to_owned();
        let cookies = keep(&signed_in);
        let page = server.send("GET", &led, &[("Cookie", &cookies)], "").expect(200);
        assert!(page.text().contains("ann") && led.contains("admin"), "{led}");
        server.send("GET", "/admin/orders/", &[("Cookie", &cookies)], "").expect(200);

        // Whoever is not signed in signs in by it.
        let shown = server.send("GET", "/admin/sign-in/?next=/admin/orders/", site.as_slice(), "").expect(200);
        let cookie = shown.header("set-cookie").unwrap().split(';').next().unwrap();
        let csrf = hidden(shown.text(), "csrf");
        let fields = [("csrf", &*csrf), ("name", "olga"), ("password", PASSWORD), ("next", "/admin/orders/")];
        assert_eq!(goes_to(&send(&server, cookie, "/sign-in/", &fields)), "/admin/orders/");
    }
}
