//! The audit log over HTTP.

use super::support::{Json, Reply, Running};
use super::{PASSWORD, SignedIn, csrf_of, key, manned, with_key};

const AUDIT: &str = "/api/access/audit/";

/// Who, what and about whom, row by row.
fn rows(reply: &Reply) -> Vec<(String, String, String)> {
    let text = |row: &Json, name: &str| row.get(name).unwrap().text().to_owned();
    let json = reply.json();
    json.rows().iter().map(|row| (text(row, "who"), text(row, "event"), text(row, "subject"))).collect()
}

/// Where the next page is.
fn next(reply: &Reply) -> Option<String> {
    let (_, link) = reply.header("link")?.split_once('<').unwrap();
    Some(link.split('>').next().unwrap().to_owned())
}

#[test]
fn what_was_changed_stands_there_with_who_and_when_and_without_a_secret() {
    let (server, root) = manned();
    let shop = key(&server, &[("X-Api-Key", &root)], "shop", "operator", "orders");
    let ann = SignedIn::new(&server, "ann", PASSWORD);
    let csrf = csrf_of(&ann);
    let by_ann = |method: &str, path: &str, body: &str| {
        server.send(method, path, &[("Cookie", &ann.cookie), ("X-Csrf-Token", &csrf)], body)
    };
    let before = chrono::Utc::now();
    by_ann("POST", "/api/inventory/categories/", r#"{"name": "Things"}"#).expect(201);
    let product = r#"{"name": "Phone", "price": "1", "stock": 5, "category_id": 1}"#;
    by_ann("POST", "/api/inventory/products/", product).expect(201);
    by_ann("PATCH", "/api/access/users/vera/", r#"{"password": "another long password"}"#).expect(200);
    by_ann("PATCH", "/api/access/users/vera/", r#"{"role": "operator"}"#).expect(200);
    by_ann("PATCH", "/api/access/users/vera/", r#"{"disabled": true}"#).expect(200);
    by_ann("POST", "/api/access/keys/2/revoke/", "").expect(200);

    let log = with_key(&server, "GET", AUDIT, &root, "").expect(200);
    let expected = [
        ("user:ann", "key_revoked", "2"),
        ("user:ann", "user_disabled", "vera"),
        ("user:ann", "role_set", "vera"),
        ("user:ann", "password_set", "vera"),
        ("user:ann", "product_created", "1"),
        ("user:ann", "category_created", "1"),
        ("key:root", "key_added", "2"),
        ("key:root", "user_added", "vera"),
        ("key:root", "user_added", "olga"),
        ("key:root", "user_added", "ann"),
        ("client", "key_added", "1"),
    ];
    assert_eq!(rows(&log), expected.map(|(who, what, whom)| (who.into(), what.into(), whom.into())));
    let at = log.json().rows()[0].get("timestamp").unwrap().text().to_owned();
    let at = chrono::DateTime::parse_from_rfc3339(&at).unwrap();
    assert!(before <= at && at <= chrono::Utc::now(), "{at}");
    let digest = |secret: &str| blake3::hash(secret.as_bytes()).to_hex().to_string();
    for secret in [PASSWORD, "another long password", "argon2", &root, &shop, &digest(&root), &digest(&shop)] {
        assert!(!log.text().contains(secret), "{}", log.text());
    }
}

#[test]
fn pages_give_every_row_once_also_when_rows_are_added_meanwhile() {
    let server = Running::start();
    let root = key(&server, &[], "root", "admin", "all");
    let add = |name: &str| {
        with_key(&server, "POST", "/api/inventory/categories/", &root, &format!(r#"{{"name": "{name}"}}"#)).expect(201)
    };
    for n in 0..10 {
        add(&format!("Shelf {n}"));
    }
    let all = rows(&with_key(&server, "GET", AUDIT, &root, "").expect(200));
    for limit in [1, 3, 11, 12] {
        let mut page = with_key(&server, "GET", &format!("{AUDIT}?limit={limit}"), &root, "").expect(200);
        let mut found = rows(&page);
        add(&format!("Later {limit}"));
        while let Some(path) = next(&page) {
            page = with_key(&server, "GET", &path, &root, "").expect(200);
            assert!(rows(&page).len() <= limit);
            found.extend(rows(&page));
        }
        let newer = found.len() - all.len();
        assert_eq!(found[newer..], all, "pages of {limit}");
        assert_eq!(newer, found.iter().filter(|row| row.2.parse::<u64>().is_ok_and(|id| id > 10)).count());
    }
}

#[test]
fn a_cursor_or_limit_that_is_none_is_refused_as_in_other_lists() {
    let server = Running::start();
    let root = key(&server, &[], "root", "admin", "all");
    let said = |path: &str| with_key(&server, "GET", path, &root, "").expect(400).text().to_owned();
    for cursor in
        ["x", "1", "1-0", "-", "1-", "-1", "1-x", "1-2-3", "99999999999999999999-0", "1-4294967296", "%2B1-0", "01-0"]
    {
        assert_eq!(
            said(&format!("{AUDIT}?cursor={cursor}")),
            said("/api/inventory/orders/?cursor=x"),
            "the answer of another list to {cursor}"
        );
    }
    for limit in ["0", "x", "-1", "1000000000"] {
        assert_eq!(said(&format!("{AUDIT}?limit={limit}")), said(&format!("/api/inventory/orders/?limit={limit}")));
    }
    with_key(&server, "POST", AUDIT, &root, "{}").expect(405);
}
