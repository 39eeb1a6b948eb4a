//! Answers have no bound in rows times texts, and need none: they are written in parts. What a text may be is bounded.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, unused_imports, reason = "shared with other tests, which need more of it")]
mod support;

use support::process::MANUAL;
use support::served::Served;
use support::{Json, Running, send};

const ORDERS: &str = "/api/inventory/orders/";
const PRODUCTS: &str = "/api/inventory/products/";

fn product(description: &str) -> String {
    format!(r#"{{"name":"Phone","price":"1.00","stock":2000000,"category_id":1,"description":"{description}"}}"#)
}

fn order(lines: usize, address: &str) -> String {
    let lines = vec![r#"{"product_id":1}"#; lines].join(",");
    format!(
        r#"{{"customer_name":"Ann","customer_email":"ann@example.com","customer_phone":"1",
        "delivery_address":"{address}","items":[{lines}]}}"#
    )
}

fn shop(description: &str) -> Running {
    let server = Running::start();
    server.post("/api/inventory/categories/", r#"{"name":"Electronics"}"#).expect(201);
    server.post(PRODUCTS, &product(description)).expect(201);
    server
}

#[test]
fn free_texts_are_bounded_at_every_request() {
    let server = shop("short");
    let (longest, longer) = ("ä".repeat(10_000), "ä".repeat(10_001));
    let refused = |field: &str| format!(r#"{{"{field}":["Ensure this field has no more than 10000 characters."]}}"#);
    server.post(PRODUCTS, &product(&longest)).expect(201);
    let (described, addressed) = (refused("description"), refused("delivery_address"));
    server.post(PRODUCTS, &product(&longer)).expect_body(400, &described);
    server.put("/api/inventory/products/1/", &product(&longer)).expect_body(400, &described);
    let patch = format!(r#"{{"description":"{longer}"}}"#);
    server.patch("/api/inventory/products/1/", &patch).expect_body(400, &described);
    server.post(ORDERS, &order(1, &longest)).expect(201);
    server.post(ORDERS, &order(1, &longer)).expect_body(400, &addressed);
    server.post(&format!("{ORDERS}bulk/"), &format!("[{}]", order(1, &longer))).expect(400);
    let patch = format!(r#"{{"delivery_address":"{longer}"}}"#);
    server.patch("/api/inventory/orders/1/", &patch).expect_body(400, &addressed);
    assert_eq!(server.get(PRODUCTS).json().rows().len(), 2);
    assert_eq!(server.get(ORDERS).ids(), [1]);
}

/// The most memory that the process had, in KiB.
fn peak(server: &Served) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.child.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn an_answer_takes_one_part_of_memory_however_long_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let server = Served::start(directory.path(), MANUAL);
    let post = |path: &str, body: &str| send(server.address, "POST", path, &[], body.as_bytes());
    post("/api/inventory/categories/", r#"{"name":"Electronics"}"#).expect(201);
    post(PRODUCTS, &product(&"x".repeat(10_000))).expect(201);
    // Answers of 50 and 100 MB: many orders, and one order of many lines after the other.
    let many = format!("[{}]", vec![order(1, "Here"); 5_000].join(","));
    let long = format!("[{}]", vec![order(1_000, "Here"); 10].join(","));
    let before = peak(&server);
    for (path, body, status) in [
        ("orders/bulk/?dry_run=true", &many, 200),
        ("orders/bulk/?dry_run=true", &long, 200),
        ("orders/bulk/", &long, 201),
    ] {
        let answer = post(&format!("/api/inventory/{path}"), body).expect(status);
        assert!(answer.body.len() > 50_000_000, "{}", answer.body.len());
        Json::parse(answer.text());
    }
    let grown = peak(&server).saturating_sub(before) / 1024;
    assert!(grown < 40, "{grown} MiB");
}

#[test]
fn a_long_page_ends_earlier_and_leads_on() {
    let server = shop(&"\"x\" {\"items\":[]}, ".replace('"', "\\\"").repeat(500));
    for _ in 0..3 {
        server.post(ORDERS, &order(1_000, "Here, \\\"items\\\":[]")).expect(201);
    }
    server.post(ORDERS, &order(1, "There")).expect(201);
    let (mut path, mut seen, mut pages) = (format!("{ORDERS}?limit=1000&ordering=id"), Vec::new(), 0);
    loop {
        let page = server.get(&path).expect(200);
        assert!(page.body.len() < 16_000_000, "{}", page.body.len());
        seen.extend(page.ids());
        pages += 1;
        let Some(link) = page.header("link") else { break };
        path = link.trim_start_matches('<').split('>').next().unwrap().to_owned();
    }
    assert_eq!((seen, pages), (vec![1, 2, 3, 4], 4));
    let whole = server.get(&format!("{ORDERS}1/")).expect(200);
    assert!(whole.header("etag").is_some() && whole.header("content-length").is_none());
    let whole = whole.json();
    assert_eq!(whole.get("items").unwrap().rows().len(), 1_000);
    assert_eq!(whole.get("delivery_address").unwrap().text(), "Here, \"items\":[]");
    assert_eq!(whole.get("allowed_actions").unwrap().rows().len(), 3);
    let short = server.get(&format!("{ORDERS}4/")).expect(200);
    assert!(short.header("content-length").is_some());
    // What is not asked for is not sent, and the connection ends.
    assert!(server.send("HEAD", &format!("{ORDERS}1/"), &[], "").expect(200).body.is_empty());
}
