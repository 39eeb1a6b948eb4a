//! The line of each request in the log, at the real binary: it says who asked for what, and nothing of customers.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::PASSWORD;
use super::support::process::{Process, Starting, serve};
use super::support::send;

const ORDERS: &str = "/api/inventory/orders/";
/// What a line of a request has, in the order of the alphabet; `path` only where the path is one of ours.
const MEMBERS: [&str; 11] =
    ["caller", "id", "level", "message", "method", "ms", "path", "peer", "status", "target", "timestamp"];

/// What is sent (method, path, headers, body), and what the line has to say of it (path, status, caller).
type Request<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], &'a str, Option<&'a str>, u16, &'a str);

fn start(data: &Path, filter: &str) -> Process {
    let mut command = serve(data, &[]);
    command.env("RUST_LOG", filter);
    Starting::spawn(command).ready().unwrap_or_else(|ended| panic!("{}\n{}", ended.status, ended.log))
}

#[test]
fn a_request_has_one_line_with_its_id_caller_path_status_and_time_and_nothing_personal() {
    let directory = tempfile::tempdir().unwrap();
    let first = start(directory.path(), "warn,packhorse=info");
    let root = r#"{"name": "root", "role": "admin"}"#;
    let made = send(first.address, "POST", "/api/access/keys/", &[], root.as_bytes()).expect(201).json();
    let key = made.get("secret").unwrap().text().to_owned();
    let by_key = [("X-Api-Key", key.as_str())];
    let give = |path: &str, body: &str| send(first.address, "POST", path, &by_key, body.as_bytes()).expect(201);
    give("/api/inventory/categories/", r#"{"name": "Things"}"#);
    give("/api/inventory/products/", r#"{"name": "Phone", "price": "1", "stock": 10, "category_id": 1}"#);
    let log = first.stop("-TERM").log;
    assert!(!log.contains("\"message\":\"answered\""), "without being asked for there is none: {log}");

    let server = start(directory.path(), "warn,packhorse=info,packhorse::access=debug");
    let order = r#"{"customer_name": "Ann Miller", "customer_email": "ann.miller@example.com", "customer_phone": "555-0199",
        "delivery_address": "1 Secret Street", "items": [{"product_id": 1}]}"#;
    let user = format!(r#"{{"name": "olga", "role": "operator", "password": "{PASSWORD}"}}"#);
    let form = format!("csrf=x&name=Miller&password={}", PASSWORD.replace(' ', "+"));
    let named = [("X-Api-Key", key.as_str()), ("X-Request-Id", "till-7/42"), ("Idempotency-Key", "555-0199")];
    let wrong = [("Authorization", "Bearer ph_Miller")];
    let typed = [("Content-Type", "application/x-www-form-urlencoded"), ("Cookie", "packhorse_session=Miller")];
    let search = format!("{ORDERS}?search=Miller&customer=ann.miller@example.com");
    let astray = format!("{ORDERS}ann.miller@example.com/");
    let known = "/api/access/users/{name}/";
    let requests: [Request<'_>; 13] = [
        ("POST", ORDERS, &named, order, Some(ORDERS), 201, "key:root"),
        ("GET", &search, &by_key, "", Some(ORDERS), 200, "key:root"),
        ("GET", "/api/inventory/orders/1", &by_key, "", Some("/api/inventory/orders/1/"), 200, "key:root"),
        ("GET", "/api/inventory/orders/99/?x=Miller", &by_key, "", Some("/api/inventory/orders/99/"), 404, "key:root"),
        ("GET", ORDERS, &wrong, "", Some(ORDERS), 401, "client"),
        ("GET", ORDERS, &[], "", Some(ORDERS), 401, "client"),
        ("POST", "/api/access/users/", &by_key, &user, Some("/api/access/users/"), 201, "key:root"),
        // What stands in the place of an id or a name may be anything.
        ("GET", &astray, &by_key, "", Some("/api/inventory/orders/{id}/"), 404, "key:root"),
        ("GET", "/api/access/users/ann.miller@example.com/", &by_key, "", Some(known), 404, "key:root"),
        ("GET", "/ann.miller@example.com/1%20Secret%20Street", &by_key, "", None, 404, "key:root"),
        ("GET", "/admin/orders/Miller/", &[], "", Some("/admin/orders/{id}/"), 303, "client"),
        ("POST", "/admin/sign-in/", &typed, &form, Some("/admin/sign-in/"), 403, "client"),
        ("DELETE", "/healthz?ann.miller@example.com", &[], "", Some("/healthz/"), 405, "client"),
    ];
    let mut ids = Vec::new();
    for (method, path, headers, body, _, status, _) in requests {
        let reply = send(server.address, method, path, headers, body.as_bytes());
        assert_eq!(reply.status, status, "{method} {path}: {}", reply.text());
        ids.push(reply.header("x-request-id").unwrap().to_owned());
    }
    let log = server.stop("-TERM").log;
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let lines: Vec<_> = lines.iter().filter(|line| line["message"] == "answered").collect();
    assert_eq!(lines.len(), requests.len(), "{log}");
    for ((line, id), (method, sent, _, _, path, status, caller)) in lines.iter().zip(&ids).zip(requests) {
        let said = (&line["method"], line["path"].as_str(), line["status"].as_u64(), line["caller"].as_str());
        assert_eq!(said, (&method.into(), path, Some(status.into()), Some(caller)), "{sent}: {line}");
        assert_eq!(line["id"], **id, "{line}");
        assert!(line["ms"].as_f64().is_some_and(|ms| (0.0..60_000.0).contains(&ms)), "{line}");
        assert_eq!(line["peer"], "127.0.0.1", "{line}");
        let members: BTreeSet<_> = line.as_object().unwrap().keys().map(String::as_str).collect();
        let more: Vec<_> = members.iter().filter(|name| !MEMBERS.contains(name)).collect();
        assert!(more.is_empty(), "{more:?} is new in {line}: is it personal?");
    }
    assert_eq!(ids[0], "till-7/42");
    for secret in
        [key.as_str(), PASSWORD, "correct+horse", "Miller", "miller", "example.com", "Secret", "555-0199", "?"]
    {
        let line = log.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "{secret} is in the log");
    }
}

#[test]
fn bytes_that_are_no_http_and_what_a_stranger_does_wrong_are_no_lines() {
    let directory = tempfile::tempdir().unwrap();
    // As the binary logs where nobody says otherwise.
    let server = start(directory.path(), "");
    let begun = server.process.log();
    for bytes in [
        &b"GET / HTTP/1.1\r\nHost: x\r\nBad Header: 1\r\n\r\n"[..],
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\0\0\0\0\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /api/inventory/orders/ HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        b"POST /api/inventory/orders/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"TRACE / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    ] {
        let mut stream = TcpStream::connect(server.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
        stream.write_all(bytes).unwrap();
        // However it ends: what matters is the log.
        stream.read_to_end(&mut Vec::new()).ok();
    }
    let log = server.stop("-TERM").log;
    let since = log.strip_prefix(begun.as_str()).expect("a log only grows");
    let said = since.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["message"].to_string());
    let said: Vec<_> = said.collect();
    assert_eq!(said, ["\"stopping\"", "\"stopped\""], "who reads the log learns of these when they ask for it: {log}");
}
