//! What a request says is taken up, named or refused; and what is given out can be used as it is.

use super::browser::{SignedIn, goes_to, order};
use super::support::{Reply, Running};
use super::{PASSWORD, manned, with_key};

const ORDERS: &str = "/api/inventory/orders/";
const USERS: &str = "/api/access/users/";

fn stocked() -> Running {
    let server = Running::start();
    server.post("/api/inventory/categories/", r#"{"name":"Things"}"#).expect(201);
    let product = r#"{"name":"Thing","price":"1","stock":100000,"category_id":1}"#;
    server.post("/api/inventory/products/", product).expect(201);
    server
}

#[test]
fn a_member_that_is_there_twice_is_refused_at_every_body() {
    let server = stocked();
    let twice = |method: &str, path: &str, body: &str, field: &str| {
        let refused = server.send(method, path, &[], body).expect(400);
        let text = "This field is there more than once. Give it once.";
        assert!(refused.text().contains(&format!("\"{field}\":[\"{text}\"]")), "{path}: {}", refused.text());
    };
    let one = order("Al");
    let named_twice = one.replacen('{', r#"{"customer_name": "Other", "#, 1);
    let counted_twice = one.replace("\"quantity\": 2", "\"quantity\": 1, \"quantity\": 5");
    assert_ne!(one, counted_twice);
    twice("POST", ORDERS, &named_twice, "customer_name");
    twice("POST", ORDERS, &counted_twice, "quantity");
    twice("POST", "/api/inventory/orders/bulk/", &format!("[{one},{named_twice}]"), "customer_name");
    // A dry run says it beside the row.
    let tried = server.post("/api/inventory/orders/?dry_run=true", &counted_twice).expect(200);
    assert!(tried.text().contains("{\"quantity\":[\"This field is there more than once."), "{}", tried.text());
    twice("POST", "/api/inventory/products/1/adjust/", r#"{"delta": 1, "delta": 5}"#, "delta");
    twice("PATCH", "/api/inventory/products/1/", r#"{"price": "1", "price": "2"}"#, "price");
    twice("POST", "/api/inventory/categories/", r#"{"name": "A", "name": "B"}"#, "name");
    server.get(ORDERS).expect_body(200, "[]");
    server.post(ORDERS, &one).expect(201);
    twice("POST", "/api/inventory/orders/1/cancel/", r#"{"reason": "a", "reason": "b"}"#, "reason");
    twice("POST", "/api/inventory/orders/1/transition/", r#"{"to": "shipped", "to": "processing"}"#, "to");
    twice("PATCH", "/api/inventory/orders/1/", r#"{"customer_phone": "1", "customer_phone": "2"}"#, "customer_phone");
    twice("POST", USERS, r#"{"name": "eve", "name": "ann", "role": "admin"}"#, "name");
    twice("POST", "/api/access/keys/", r#"{"name": "eve", "role": "viewer", "role": "admin"}"#, "role");
}

#[test]
fn a_key_against_repetition_that_has_no_effect_is_named_and_refused_by_who_is_strict() {
    let server = stocked();
    let call = |method: &str, path: &str, body: &str, strict: bool| -> Reply {
        let all = [("Idempotency-Key", "k-1"), ("Prefer", "handling=strict")];
        server.send(method, path, if strict { &all } else { &all[..1] }, body)
    };
    let key = r#"{"name": "shop", "role": "admin"}"#;
    let one = order("Al");
    let many = format!("[{one}]");
    for (method, path, body) in [
        ("GET", ORDERS, ""),
        ("PATCH", "/api/inventory/products/1/", r#"{"name": "Thing"}"#),
        ("POST", "/api/inventory/orders/?dry_run=true", &one),
        ("POST", "/api/inventory/orders/bulk/?dry_run=true", &many),
        ("POST", "/api/access/keys/", key),
    ] {
        let refused = call(method, path, body, true).expect(400);
        assert!(refused.text().contains("Idempotency-Key would have no effect"), "{path}: {}", refused.text());
        let taken = call(method, path, body, false).expect_one_of(&[200, 201]);
        assert_eq!(taken.header("packhorse-ignored"), Some("Idempotency-Key"), "{path}");
    }
    let open = stocked();
    let headers = [("Idempotency-Key", "k-1"), ("Prefer", "handling=strict")];
    let placed = open.send("POST", ORDERS, &headers, &one).expect(201);
    assert_eq!(placed.header("packhorse-ignored"), None);
}

#[test]
fn the_next_page_begins_where_the_link_says_whatever_the_names_are() {
    let (server, root) = manned();
    let names = ["+a", "ann+1@x.org", "b@x.org", "z+z"];
    for name in names {
        let user = format!(r#"{{"name": "{name}", "role": "viewer", "password": "{PASSWORD}"}}"#);
        with_key(&server, "POST", USERS, &root, &user).expect(201);
    }
    let (mut found, mut next) = (Vec::new(), Some(format!("{USERS}?limit=1")));
    while let Some(path) = next {
        let page = with_key(&server, "GET", &path, &root, "").expect(200);
        found.extend(page.json().rows().iter().map(|row| row.get("name").unwrap().text().to_owned()));
        let link = page.header("link").map(|link| link.trim_start_matches('<').split('>').next().unwrap().to_owned());
        next = link;
        assert!(found.len() < 20, "{found:?}");
    }
    assert_eq!(found, ["+a", "ann", "ann+1@x.org", "b@x.org", "olga", "vera", "z+z"]);
}

#[test]
fn nobody_is_named_by_dots_alone() {
    let (server, root) = manned();
    let ann = SignedIn::new(&server, "ann", PASSWORD);
    for name in [".", "..", "..."] {
        let user = format!(r#"{{"name": "{name}", "role": "viewer", "password": "{PASSWORD}"}}"#);
        with_key(&server, "POST", USERS, &root, &user).expect(400);
        let key = format!(r#"{{"name": "{name}", "role": "viewer"}}"#);
        let refused = with_key(&server, "POST", "/api/access/keys/", &root, &key).expect(400);
        assert!(refused.text().contains("and more than dots"), "{}", refused.text());
        ann.post("/users/", &[("name", name), ("password", PASSWORD), ("role", "viewer")]).expect(400);
        ann.post("/keys/", &[("name", name), ("role", "viewer"), ("scope", "all"), ("days", "0")]).expect(400);
    }
    goes_to(&ann.post("/users/", &[("name", ".a"), ("password", PASSWORD), ("role", "viewer")]));
    for name in [".", ".."] {
        let url = format!("http://{}", server.address);
        for (what, more) in [("user", "add"), ("key", "add")] {
            let mut command = std::process::Command::new(super::support::process::binary());
            command.args([what, more, name, "--role", "viewer", "--url", &url]).env("PACKHORSE_KEY", &root);
            let mut child = command
                .stdin(std::process::Stdio::piped())
                .stdout(std::process::Stdio::piped())
                .stderr(std::process::Stdio::piped())
                .spawn()
                .unwrap();
            std::io::Write::write_all(child.stdin.as_mut().unwrap(), format!("{PASSWORD}\n").as_bytes()).ok();
            let ended = child.wait_with_output().unwrap();
            let said = String::from_utf8_lossy(&ended.stderr);
            assert!(!ended.status.success() && said.contains("and more than dots"), "{what} {name}: {said}");
        }
    }
}
