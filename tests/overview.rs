//! The whole at a glance, and the settings in force, over HTTP.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, unused_imports, reason = "shared with other tests, which need more of it")]
mod support;

use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use support::Running;

/// What `path` answers.
fn get(server: &Running, path: &str) -> Value {
    serde_json::from_str(server.get(path).expect(200).text()).unwrap()
}

/// A server with a phone, a case of which there are three, and two orders of phones, the second one moved on.
fn shop(delayed_after: Duration) -> Running {
    let server = Running::with(|settings| {
        settings.stock.low = 3;
        settings.stages.pending_stale_after = delayed_after;
        settings.watchdog.interval = Duration::from_millis(10);
    });
    let post = |path: &str, body: Value| server.post(&format!("/api/inventory/{path}"), &body.to_string());
    post("categories/", json!({"name": "Phones"})).expect(201);
    post("products/", json!({"name": "Phone", "price": "300", "stock": 100, "category_id": 1})).expect(201);
    post("products/", json!({"name": "Case", "price": "9.5", "stock": 3, "category_id": 1})).expect(201);
    let order = json!({
        "customer_name": "Ann", "customer_email": "ann@example.com", "customer_phone": "1", "delivery_address": "Here",
        "items": [{"product_id": 1}],
    });
    post("orders/", order.clone()).expect(201);
    post("orders/", order).expect(201);
    post("orders/2/transition/", json!({"to": "processing"})).expect(200);
    server
}

#[test]
fn the_overview_counts_what_is_there() {
    let server = shop(Duration::from_hours(1));
    let overview = get(&server, "/api/overview/");
    assert_eq!(overview["status"], "ready");
    let orders = json!({"pending": 1, "processing": 1, "shipped": 0, "delivered": 0, "cancelled": 0});
    assert_eq!(overview["orders"], orders);
    assert_eq!(overview["delayed"], json!({"pending": 0, "processing": 0, "shipped": 0}));
    assert_eq!(overview["low_stock"], json!({"limit": 3, "products": 1}));
    let engine = &overview["engine"];
    assert_eq!(engine["orders_in_memory"], 2);
    let entries = engine["journal_entries"].as_u64().unwrap();
    let commits = engine["commits"].as_u64().unwrap();
    assert!(entries >= 6 && commits >= 1 && commits <= entries, "{engine}");
    assert_eq!((&engine["queue"], &engine["placing"]), (&json!(0), &json!(0)));
    assert!(engine["journal_bytes"].as_u64().unwrap() > 4_096);

    server.send("PATCH", "/api/inventory/products/2/", &[], r#"{"archived": true}"#).expect(200);
    assert_eq!(get(&server, "/api/overview/")["low_stock"]["products"], 0, "what is archived is not sold");
}

#[test]
fn the_overview_counts_what_is_delayed() {
    let server = shop(Duration::from_millis(1));
    let delayed = || get(&server, "/api/overview/")["delayed"].clone();
    for _ in 0..500 {
        if delayed()["pending"] == 1 {
            break;
        }
        thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(delayed(), json!({"pending": 1, "processing": 0, "shipped": 0}));
}

#[test]
fn the_trend_holds_the_last_hour() {
    let server = shop(Duration::from_hours(1));
    let trend = get(&server, "/api/overview/trend/");
    let at: Vec<i64> = trend["at"].as_array().unwrap().iter().map(|at| at.as_i64().unwrap()).collect();
    assert_eq!(at.len(), 360);
    assert!(at.windows(2).all(|pair| pair[1] - pair[0] == 10));
    let sum = |name: &str| -> f64 {
        let values = trend[name].as_array().unwrap();
        assert_eq!(values.len(), at.len());
        values.iter().filter_map(Value::as_f64).sum()
    };
    assert!((sum("placed") - 12.0).abs() < 1e-9, "two in ten seconds are twelve a minute");
    assert!(sum("delivered").abs() < 1e-9 && sum("cancelled").abs() < 1e-9);
    assert!(sum("pending") > 0.0 && trend["shipped"].as_array().unwrap().iter().all(Value::is_null));
}

#[test]
fn the_settings_say_what_is_in_force() {
    let server = Running::start();
    let settings = get(&server, "/api/settings/");
    let find = |name: &str| settings.as_array().unwrap().iter().find(|row| row["name"] == name).unwrap().clone();
    assert_eq!(find("stock.low")["default"], "10");
    assert_eq!(find("stock.low")["allowed"], "a whole number from 0 to 1000000000");
    assert_eq!(find("listen")["default"], "127.0.0.1:8080");
    assert!(settings.as_array().unwrap().len() > 40);
}
