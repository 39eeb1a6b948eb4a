//! The REST API over a real socket: what goes beyond the contract of the predecessor.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, unused_imports, reason = "shared with other tests, which need more of it")]
mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use support::{Json, Reply, Running, exchange};

const ORDERS: &str = "/api/inventory/orders/";

/// A category 1 with product 1 (Phone, 10 in stock) and product 2 (Laptop, 5 in stock).
fn shop() -> Running {
    stocked(Running::start())
}

fn stocked(server: Running) -> Running {
    server.post("/api/inventory/categories/", r#"{"name":"Electronics"}"#).expect(201);
    let phone = r#"{"name":"Phone","price":"300.00","stock":10,"category_id":1}"#;
    server.post("/api/inventory/products/", phone).expect(201);
    let laptop = r#"{"name":"Laptop","price":"999.99","stock":5,"category_id":1}"#;
    server.post("/api/inventory/products/", laptop).expect(201);
    server
}

fn order_of(name: &str, product: u64, quantity: u32) -> String {
    format!(
        concat!(
            r#"{{"customer_name":"{}","customer_email":"{}@example.com","customer_phone":"1","#,
            r#""delivery_address":"x","items":[{{"product_id":{},"quantity":{}}}]}}"#
        ),
        name,
        name.to_lowercase(),
        product,
        quantity
    )
}

fn place(server: &Running, name: &str) -> Reply {
    server.post(ORDERS, &order_of(name, 1, 1)).expect(201)
}

fn move_to(server: &Running, id: u64, to: &str) -> Reply {
    server.post(&format!("{ORDERS}{id}/transition/"), &format!(r#"{{"to":"{to}"}}"#))
}

fn stock_of(server: &Running, product: u64) -> (u64, u64, u64) {
    let product = server.get(&format!("/api/inventory/products/{product}/")).expect(200).json();
    let number = |name| product.get(name).unwrap().number();
    (number("stock"), number("on_hand"), number("reserved"))
}

/// What the answer to an unfinished request begins with.
fn status_line(server: &Running, request: &str) -> String {
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn head_answers_as_get_without_the_body() {
    let server = shop();
    place(&server, "Alice");
    for path in ["", "orders/", "orders/1/", "orders/1/history/", "orders/delayed/", "products/1/movements/"] {
        let path = format!("/api/inventory/{path}");
        let get = server.get(&path).expect(200);
        let head = server.send("HEAD", &path, &[], "").expect(200);
        assert_eq!(head.body, b"", "{path}");
        assert_eq!(head.header("content-length"), Some(get.body.len().to_string().as_str()), "{path}");
        assert_eq!(head.header("content-type"), Some("application/json"), "{path}");
    }
}

#[test]
fn options_describes_a_path_and_what_it_allows() {
    let server = Running::start();
    let check = |path: &str, allow: &str| {
        let reply = server.send("OPTIONS", &format!("/api/inventory/{path}"), &[], "").expect(200);
        assert_eq!(reply.header("allow"), Some(allow), "{path}");
        let json = reply.json();
        assert_eq!(json.get("renders"), Some(&Json::parse(r#"["application/json"]"#)), "{path}");
        assert!(json.get("name").is_some() && json.get("description").is_some() && json.get("parses").is_some());
    };
    check("", "GET, HEAD, OPTIONS");
    for collection in ["categories/", "products/", "orders/"] {
        check(collection, "GET, POST, HEAD, OPTIONS");
        check(&format!("{collection}7/"), "GET, PUT, PATCH, DELETE, HEAD, OPTIONS");
    }
    for act in ["orders/bulk/", "orders/1/transition/", "orders/1/cancel/", "products/1/adjust/"] {
        check(act, "POST, OPTIONS");
    }
    for list in ["orders/delayed/", "orders/1/history/", "products/1/movements/"] {
        check(list, "GET, HEAD, OPTIONS");
    }
}

#[test]
fn a_wrong_method_is_told_which_ones_are_right() {
    let server = Running::start();
    let check = |method: &str, path: &str, allow: &str| {
        let reply = server.send(method, &format!("/api/inventory/{path}"), &[], "");
        let reply = reply.expect_body(405, &format!(r#"{{"detail":"Method \"{method}\" not allowed."}}"#));
        assert_eq!(reply.header("allow"), Some(allow));
    };
    check("DELETE", "orders/", "GET, POST, HEAD, OPTIONS");
    check("POST", "orders/1/", "GET, PUT, PATCH, DELETE, HEAD, OPTIONS");
    check("PUT", "orders/1/cancel/", "POST, OPTIONS");
    check("POST", "", "GET, HEAD, OPTIONS");
}

#[test]
fn unknown_paths_and_ids_that_are_no_numbers_are_not_found() {
    let server = Running::start();
    for path in ["/api/", "/api/inventory/orders/x/", "/api/inventory/orders/-1/", "/api/inventory//orders/", "/x"] {
        server.get(path).expect_body(404, r#"{"detail":"Not found."}"#);
    }
    for id in ["0", "99999999999999999999999999", "18446744073709551615"] {
        let missing = r#"{"detail":"No Order matches the given query."}"#;
        server.get(&format!("{ORDERS}{id}/")).expect_body(404, missing);
        server.delete(&format!("{ORDERS}{id}/")).expect_body(404, missing);
    }
}

#[test]
fn a_path_without_its_slash_is_the_same_path() {
    let server = shop();
    place(&server, "Alice");
    place(&server, "Bob");
    for path in ["", "/orders", "/orders/1", "/orders/1/history", "/orders/delayed", "/products/2/movements"] {
        let path = format!("/api/inventory{path}");
        assert_eq!(server.get(&path).expect(200).body, server.get(&format!("{path}/")).expect(200).body, "{path}");
    }
    assert_eq!(server.get("/api/inventory/orders?search=bob").expect(200).ids(), [2]);
    assert_eq!(server.get("/api/inventory/orders/?search=bob").expect(200).ids(), [2]);
    server.post("/api/inventory/orders", &order_of("Carol", 1, 1)).expect(201);
    assert_eq!(server.get("/healthz").expect(200).text(), r#"{"status":"ok"}"#);
    let ready = server.get("/readyz").expect(200);
    let ready = ready.text();
    assert!(ready.starts_with(r#"{"status":"ready","journal":""#), "{ready}");
}

#[test]
fn the_root_leads_a_browser_to_the_console_and_a_program_to_the_api() {
    let server = Running::start();
    let links = server.get("/").expect(200).json();
    for name in ["api", "docs", "openapi", "console", "ready"] {
        let link = links.get(name).unwrap().text().to_owned();
        assert_eq!(server.get(&link).status, 200, "{link}");
    }
    let browser = server.send("GET", "/", &[("Accept", "text/html,application/xhtml+xml;q=0.9")], "").expect(303);
    assert_eq!(browser.header("location"), Some("/admin/"));
    assert_eq!(server.post("/", "").expect(405).header("allow"), Some("GET, HEAD"));
}

#[test]
fn of_a_bulk_with_errors_without_number_some_are_told() {
    let server = Running::start();
    let row = format!(r#"{{"items":[{}]}}"#, vec!["{}"; 500].join(","));
    let body = format!("[{}]", vec![row.as_str(); 2_000].join(","));
    let told = server.post("/api/inventory/orders/bulk/", &body).expect(400);
    assert!(told.body.len() < body.len() / 10, "{} bytes for {}", told.body.len(), body.len());
    let rows = told.json();
    let rows = rows.rows();
    assert_eq!(rows.len(), 3, "a row has 504 problems");
    let end = r#"{"non_field_errors":["And 1998 more rows have errors; mend those before first."]}"#;
    assert!(told.text().ends_with(&format!("{end}]")), "{}", &told.text()[told.text().len() - 200..]);
    let dry = server.post("/api/inventory/orders/bulk/?dry_run=true", &body).expect(200);
    assert_eq!(dry.json().get("rows").unwrap().rows().len(), 2_000, "a dry run judges each row");
    assert!(dry.body.len() < body.len(), "{} bytes for {}", dry.body.len(), body.len());
}

#[test]
fn only_json_is_taken() {
    let server = Running::start();
    let path = "/api/inventory/categories/";
    let send = |kind: &str, name: &str| server.send("POST", path, &[("Content-Type", kind)], name);
    send("text/plain", r#"{"name":"A"}"#)
        .expect_body(415, r#"{"detail":"Unsupported media type \"text/plain\" in request."}"#);
    send("application/json; charset=utf-8", r#"{"name":"A"}"#).expect(201);
    let other = send("application/json; charset=UTF-16", r#"{"name":"B"}"#).expect(415);
    assert_eq!(other.text(), r#"{"detail":"Unsupported charset \"UTF-16\" in request; send UTF-8."}"#);
    for encoding in ["gzip", "br"] {
        let headers = [("Content-Type", "application/json"), ("Content-Encoding", encoding)];
        let reply = server.send("POST", path, &headers, r#"{"name":"B"}"#).expect(415);
        assert_eq!(reply.header("accept-encoding"), Some("identity"));
    }
    let marked = send("application/json", "\u{feff}{\"name\":\"B\"}").expect(400);
    assert!(marked.text().contains("begins with a byte order mark; send it without one"), "{}", marked.text());
    send("Application/JSON", r#"{"name":"B"}"#).expect(201);
    let untyped =
        b"POST /api/inventory/categories/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}";
    exchange(server.address, untyped).expect(415);
    // Nothing was sent, so that there is nothing to dislike.
    server.send("POST", path, &[], "").expect_body(400, r#"{"name":["This field is required."]}"#);
}

#[test]
fn a_body_beyond_its_limit_is_refused_announced_or_not() {
    let server = Running::with(|settings| settings.limits.body_bytes = 1024);
    let head = "POST /api/inventory/categories/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
    let announced = exchange(server.address, format!("{head}Content-Length: 1025\r\n\r\n").as_bytes()).expect(413);
    assert!(announced.text().contains("at most 1024 bytes"), "{}", announced.text());
    let chunk = format!("258\r\n{}\r\n", " ".repeat(0x258));
    let chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n{chunk}{chunk}");
    // The answer does not wait for the rest.
    assert_eq!(status_line(&server, &chunked), "HTTP/1.1 413");
    let whole = format!(
        "{head}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n{chunk}c\r\n{{\"name\":\"A\"}}\r\n0\r\n\r\n"
    );
    exchange(server.address, whole.as_bytes()).expect(201);
    // A bulk has a limit of its own.
    server.post("/api/inventory/orders/bulk/", &format!("[{}]", " ".repeat(5000))).expect(201);
}

#[test]
fn a_body_that_takes_too_long_is_given_up() {
    let server = Running::with(|settings| settings.http.body_timeout = Duration::from_millis(200));
    let head = "POST /api/inventory/categories/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
    assert_eq!(status_line(&server, &format!("{head}Content-Length: 100\r\n\r\n{{")), "HTTP/1.1 408");
    assert_eq!(status_line(&server, &format!("{head}Transfer-Encoding: chunked\r\n\r\n1\r\n{{\r\n")), "HTTP/1.1 408");
}

#[test]
fn every_answer_carries_the_id_of_its_request() {
    let server = Running::start();
    let given = |id: &str| server.send("GET", "/api/inventory/", &[("X-Request-Id", id)], "");
    assert_eq!(given("abc-1").header("x-request-id"), Some("abc-1"));
    for bad in ["", "a b", &"x".repeat(65)] {
        assert_ne!(given(bad).header("x-request-id"), Some(bad));
        assert!(given(bad).header("x-request-id").is_some_and(|id| !id.is_empty()));
    }
    let (first, second) = (server.get("/x"), server.get("/x"));
    assert_ne!(first.header("x-request-id").unwrap(), second.header("x-request-id").unwrap());
    assert!(server.send("PUT", "/api/inventory/", &[], "").expect(405).header("x-request-id").is_some());
}

#[test]
fn a_repeated_key_gets_the_first_answer_again() {
    let server = shop();
    let send = |key: &str, body: &str| server.send("POST", ORDERS, &[("Idempotency-Key", key)], body);
    let first = send("k1", &order_of("Alice", 1, 2)).expect(201);
    assert_eq!(first.header("idempotent-replayed"), None);
    move_to(&server, 1, "processing").expect(200);
    let again = send("\"k1\"", &order_of("Alice", 1, 2)).expect(201);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(again.body, first.body);
    let slashless =
        server.send("POST", "/api/inventory/orders", &[("Idempotency-Key", "k1")], &order_of("Alice", 1, 2));
    assert_eq!(slashless.expect(201).body, first.body);
    let spaced = format!(" {}\n", order_of("Alice", 1, 2).replace("\":", "\" : "));
    assert_eq!(send("k1", &spaced).expect(201).body, first.body, "white space says nothing");
    send("k1", &order_of("Alice", 1, 3)).expect(422);
    server
        .send("POST", "/api/inventory/orders/1/cancel/", &[("Idempotency-Key", "k1")], r#"{"reason":"x"}"#)
        .expect(422);
    send("k2", &order_of("Alice", 1, 2)).expect(201);
    assert_eq!(stock_of(&server, 1), (6, 10, 4));
}

#[test]
fn a_refused_request_does_not_use_up_its_key() {
    let server = shop();
    let send = |body: &str| server.send("POST", ORDERS, &[("Idempotency-Key", "k1")], body);
    send(&order_of("Alice", 1, 99)).expect(400);
    send(&order_of("Alice", 1, 1)).expect(201);
}

#[test]
fn two_requests_with_one_key_at_once_have_one_effect() {
    let server = shop();
    let send = || server.send("POST", ORDERS, &[("Idempotency-Key", "k1")], &order_of("Alice", 1, 1)).expect(201);
    let replies: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(send)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(replies.iter().filter(|reply| reply.header("idempotent-replayed").is_none()).count(), 1);
    assert!(replies.iter().all(|reply| reply.body == replies[0].body));
    assert_eq!(stock_of(&server, 1), (9, 10, 1));
}

#[test]
fn a_malformed_key_is_refused() {
    let server = shop();
    for key in ["", "\"\"", "\"a", "a b", "ä", &"k".repeat(256)] {
        let reply = server.send("POST", ORDERS, &[("Idempotency-Key", key)], &order_of("Alice", 1, 1)).expect(400);
        assert!(reply.text().contains("Idempotency-Key"), "{}", reply.text());
    }
    let two = [("Idempotency-Key", "a"), ("Idempotency-Key", "b")];
    server.send("POST", ORDERS, &two, &order_of("Alice", 1, 1)).expect(400);
    server.send("POST", ORDERS, &[("Idempotency-Key", &"k".repeat(255))], &order_of("Alice", 1, 1)).expect(201);
}

#[test]
fn every_post_that_has_an_effect_takes_a_key() {
    let server = shop();
    place(&server, "Alice");
    let check = |path: &str, body: &str| {
        let send = || server.send("POST", &format!("/api/inventory/{path}"), &[("Idempotency-Key", path)], body);
        let (first, again) = (send(), send());
        assert!(first.status < 300, "{path} {}", first.text());
        assert_eq!((again.status, again.text()), (first.status, first.text()), "{path}");
        assert_eq!(again.header("idempotent-replayed"), Some("true"), "{path}");
    };
    check("categories/", r#"{"name":"Books"}"#);
    check("products/", r#"{"name":"Novel","price":1,"category_id":1}"#);
    check("products/1/adjust/", r#"{"delta":5}"#);
    check("orders/bulk/", &format!("[{}]", order_of("Bob", 1, 1)));
    check("orders/1/transition/", r#"{"to":"processing"}"#);
    check("orders/1/cancel/", r#"{"reason":"changed her mind"}"#);
    assert_eq!(stock_of(&server, 1), (14, 15, 1));
}

#[test]
fn an_order_goes_its_way_and_takes_its_stock_along() {
    let server = shop();
    place(&server, "Alice");
    assert_eq!(stock_of(&server, 1), (9, 10, 1));
    for to in ["processing", "shipped", "delivered"] {
        let moved = move_to(&server, 1, to).expect(200).json();
        assert_eq!(moved.get("status").unwrap().text(), to);
    }
    assert_eq!(stock_of(&server, 1), (9, 9, 0));
    let history = server.get(&format!("{ORDERS}1/history/")).expect(200).json();
    let steps = history.rows().iter().map(|row| row.get("new_status").unwrap().text());
    assert_eq!(steps.collect::<Vec<_>>(), ["pending", "processing", "shipped", "delivered"]);
    move_to(&server, 1, "pending").expect_body(
        409,
        r#"{"detail":"Order 1 is delivered and cannot become pending. It has ended; no transition is possible."}"#,
    );
}

#[test]
fn a_wrong_transition_says_what_would_be_right() {
    let server = shop();
    place(&server, "Alice");
    let text = r#"{"detail":"Order 1 is pending and cannot become delivered. It can become processing or cancelled."}"#;
    move_to(&server, 1, "delivered").expect_body(409, text);
    move_to(&server, 1, "cancelled").expect_body(400, r#"{"reason":["This field is required."]}"#);
    move_to(&server, 1, "lost").expect_body(400, r#"{"to":["\"lost\" is not a valid choice."]}"#);
    server.post(&format!("{ORDERS}1/transition/"), "{}").expect_body(400, r#"{"to":["This field is required."]}"#);
    move_to(&server, 9, "shipped").expect_body(404, r#"{"detail":"No Order matches the given query."}"#);
}

#[test]
fn a_cancelled_order_gives_its_stock_back() {
    let server = shop();
    place(&server, "Alice");
    let cancel = |body: &str| server.post(&format!("{ORDERS}1/cancel/"), body);
    cancel("").expect_body(400, r#"{"reason":["This field is required."]}"#);
    cancel(r#"{"reason":" "}"#).expect_body(400, r#"{"reason":["This field may not be blank."]}"#);
    let cancelled = cancel(r#"{"reason":"changed her mind"}"#).expect(200).json();
    assert_eq!(cancelled.get("status_display").unwrap().text(), "Cancelled");
    assert_eq!(stock_of(&server, 1), (10, 10, 0));
    let history = server.get(&format!("{ORDERS}1/history/")).json();
    assert_eq!(history.rows()[1].get("reason").unwrap().text(), "changed her mind");
    cancel(r#"{"reason":"again"}"#).expect(409);
}

#[test]
fn contact_fields_change_only_while_pending() {
    let server = shop();
    place(&server, "Alice");
    let path = format!("{ORDERS}1/");
    let changed = server.patch(&path, r#"{"customer_name":" Al ","status":"shipped"}"#).expect(200).json();
    assert_eq!(changed.get("customer_name").unwrap().text(), "Al");
    assert_eq!(changed.get("status").unwrap().text(), "pending");
    let missing = server.put(&path, r#"{"customer_name":"Al"}"#).expect(400).json();
    assert_eq!(missing.get("delivery_address"), Some(&Json::parse(r#"["This field is required."]"#)));
    let whole = r#"{"customer_name":"B","customer_email":"b@example.com","customer_phone":"2","delivery_address":"y"}"#;
    assert_eq!(server.put(&path, whole).expect(200).json().get("customer_phone").unwrap().text(), "2");
    let with_items = server.patch(&path, r#"{"items":[]}"#).expect(400).json();
    assert!(with_items.get("items").is_some());
    move_to(&server, 1, "processing").expect(200);
    let fixed = r#"{"detail":"Order 1 is processing; its contact fields can only be changed while it is pending."}"#;
    server.patch(&path, r#"{"customer_name":"C"}"#).expect_body(409, fixed);
}

#[test]
fn only_an_ended_order_is_archived_and_it_stays_readable() {
    let server = shop();
    place(&server, "Alice");
    let path = format!("{ORDERS}1/");
    let open = r#"{"detail":"Order 1 is pending and cannot be deleted while it is open. Cancel it first."}"#;
    server.delete(&path).expect_body(409, open);
    server.post(&format!("{path}cancel/"), r#"{"reason":"x"}"#).expect(200);
    let gone = server.delete(&path).expect(204);
    assert_eq!(gone.body, b"");
    assert!(server.get(ORDERS).expect(200).ids().is_empty());
    server.get(&path).expect(200);
    assert_eq!(server.get(&format!("{path}history/")).expect(200).json().rows().len(), 2);
}

#[test]
fn lists_are_paged_by_a_cursor_in_a_link() {
    let server = shop();
    for name in ["Ann", "Bob", "Cem", "Dan", "Eve"] {
        place(&server, name);
    }
    let follow = |first: &str| {
        let mut pages = Vec::new();
        let mut path = first.to_owned();
        loop {
            let page = server.get(&path).expect(200);
            pages.push(page.ids());
            let Some(link) = page.header("link") else { return pages };
            let next = link.strip_prefix('<').and_then(|rest| rest.strip_suffix(r#">; rel="next""#));
            path = next.unwrap().to_owned();
        }
    };
    assert_eq!(follow("/api/inventory/orders/?limit=2"), [vec![5, 4], vec![3, 2], vec![1]]);
    assert_eq!(follow("/api/inventory/orders?ordering=customer_name&limit=3"), [vec![1, 2, 3], vec![4, 5]]);
    assert_eq!(
        follow("/api/inventory/orders/?search=e%20example&limit=1"),
        follow("/api/inventory/orders/?search=e,example&limit=1")
    );
    assert_eq!(follow("/api/inventory/products/?limit=1"), [[1], [2]]);
    assert_eq!(follow("/api/inventory/categories/?limit=1"), [[1]]);
    assert_eq!(follow(ORDERS), [[5, 4, 3, 2, 1]]);
    let rows = |path: &str| server.get(path).expect(200).json().rows().len();
    assert_eq!(rows("/api/inventory/products/1/movements/"), 6);
    let first = server.get("/api/inventory/products/1/movements/?limit=4").expect(200);
    let next = first.header("link").unwrap().trim_start_matches('<').split('>').next().unwrap().to_owned();
    assert_eq!(rows(&next), 2);
}

#[test]
fn a_wrong_parameter_is_named() {
    let server = shop();
    let check = |query: &str, name: &str| {
        let reply = server.get(&format!("{ORDERS}?{query}")).expect(400);
        assert!(reply.json().get(name).is_some(), "{query} {}", reply.text());
    };
    check("limit=0", "limit");
    check("limit=1001", "limit");
    check("limit=x", "limit");
    check("cursor=x", "cursor");
    check("cursor=7", "cursor");
    check("ordering=updated_at&cursor=1", "cursor");
    for name in ["cursor", "limit", "product"] {
        check(&format!("{name}=%2B1"), name);
    }
    check("status=lost", "status");
    assert!(server.get(&format!("{ORDERS}?status=lost")).text().contains("pending, processing, shipped"));
    server.get("/api/inventory/products/1/movements/?cursor=1").expect(400);
}

#[test]
fn orders_are_searched_filtered_and_sorted() {
    let server = shop();
    for (name, quantity) in [("Ann", 3), ("Bob", 1), ("Annabel", 2)] {
        server.post(ORDERS, &order_of(name, 1, quantity)).expect(201);
    }
    move_to(&server, 2, "processing").expect(200);
    let ids = |query: &str| server.get(&format!("{ORDERS}?{query}")).expect(200).ids();
    assert_eq!(ids("search=ANN"), [3, 1]);
    assert_eq!(ids("search=ann,bel"), [3]);
    assert_eq!(ids("search=processing"), [2]);
    assert_eq!(ids("search=bob%40example"), [2]);
    assert_eq!(ids("search="), [3, 2, 1]);
    assert_eq!(ids("status=pending"), [3, 1]);
    assert_eq!(ids("status=Processing"), [2]);
    assert_eq!(ids("status=delayed"), [0; 0]);
    assert_eq!(ids("ordering=id"), [1, 2, 3]);
    assert_eq!(ids("ordering=-created_at"), [3, 2, 1]);
    assert_eq!(ids("ordering=total_price"), [2, 3, 1]);
    assert_eq!(ids("ordering=-total_price"), [1, 3, 2]);
    assert_eq!(ids("ordering=customer_name"), [1, 3, 2]);
    assert_eq!(ids("ordering=-updated_at"), [2, 3, 1]);
    assert_eq!(ids("ordering=-last_transition_time"), [2, 3, 1]);
    assert_eq!(ids("ordering=bogus,status"), [1, 3, 2]);
    assert_eq!(ids("ordering=bogus"), [3, 2, 1]);
}

#[test]
fn an_order_that_outstays_its_stage_is_listed_as_delayed() {
    let server = stocked(Running::with(|settings| {
        settings.stages.pending_stale_after = Duration::from_millis(1);
        settings.watchdog.interval = Duration::from_millis(10);
    }));
    place(&server, "Ann");
    place(&server, "Bob");
    let delayed = || server.get(&format!("{ORDERS}delayed/")).expect(200).ids();
    for _ in 0..500 {
        if delayed().len() == 2 {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(delayed(), [2, 1]);
    let ids = |query: &str| server.get(&format!("{ORDERS}?{query}")).expect(200).ids();
    assert_eq!(ids("status=delayed"), [2, 1]);
    assert_eq!(ids("status=pending&delayed=true"), [2, 1]);
    assert_eq!(ids("delayed=false"), [0; 0]);
    let order = server.get(&format!("{ORDERS}1/")).json();
    assert_eq!(order.get("is_delayed"), Some(&Json::Bool(true)));
    assert!(order.get("delayed_since").unwrap().text().ends_with("+06:00"));
    move_to(&server, 1, "processing").expect(200);
    assert_eq!(delayed(), [2]);
    assert_eq!(ids("delayed=false"), [1]);
}

#[test]
fn stock_is_adjusted_against_what_was_seen() {
    let server = shop();
    place(&server, "Alice");
    let adjust = |body: &str| server.post("/api/inventory/products/1/adjust/", body);
    adjust(r#"{"delta":-3,"reason":"damaged"}"#).expect(200);
    assert_eq!(stock_of(&server, 1), (6, 7, 1));
    let stale = adjust(r#"{"set":40,"expected":10}"#).expect(409).json();
    assert_eq!(stale.get("current").unwrap().number(), 7);
    adjust(r#"{"set":40,"expected":7}"#).expect(200);
    assert_eq!(stock_of(&server, 1), (39, 40, 1));
    let below = adjust(r#"{"set":0}"#).expect(409).json();
    assert_eq!((below.get("on_hand").unwrap().number(), below.get("reserved").unwrap().number()), (40, 1));
    adjust("{}").expect_body(400, r#"{"non_field_errors":["Give either \"delta\" or \"set\"."]}"#);
    adjust(r#"{"delta":1,"set":1}"#).expect(400);
    adjust(r#"{"delta":2147483647}"#).expect(400);
    adjust(r#"{"set":-1}"#).expect_body(400, r#"{"set":["Ensure this value is greater than or equal to 0."]}"#);
    server.post("/api/inventory/products/9/adjust/", r#"{"delta":1}"#).expect(404);
    let rows = server.get("/api/inventory/products/1/movements/").json();
    let causes = rows.rows().iter().map(|row| row.get("cause").unwrap().text());
    assert_eq!(causes.collect::<Vec<_>>(), ["adjusted", "adjusted", "reserved", "received"]);
    assert_eq!(rows.rows()[1].get("reason").unwrap().text(), "damaged");
}

#[test]
fn a_product_is_edited_archived_and_deleted_by_its_rules() {
    let server = shop();
    let path = "/api/inventory/products/1/";
    server.patch(path, r#"{"stock":7,"description":"New"}"#).expect(200);
    assert_eq!(stock_of(&server, 1), (7, 7, 0));
    let kept = server.put(path, r#"{"name":"Phone 2","price":1,"category_id":1}"#).expect(200).json();
    assert_eq!(kept.get("description").unwrap().text(), "New");
    server
        .patch(path, r#"{"category_id":9}"#)
        .expect_body(400, r#"{"category_id":["Invalid pk \"9\" - object does not exist."]}"#);
    place(&server, "Alice");
    let in_use = r#"{"detail":"Product 1 is named by orders; archive it instead."}"#;
    server.delete(path).expect_body(409, in_use);
    server.patch(path, r#"{"archived":true}"#).expect(200);
    server
        .post(ORDERS, &order_of("Bob", 1, 1))
        .expect_body(400, r#"{"items":[{"product_id":["Product Phone 2 is archived and cannot be ordered."]}]}"#);
    // What was ordered stays as it was ordered.
    let order = server.get(&format!("{ORDERS}1/")).json();
    let details = order.get("items").unwrap().rows()[0].get("product_details").unwrap().clone();
    assert_eq!(details.get("name").unwrap().text(), "Phone 2");
    server.delete("/api/inventory/products/2/").expect(204);
    server.get("/api/inventory/products/2/").expect(404);
    let category = r#"{"detail":"Category 1 is used by 1 product; move or delete it first."}"#;
    server.delete("/api/inventory/categories/1/").expect_body(409, category);
    server
        .delete("/api/inventory/categories/9/")
        .expect_body(404, r#"{"detail":"No Category matches the given query."}"#);
    server.post("/api/inventory/categories/", r#"{"name":"Empty"}"#).expect(201);
    server.delete("/api/inventory/categories/2/").expect(204);
}

#[test]
fn an_expired_product_cannot_be_ordered() {
    let server = shop();
    let milk = r#"{"name":"Milk","price":1,"stock":5,"category_id":1,"expiry_date":"2020-01-31"}"#;
    server.post("/api/inventory/products/", milk).expect(201);
    let order = concat!(
        r#"{"customer_name":"A","customer_email":"a@example.com","customer_phone":"1","delivery_address":"x","#,
        r#""items":[{"product_id":1},{"product_id":3},{"product_id":2}]}"#
    );
    server.post(ORDERS, order).expect_body(
        400,
        r#"{"items":[{},{"product_id":["Product Milk expired on 2020-01-31 and cannot be ordered."]},{}]}"#,
    );
    assert_eq!(stock_of(&server, 1), (10, 10, 0));
}

#[test]
fn a_bulk_is_placed_as_a_whole_or_names_the_row_at_fault() {
    let server = shop();
    let bulk = |rows: &[String]| server.post("/api/inventory/orders/bulk/", &format!("[{}]", rows.join(",")));
    let short = bulk(&[order_of("Ann", 1, 1), order_of("Bob", 2, 9)]);
    let short = short.expect_body(400, r#"["Insufficient stock for Laptop"]"#);
    assert_eq!(short.header("packhorse-row"), Some("1"));
    let milk = r#"{"name":"Milk","price":1,"stock":5,"category_id":1,"expiry_date":"2020-01-31"}"#;
    server.post("/api/inventory/products/", milk).expect(201);
    let expired = bulk(&[order_of("Ann", 1, 1), order_of("Bob", 3, 1), order_of("Cem", 1, 1)]).expect_body(
        400,
        r#"[{},{"items":[{"product_id":["Product Milk expired on 2020-01-31 and cannot be ordered."]}]},{}]"#,
    );
    assert_eq!(expired.header("packhorse-row"), Some("1"));
    let missing = bulk(&[order_of("Ann", 1, 1), order_of("Bob", 9, 1)]).expect(400);
    assert_eq!(missing.header("packhorse-row"), Some("1"));
    assert!(server.get(ORDERS).ids().is_empty());
    // Each row sees what the rows before it left.
    bulk(&[order_of("Ann", 2, 3), order_of("Bob", 2, 3)]).expect(400);
    assert_eq!(bulk(&[order_of("Ann", 2, 3), order_of("Bob", 2, 2)]).expect(201).ids(), [1, 2]);
    assert_eq!(stock_of(&server, 2), (0, 5, 5));
}

#[test]
fn too_much_in_one_request_is_refused() {
    let server = stocked(Running::with(|settings| {
        settings.limits.bulk_orders = 2;
        settings.limits.order_lines = 2;
    }));
    let row = order_of("Ann", 1, 1);
    let bulk = format!("[{row},{row},{row}]");
    let reply = server.post("/api/inventory/orders/bulk/", &bulk).expect(400);
    assert!(reply.text().contains("at most 2"), "{}", reply.text());
    let lines = r#"{"product_id":1},"#.repeat(3);
    let order = row.replace(r#"{"product_id":1,"quantity":1}"#, lines.trim_end_matches(','));
    server.post(ORDERS, &order).expect_body(400, r#"{"items":["Ensure this field has no more than 2 elements."]}"#);
    server.post(ORDERS, &order_of("Ann", 1, 2_147_483_647)).expect(400);
}
