//! `POST orders/bulk/?dry_run=true`: it says what the real run then does, row by row, and leaves nothing behind.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, unused_imports, reason = "shared with other tests, which need more of it")]
mod support;

use support::{Json, Reply, Running};

const BULK: &str = "/api/inventory/orders/bulk/";
const DRY: &str = "/api/inventory/orders/bulk/?dry_run=true";

/// A server with 5 phones.
fn stocked() -> Running {
    let server = Running::start();
    server.post("/api/inventory/categories/", r#"{"name":"Electronics"}"#).expect(201);
    let phone = r#"{"name":"Phone","price":"299.99","stock":5,"category_id":1}"#;
    server.post("/api/inventory/products/", phone).expect(201);
    server
}

fn row(quantity: i64) -> String {
    format!(
        r#"{{"customer_name":"Ann","customer_email":"ann@example.com","customer_phone":"1","delivery_address":"Here",
        "items":[{{"product_id":1,"quantity":{quantity}}}]}}"#
    )
}

fn bulk(rows: &[String]) -> String {
    format!("[{}]", rows.join(","))
}

/// All that readers see of what a run could have changed.
fn seen(server: &Running) -> Vec<String> {
    let paths = ["orders/", "products/", "products/1/movements/"];
    paths.iter().map(|path| server.get(&format!("/api/inventory/{path}")).expect(200).text().to_owned()).collect()
}

/// The outcomes of a dry run, after its status.
fn outcomes(reply: &Reply, status: u64) -> Vec<Json> {
    let body = reply.json();
    assert_eq!(body.get("status").unwrap().number(), status, "{body}");
    let rows = body.get("rows").unwrap().rows().to_vec();
    for (index, row) in rows.iter().enumerate() {
        assert_eq!(row.get("row").unwrap().number(), index as u64);
        let (order, errors) = (row.get("order").unwrap(), row.get("errors").unwrap());
        assert!((*order == Json::Null) != (*errors == Json::Null), "an order or errors: {row}");
    }
    rows
}

/// An order without what the moment of its placing says.
fn timeless(order: &Json) -> Json {
    let Json::Object(members) = order else { panic!("no order: {order}") };
    let is_time = |name: &str| ["created_at", "updated_at", "last_transition_time"].contains(&name);
    Json::Object(members.iter().filter(|(name, _)| !is_time(name)).cloned().collect())
}

#[test]
fn the_orders_of_a_dry_run_are_those_of_the_real_one() {
    let server = stocked();
    let body = bulk(&[row(2), row(3)]);
    let before = seen(&server);
    let key = [("Idempotency-Key", "k1")];
    let dry = outcomes(&server.send("POST", DRY, &key, &body).expect(200), 201);
    assert_eq!(seen(&server), before);
    let real = server.send("POST", BULK, &key, &body).expect(201);
    assert_eq!(real.header("idempotent-replayed"), None, "the dry run took no key");
    let real = real.json();
    let said: Vec<_> = dry.iter().map(|row| timeless(row.get("order").unwrap())).collect();
    assert_eq!(said, real.rows().iter().map(timeless).collect::<Vec<_>>());
}

#[test]
fn each_bad_row_is_told_and_nothing_stays_behind() {
    let server = stocked();
    // Short, unreadable, short again after what the rows before took, and enough for the last.
    let body = bulk(&[row(9), row(2), row(0), row(4), row(3)]);
    let before = seen(&server);
    let rows = outcomes(&server.post(DRY, &body).expect(200), 400);
    let errors: Vec<_> = rows.iter().map(|row| row.get("errors").unwrap().to_string()).collect();
    let short = r#"["Insufficient stock for Phone"]"#;
    let unread = r#"{"items":[{"quantity":["Ensure this value is greater than or equal to 1."]}]}"#;
    assert_eq!(errors, [short, "null", unread, short, "null"]);
    server.post(BULK, &body).expect(400);
    assert_eq!(seen(&server), before);
    let kept = server.post(BULK, &bulk(&[row(2), row(3)])).expect(201);
    assert_eq!(kept.ids(), [1, 2], "no id was given out");
}

#[test]
fn what_is_wrong_with_the_whole_is_refused_as_by_the_real_run() {
    let server = stocked();
    for body in ["", "{}", "[", "7"] {
        let real = server.post(BULK, body).expect(400);
        server.post(DRY, body).expect_body(400, real.text());
    }
    server.post(DRY, "[]").expect_body(200, r#"{"status":201,"rows":[]}"#);
    server.post("/api/inventory/orders/bulk?dry_run=true", "[]").expect(200);
    // A word that is not understood must not place anything.
    for word in ["", "2", "maybe"] {
        let reply = server.post(&format!("{BULK}?dry_run={word}"), &bulk(&[row(1)]));
        reply.expect_body(400, r#"{"dry_run":["Give true or false."]}"#);
    }
    // The words that a flag in a body may be.
    for word in ["1", "TRUE", "yes"] {
        server.post(&format!("{BULK}?dry_run={word}"), &bulk(&[row(1)])).expect(200);
    }
    assert!(server.get("/api/inventory/orders/").ids().is_empty());
    server.post(&format!("{BULK}?dry_run=false"), &bulk(&[row(1)])).expect(201);
}
