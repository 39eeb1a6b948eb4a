//! `packhorse load` against a real server: closed and open loop, and what it says where the numbers do not match.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, unused_imports, reason = "shared with other tests, which need more of it")]
mod support;

use std::process::{Command, Output};
use std::time::Duration;

use packhorse::domain::order::After;
use support::process::{MANUAL, Starting, serve};
use support::served::{done, packhorse, refused};
use support::{Json, Running, send};

const API: &str = "/api/inventory";

fn load(url: &str, flags: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_packhorse"));
    command.args(["load", "--url", url]).args(flags).output().unwrap()
}

fn load_at(server: &Running, flags: &[&str]) -> Output {
    load(&format!("http://{}", server.address), flags)
}

fn stock_up(server: &Running, products: usize, units: u32) {
    server.post(&format!("{API}/categories/"), r#"{"name": "Things"}"#).expect(201);
    for product in 0..products {
        let body = format!(r#"{{"name": "Thing {product}", "price": "2.50", "stock": {units}, "category_id": 1}}"#);
        server.post(&format!("{API}/products/"), &body).expect(201);
    }
}

#[track_caller]
fn summary(output: &Output, code: i32) -> Json {
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    Json::parse(std::str::from_utf8(&output.stdout).unwrap())
}

fn number(summary: &Json, name: &str) -> u64 {
    summary.get(name).unwrap().number()
}

fn stock(server: &Running, product: u64) -> u64 {
    number(&server.get(&format!("{API}/products/{product}/")).expect(200).json(), "stock")
}

#[test]
fn places_orders_one_by_one_and_in_bulks_and_finds_them_again() {
    let server = Running::start();
    stock_up(&server, 3, 1_000);
    let one_by_one = load_at(&server, &["--orders", "90", "--connections", "4", "--threads", "2", "--json"]);
    let found = summary(&one_by_one, 0);
    assert_eq!([number(&found, "requests"), number(&found, "orders"), number(&found, "ok")], [90, 90, 90]);
    assert_eq!(found.get("mismatches").unwrap().rows(), []);
    assert!(number(found.get("latency_us").unwrap(), "p50") <= number(found.get("latency_us").unwrap(), "max"));
    for product in 1..=3 {
        assert_eq!(stock(&server, product), 970);
    }

    let in_bulks = load_at(&server, &["--orders", "105", "--bulk", "10", "--connections", "3", "--product", "2"]);
    let text = String::from_utf8(in_bulks.stdout).unwrap();
    assert!(in_bulks.status.success(), "{text}");
    assert!(text.contains("requests    11 of 10 orders: 11 acknowledged\n"), "{text}");
    assert!(text.contains("verified    "), "{text}");
    assert_eq!([1, 2, 3].map(|product| stock(&server, product)), [970, 865, 970]);
    assert_eq!(server.get(&format!("{API}/orders/?limit=1")).expect(200).ids(), [195]);
}

#[test]
fn an_open_loop_takes_the_time_that_its_rate_asks_for_while_orders_move_on() {
    let server = Running::with(|settings| {
        settings.stages.pending_after = After::Span(Duration::ZERO);
        settings.stages.processing_after = After::Span(Duration::ZERO);
    });
    stock_up(&server, 2, 1_000);
    let found = summary(&load_at(&server, &["--orders", "101", "--connections", "8", "--rate", "200", "--json"]), 0);
    assert_eq!([number(&found, "orders"), number(&found, "ok")], [101, 101]);
    assert!(number(&found, "duration_us") >= 500_000, "{found}");
}

#[test]
fn what_is_sold_out_is_refused_and_no_mismatch() {
    let server = Running::start();
    stock_up(&server, 1, 7);
    let found = summary(&load_at(&server, &["--orders", "10", "--connections", "2", "--json"]), 0);
    assert_eq!([number(&found, "ok"), number(found.get("refused").unwrap(), "400")], [7, 3]);
}

#[test]
fn says_what_it_cannot_load() {
    let check = |output: Output, code, text: &str| {
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.contains(text), "{said}");
    };
    check(load("http://192.0.2.1", &["--orders", "1"]), 2, "--anywhere");
    check(load("ftp://127.0.0.1", &["--orders", "1"]), 2, "http://");
    let server = Running::start();
    check(load_at(&server, &["--orders", "1"]), 1, "no product has stock");
    check(load_at(&server, &["--orders", "1", "--product", "9"]), 1, "product 9");
    let url = format!("http://{}", server.address);
    drop(server);
    check(load(&url, &["--orders", "1"]), 1, "cannot read the products");
}

#[test]
fn a_closed_server_is_loaded_with_a_key_and_with_idempotency_keys() {
    let temporary = tempfile::tempdir().unwrap();
    let data = temporary.path().join("data");
    let catalogue = temporary.path().join("catalogue.csv");
    std::fs::write(&catalogue, "category,name,price,stock\nTools,Saw,5.00,100\n").unwrap();
    done(&packhorse(&[&"import", &"--data-dir", &data, &catalogue]));
    let made = done(&packhorse(&[&"key", &"add", &"root", &"--role", &"admin", &"--data-dir", &data]));
    let key = made.split_whitespace().find(|word| word.starts_with("ph_")).unwrap();
    let server = Starting::spawn(serve(&data, MANUAL)).ready().unwrap();
    let run = |key: Option<&str>| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_packhorse"));
        command.args(["load", "--orders", "20", "--connections", "2", "--keys", "--json", "--url"]);
        command.arg(format!("http://{}", server.address)).env_remove("PACKHORSE_KEY");
        command.envs(key.map(|key| ("PACKHORSE_KEY", key))).output().unwrap()
    };
    assert!(refused(&run(None), 1).contains("PACKHORSE_KEY"));
    // The same requests again are new ones: each run has keys of its own.
    for left in [80, 60] {
        assert_eq!(number(&summary(&run(Some(key)), 0), "orders"), 20);
        let bearer = format!("Bearer {key}");
        let product = send(server.address, "GET", "/api/inventory/products/1/", &[("Authorization", &bearer)], b"");
        assert_eq!(number(&product.expect(200).json(), "stock"), left);
    }
}

#[test]
fn a_refusal_is_reported_with_its_reason() {
    let server = Running::start();
    stock_up(&server, 1, 3);
    let output = load_at(&server, &["--orders", "5", "--connections", "1"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("refused     2 with 400, such as") && text.contains("nsufficient stock"), "{text}");
    assert!(!text.contains("sent late"), "a closed loop has no times at which requests are due: {text}");
}
