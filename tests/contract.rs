//! Replays what the predecessor was asked, in the same order, and compares what is answered with what it answered, or
//! with what the contract says instead.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "contract/compare.rs"]
mod compare;
#[expect(dead_code, unused_imports, reason = "shared with other tests, which need more of it")]
mod support;

use compare::Compare;
use support::{Json, Running};

/// What may differ, where the contract says why. Everything else is compared as it stands.
fn rules(case: &Json) -> Compare {
    let why = case.get("why").map_or("", Json::text);
    Compare {
        // Ids follow from how many rows there were before, and the predecessor kept rows that it refused. What was left
        // of a product follows from the same.
        drifts: why.contains("ids") || case.get("path").unwrap().text().contains("/orders/"),
        parser_text: why.contains("Rust parser"),
        status_only: case.get("ours").is_some_and(|ours| ours.get("body").is_none()),
    }
}

#[test]
fn every_request_is_answered_as_the_contract_says() {
    let cases = Json::parse(include_str!("contract/oracle.json"));
    assert_eq!(cases.rows().len(), 55);
    let server = Running::start();
    let mut differing = Vec::new();
    for (index, case) in cases.rows().iter().enumerate() {
        let (method, path) = (case.get("method").unwrap().text(), case.get("path").unwrap().text());
        let body = match (case.get("raw_body"), case.get("body")) {
            (Some(raw), _) => raw.text().to_owned(),
            (None, Some(body)) => body.to_string(),
            (None, None) => String::new(),
        };
        let reply = server.send(method, path, &[], &body);
        let expected = case.get("ours").or(case.get("seed")).unwrap();
        let allow = expected.get("allow").map(Json::text);
        let check = || {
            let status = u16::try_from(expected.get("status").unwrap().number()).unwrap();
            if reply.status != status {
                return Err(format!("status {} instead of {status}", reply.status));
            }
            if allow.is_some() && reply.header("allow") != allow {
                return Err(format!("Allow: {:?} instead of {allow:?}", reply.header("allow")));
            }
            match expected.get("body") {
                Some(expected) => rules(case).check(&reply.json(), expected),
                None => Ok(()),
            }
        };
        if let Err(difference) = check() {
            differing.push(format!("{index}: {method} {path} {body}\n  {difference}\n  {}", reply.text()));
        }
    }
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}

#[test]
fn lines_with_mistakes_are_told_apart() {
    let server = Running::start();
    server.post("/api/inventory/categories/", r#"{"name":"Electronics"}"#).expect(201);
    server.post("/api/inventory/products/", r#"{"name":"Phone","price":1,"category_id":1}"#).expect(201);
    let order = r#"{"customer_name":"Alice","customer_email":"alice@example.com","customer_phone":"1234567890",
        "delivery_address":"123 Main St","items":[{"product_id":77,"quantity":0},{"product_id":"1","quantity":"2"},
        {"product_id":true,"quantity":-1},{}]}"#;
    server.post("/api/inventory/orders/", order).expect_body(
        400,
        concat!(
            r#"{"items":[{"product_id":["Invalid pk \"77\" - object does not exist."],"#,
            r#""quantity":["Ensure this value is greater than or equal to 1."]},{},"#,
            r#"{"product_id":["Incorrect type. Expected pk value, received bool."],"#,
            r#""quantity":["Ensure this value is greater than or equal to 1."]},"#,
            r#"{"product_id":["This field is required."]}]}"#
        ),
    );
}
