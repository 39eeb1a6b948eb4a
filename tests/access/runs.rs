//! What goes on for long in somebody's name ends when they may no longer do it.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use super::browser::{SignedIn, goes_to, holds};
use super::support::{Reply, Running};
use super::{PASSWORD, csrf_of, key, manned, stock_up, with_key};

const ROWS: usize = 10_000;

/// A file of orders of `customer`.
fn file(customer: &str) -> String {
    let header = "order,customer_name,customer_email,customer_phone,delivery_address,product_id,quantity\n";
    (0..ROWS).fold(header.to_owned(), |mut text, row| {
        writeln!(text, "{customer}-{row},{customer},c@example.com,1,Here,1,1").unwrap();
        text
    })
}

/// The id of the newest order; 0 without one.
fn newest(server: &Running, root: &str) -> u64 {
    let list = with_key(server, "GET", "/api/inventory/orders/?limit=1", root, "").expect(200);
    list.ids().first().copied().unwrap_or(0)
}

/// Begins to place a file as `by` says who it is, and answers with its path.
fn begin(server: &Running, by: &[(&str, &str)], customer: &str) -> String {
    let post = |path: &str, kind: &str, body: &str| -> Reply {
        let headers: Vec<_> = by.iter().copied().chain([("Content-Type", kind)]).collect();
        server.send("POST", path, &headers, body)
    };
    let tried = post("/admin/upload/?name=orders.csv", "application/octet-stream", &file(customer));
    let path = goes_to(&tried).to_owned();
    goes_to(&post(&format!("{path}run/"), "application/x-www-form-urlencoded", ""));
    path
}

#[test]
fn a_run_of_a_file_ends_when_whoever_began_it_may_place_no_more_orders() {
    let (server, root) = manned();
    stock_up(&server, &root, 1_000_000);
    let check = |by: &[(&str, &str)], name: &str, (method, path, body): (&str, &str, &str), said: &str| {
        let before = newest(&server, &root);
        let page = begin(&server, by, name);
        with_key(&server, method, path, &root, body).expect(200);
        let deadline = Instant::now() + Duration::from_mins(1);
        let over = loop {
            let shown = with_key(&server, "GET", &page, &root, "").expect(200);
            if shown.text().contains("data-phase=\"over\"") {
                break shown;
            }
            assert!(Instant::now() < deadline, "the run ends");
            std::thread::sleep(Duration::from_millis(10));
        };
        holds(over.text(), &[&format!("It ended early: {said}"), "Go on with the others"]);
        let placed = newest(&server, &root) - before;
        assert!(placed < ROWS as u64, "{placed} orders were placed for {name}");
    };

    let shop = key(&server, &[("X-Api-Key", &root)], "shop", "operator", "orders");
    let revoke = ("POST", "/api/access/keys/2/revoke/", "");
    check(&[("X-Api-Key", &shop)], "shop", revoke, "The API key shop was revoked or has expired.");
    let said = "The user olga was disabled or changed meanwhile.";
    for change in [r#"{"role": "viewer"}"#, r#"{"disabled": true}"#] {
        let back = r#"{"role": "operator"}"#;
        with_key(&server, "PATCH", "/api/access/users/olga/", &root, back).expect(200);
        let olga = SignedIn::new(&server, "olga", PASSWORD);
        let csrf = csrf_of(&olga);
        let by = [("Cookie", olga.cookie.as_str()), ("X-Csrf-Token", &csrf)];
        check(&by, change.split('"').nth(1).unwrap(), ("PATCH", "/api/access/users/olga/", change), said);
    }
}

#[test]
fn the_same_file_of_two_users_is_two_files_and_is_placed_once() {
    let (server, root) = manned();
    stock_up(&server, &root, 100);
    let content = "order,customer_name,customer_email,customer_phone,delivery_address,product_id,quantity\n\
                   A,Zoe,z@example.com,1,Here,1,1\n,Max,m@example.com,1,Here,1,1\n";
    let [one, other] = ["one", "other"].map(|name| key(&server, &[("X-Api-Key", &root)], name, "operator", "orders"));
    let tried = |secret: &str, name: &str| {
        let path = format!("/admin/upload/?name={name}.csv");
        goes_to(&with_key(&server, "POST", &path, secret, content)).to_owned()
    };
    let place = |secret: &str, path: &str| {
        goes_to(&with_key(&server, "POST", &format!("{path}run/"), secret, ""));
        let deadline = Instant::now() + Duration::from_mins(1);
        loop {
            let shown = with_key(&server, "GET", path, secret, "").expect(200).text().to_owned();
            if shown.contains("data-phase=\"over\"") {
                return shown;
            }
            assert!(Instant::now() < deadline, "the run ends");
            std::thread::sleep(Duration::from_millis(10));
        }
    };
    let (mine, theirs) = (tried(&one, "mine"), tried(&other, "theirs"));
    let shown = with_key(&server, "GET", &mine, &one, "").expect(200);
    holds(shown.text(), &["<h1>mine.csv</h1>", "Place 2 orders"]);
    holds(&place(&one, &mine), &["2 orders were placed: orders 1 to 2."]);
    holds(
        &place(&other, &theirs),
        &["<h1>theirs.csv</h1>", "Nothing new was placed.", "2 of 2 orders were placed before"],
    );
    assert_eq!(newest(&server, &root), 2);
}
