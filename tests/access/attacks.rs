//! Keys that do not hold, whom a change is written down to, other sites, and what answers give away.

use super::support::Running;
use super::{PASSWORD, key, with_key};

const ORDERS: &str = "/api/inventory/orders/";
const CATEGORIES: &str = "/api/inventory/categories/";

#[test]
fn a_revoked_or_expired_key_is_no_key() {
    let server = Running::start();
    let root = key(&server, &[], "root", "admin", "all");
    let by = [("X-Api-Key", root.as_str())];
    let shop = key(&server, &by, "shop", "viewer", "all");
    with_key(&server, "GET", ORDERS, &shop, "").expect(200);
    server.send("GET", ORDERS, &[("Authorization", &format!("Bearer {shop}"))], "").expect(200);
    with_key(&server, "POST", "/api/access/keys/2/revoke/", &root, "").expect(200);
    with_key(&server, "GET", ORDERS, &shop, "").expect(401);

    for never in ["9999-12-31T23:59:59Z", "9999-12-31T00:00:00-06:00", "1969-12-31T23:59:59Z"] {
        let body = format!(r#"{{"name": "never", "role": "viewer", "expires_at": "{never}"}}"#);
        let refused = with_key(&server, "POST", "/api/access/keys/", &root, &body).expect(400);
        assert!(refused.text().contains("Give a time from 1970-01-01 to 9999-12-30."), "{}", refused.text());
    }
    let soon = (chrono::Utc::now() + chrono::Duration::milliseconds(1_500)).to_rfc3339();
    let body = format!(r#"{{"name": "brief", "role": "viewer", "expires_at": "{soon}"}}"#);
    let made = with_key(&server, "POST", "/api/access/keys/", &root, &body).expect(201).json();
    let brief = made.get("secret").unwrap().text();
    with_key(&server, "GET", ORDERS, brief, "").expect(200);
    std::thread::sleep(std::time::Duration::from_millis(1_700));
    with_key(&server, "GET", ORDERS, brief, "").expect(401);
}

#[test]
fn two_keys_or_a_malformed_one_are_none() {
    let server = Running::start();
    let root = key(&server, &[], "root", "admin", "all");
    let bearer = format!("Bearer {root}");
    let (both, basic, twice) = (
        [("Authorization", bearer.as_str()), ("X-Api-Key", root.as_str())],
        [("Authorization", "Basic YWRtaW46YWRtaW4=")],
        [("X-Api-Key", root.as_str()), ("X-Api-Key", root.as_str())],
    );
    for headers in [both.as_slice(), basic.as_slice(), twice.as_slice()] {
        server.send("GET", ORDERS, headers, "").expect(401);
    }
    // Who pretends to come from elsewhere gains nothing.
    let forwarded = [("X-Forwarded-For", "127.0.0.1"), ("X-Forwarded-User", "root"), ("Forwarded", "for=127.0.0.1")];
    server.send("GET", ORDERS, &forwarded, "").expect(401);
}

#[test]
fn what_a_key_did_is_written_down_to_it() {
    let server = Running::start();
    let root = key(&server, &[], "root", "admin", "all");
    with_key(&server, "POST", CATEGORIES, &root, r#"{"name": "Things"}"#).expect(201);
    let product = r#"{"name": "Phone", "price": "1", "stock": 5, "category_id": 1}"#;
    with_key(&server, "POST", "/api/inventory/products/", &root, product).expect(201);
    let movements = with_key(&server, "GET", "/api/inventory/products/1/movements/", &root, "").expect(200);
    assert!(movements.text().contains(r#""who":"key:root""#), "{}", movements.text());
}

#[test]
fn a_page_of_another_site_can_do_nothing_while_access_is_open() {
    let server = Running::start();
    let body = r#"{"name": "Things"}"#;
    for site in ["cross-site", "same-site"] {
        server.send("POST", CATEGORIES, &[("Sec-Fetch-Site", site)], body).expect(403);
    }
    server.send("POST", CATEGORIES, &[("Sec-Fetch-Site", "same-origin")], body).expect(201);
    // Of a name that was made to lead to this machine, not even reading. Where the target says the name, it counts.
    let asked = |target: &str, host: &str| {
        let raw = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        super::support::exchange(server.address, raw.as_bytes())
    };
    asked(ORDERS, "evil.example").expect(403);
    for path in [ORDERS, "/api/inventory/orders", "/admin/orders/"] {
        for evil in ["evil.example", "evil.example:8080", "localhost@evil.example", "127.0.0.1:80@evil.example"] {
            asked(&format!("http://{evil}{path}"), "localhost").expect(403);
        }
        asked(&format!("http://localhost{path}"), "localhost").expect(200);
        asked(&format!("http://[::1]:8080{path}"), "evil.example").expect(200);
    }
}

#[test]
fn pages_of_other_origins_read_nothing_unless_they_are_named() {
    let origin = [("Origin", "https://shop.example"), ("Access-Control-Request-Method", "POST")];
    let closed = Running::start();
    let reply = closed.send("OPTIONS", ORDERS, &origin, "").expect(200);
    assert_eq!(reply.header("access-control-allow-origin"), None);
    let named = Running::with(|settings| settings.cors.origins = vec!["https://shop.example".into()]);
    let reply = named.send("OPTIONS", ORDERS, &origin, "").expect(204);
    assert_eq!(reply.header("access-control-allow-origin"), Some("https://shop.example"));
    assert_eq!(reply.header("access-control-allow-credentials"), None);
    let other = [("Origin", "https://shop.example.evil"), ("Access-Control-Request-Method", "POST")];
    assert_eq!(named.send("OPTIONS", ORDERS, &other, "").header("access-control-allow-origin"), None);
}

#[test]
fn answers_hold_no_password_and_a_secret_only_once() {
    let server = Running::start();
    let user = format!(r#"{{"name": "ann", "role": "admin", "password": "{PASSWORD}"}}"#);
    let added = server.post("/api/access/users/", &user).expect(201);
    server.get("/api/access/users/").expect(401);
    assert!(!added.text().contains(PASSWORD) && !added.text().contains("argon2"), "{}", added.text());
}

#[test]
fn bad_input_is_refused_and_not_repeated() {
    let server = Running::start();
    let check = |body: &str, says: &str| {
        let reply = server.post("/api/access/users/", body).expect(400);
        assert!(reply.text().contains(says) && !reply.text().contains("hunter2"), "{}", reply.text());
    };
    check(r#"{"name": "ann", "role": "admin", "password": "hunter2"}"#, "password");
    check(r#"{"name": "ann", "role": "owner", "password": "hunter2hunter2"}"#, "role");
    check(r#"{"name": "a b\r\nSet-Cookie: x", "role": "admin", "password": "hunter2hunter2"}"#, "name");
    check(r"{}", "required");
}

#[test]
fn required_access_lets_nobody_in_from_the_start() {
    let server = Running::with(|settings| settings.general.access = packhorse::config::Access::Required);
    server.get(ORDERS).expect(401);
    server.get("/healthz").expect(200);
    let headers = server.get(ORDERS);
    assert_eq!(headers.header("x-content-type-options"), Some("nosniff"));
    assert!(headers.header("content-security-policy").unwrap().contains("default-src 'none'"));
    assert_eq!(headers.header("cache-control"), Some("no-store"));
}
