//! Reading, changing and writing back over the REST API: nobody undoes unseen what somebody else did, what is sent back
//! as it was read changes nothing, what is ignored is said, and what was changed is kept with who changed it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, unused_imports, reason = "shared with other tests, which need more of it")]
mod support;

use support::{Reply, Running};

const ORDERS: &str = "/api/inventory/orders/";
const PRODUCT: &str = "/api/inventory/products/1/";
const ORDER: &str = "/api/inventory/orders/1/";
const STRICT: (&str, &str) = ("Prefer", "handling=strict");

/// A shop with 150 phones and an order of four.
fn shop() -> Running {
    let server = Running::start();
    server.post("/api/inventory/categories/", r#"{"name":"Electronics"}"#).expect(201);
    let phone = r#"{"name":"Phone","price":"300.00","stock":150,"category_id":1}"#;
    server.post("/api/inventory/products/", phone).expect(201);
    server.post(ORDERS, &order("4")).expect(201);
    server
}

fn order(quantity: &str) -> String {
    format!(
        concat!(
            r#"{{"customer_name":"Ann","customer_email":"ann@example.com","customer_phone":"1","#,
            r#""delivery_address":"L1\nL2","items":[{{"product_id":1,"quantity":{}}}]}}"#
        ),
        quantity
    )
}

fn tag(reply: &Reply) -> String {
    reply.header("etag").expect("the answer has a tag").to_owned()
}

fn stock(server: &Running) -> [u64; 3] {
    let product = server.get(PRODUCT).expect(200).json();
    ["stock", "on_hand", "reserved"].map(|name| product.get(name).unwrap().number())
}

#[test]
fn a_tag_changes_with_the_answer_and_an_answer_that_is_known_is_not_sent_again() {
    let server = shop();
    for path in [ORDER, PRODUCT] {
        let first = server.get(path).expect(200);
        let known = tag(&first);
        for sent in [known.clone(), format!("\"x\", W/{known}"), "*".to_owned()] {
            let again = server.send("GET", path, &[("If-None-Match", &sent)], "").expect(304);
            assert_eq!((tag(&again), &*again.body), (known.clone(), &b""[..]), "{path} {sent}");
        }
        server.send("GET", path, &[("If-None-Match", "\"x\"")], "").expect(200);
    }
    let before = tag(&server.get(PRODUCT));
    // The product itself is the same, but less of it is available.
    server.post(ORDERS, &order("1")).expect(201);
    let after = server.send("GET", PRODUCT, &[("If-None-Match", &before)], "").expect(200);
    assert_ne!(tag(&after), before);
    server.send("PATCH", "/api/inventory/categories/1/", &[], r#"{"name":"Devices"}"#).expect(200);
    server.send("GET", PRODUCT, &[("If-None-Match", &tag(&after))], "").expect(200);
    let moved = server.post(&format!("{ORDER}transition/"), r#"{"to":"processing"}"#).expect(200);
    assert_eq!(tag(&moved), tag(&server.get(ORDER)));
}

#[test]
fn no_command_is_carried_out_on_what_somebody_else_changed_meanwhile() {
    let server = shop();
    let stale = tag(&server.get(ORDER));
    server.patch(ORDER, r#"{"customer_phone":"999"}"#).expect(200);
    let contact =
        r#"{"customer_name":"Eve","customer_email":"e@example.com","customer_phone":"1","delivery_address":"x"}"#;
    let commands = [
        ("PATCH", ORDER.to_owned(), r#"{"customer_name":"Eve"}"#),
        ("PUT", ORDER.to_owned(), contact),
        ("POST", format!("{ORDER}transition/"), r#"{"to":"processing"}"#),
        ("POST", format!("{ORDER}cancel/"), r#"{"reason":"x"}"#),
        ("DELETE", ORDER.to_owned(), ""),
    ];
    for (method, path, body) in &commands {
        let refused = server.send(method, path, &[("If-Match", &stale)], body).expect(412);
        assert_eq!(tag(&refused), "\"2\"", "{method} {path}");
        assert_eq!(refused.json().get("current").unwrap().number(), 2);
        for none in ["2", "", ","] {
            let malformed = server.send(method, path, &[("If-Match", none)], body).expect(400);
            assert!(malformed.text().starts_with(r#"{"detail":"If-Match: give the ETag"#), "{}", malformed.text());
        }
    }
    let now = server.get(ORDER).expect(200).json();
    assert_eq!((now.get("customer_phone").unwrap().text(), now.get("status").unwrap().text()), ("999", "pending"));

    let stale = tag(&server.get(PRODUCT));
    server.post(ORDERS, &order("1")).expect(201);
    let commands = [
        ("PATCH", PRODUCT.to_owned(), r#"{"price":"1.00"}"#),
        ("PUT", PRODUCT.to_owned(), r#"{"name":"P","price":"1.00","category_id":1}"#),
        ("POST", format!("{PRODUCT}adjust/"), r#"{"delta":-1}"#),
        ("DELETE", PRODUCT.to_owned(), ""),
    ];
    for (method, path, body) in &commands {
        let refused = server.send(method, path, &[("If-Match", &stale)], body).expect(412);
        assert_eq!(tag(&refused), tag(&server.get(PRODUCT)), "{method} {path}");
        assert_eq!(refused.json().get("reserved").unwrap().number(), 5);
    }
    assert_eq!(stock(&server), [145, 150, 5]);
    let fresh = tag(&server.get(PRODUCT));
    server.send("PATCH", PRODUCT, &[("If-Match", &fresh)], r#"{"price":"1.00"}"#).expect(200);
    let fresh = format!("\"1\", {}", tag(&server.get(ORDER)));
    server.send("POST", &format!("{ORDER}cancel/"), &[("If-Match", &fresh)], r#"{"reason":"x"}"#).expect(200);
    server.send("DELETE", ORDER, &[("If-Match", "*")], "").expect(204);
}

#[test]
fn a_repeated_request_is_answered_as_before_though_its_tag_is_old() {
    let server = shop();
    let headers = [("If-Match", "\"1\""), ("Idempotency-Key", "k1")];
    let path = format!("{ORDER}transition/");
    let first = server.send("POST", &path, &headers, r#"{"to":"processing"}"#).expect(200);
    let again = server.send("POST", &path, &headers, r#"{"to":"processing"}"#).expect(200);
    assert_eq!((again.header("idempotent-replayed"), &again.body), (Some("true"), &first.body));
    let refused = [("If-Match", "\"1\""), ("Idempotency-Key", "k2")];
    server.send("POST", &path, &refused, r#"{"to":"shipped"}"#).expect(412);
    let mended = [("If-Match", "\"2\""), ("Idempotency-Key", "k2")];
    server.send("POST", &path, &mended, r#"{"to":"shipped"}"#).expect(200);
}

#[test]
fn of_two_writers_who_read_the_same_version_one_wins() {
    let server = shop();
    let won = std::thread::scope(|scope| {
        let write = |name: String| {
            let server = &server;
            scope.spawn(move || {
                let body = format!(r#"{{"customer_name":"{name}"}}"#);
                server.send("PATCH", ORDER, &[("If-Match", "\"1\"")], &body).expect_one_of(&[200, 412]).status
            })
        };
        let writers: Vec<_> = (0..8).map(|number| write(format!("Writer {number}"))).collect();
        writers.into_iter().map(|writer| writer.join().unwrap()).filter(|status| *status == 200).count()
    });
    assert_eq!(won, 1);
}

#[test]
fn what_was_read_can_be_sent_back_and_invents_no_stock() {
    let server = shop();
    let read = server.get(PRODUCT).expect(200).text().to_owned();
    server.post(ORDERS, &order("2")).expect(201);
    assert_eq!(stock(&server), [144, 150, 6]);
    let renamed = read.replace("\"Phone\"", "\"Telephone\"");
    let put = server.put(PRODUCT, &renamed).expect(200);
    assert!(put.text().contains("Telephone"));
    assert_eq!(stock(&server), [144, 150, 6], "nobody asked for another stock");
    // Another stock than was read, made of figures that are no longer true.
    let counted = read.replace("\"stock\":146", "\"stock\":140");
    let stale = server.put(PRODUCT, &counted).expect(409).json();
    assert_eq!(stale.get("current").unwrap().number(), 144);
    assert_eq!(server.get(PRODUCT).json().get("name").unwrap().text(), "Telephone", "nothing of it was done");
    let fresh = server.get(PRODUCT).text().replace("\"stock\":144", "\"stock\":140");
    server.put(PRODUCT, &fresh).expect(200);
    assert_eq!(stock(&server), [140, 146, 6]);

    server.patch(PRODUCT, r#"{"stock":150,"expected":144}"#).expect(409);
    server.patch(PRODUCT, r#"{"stock":150,"expected":140}"#).expect(200);
    server.patch(PRODUCT, r#"{"price":"2.00","expected":140}"#).expect(409);
    assert_eq!(stock(&server), [150, 156, 6]);
    // Without a guard it is as with the predecessor.
    server.patch(PRODUCT, r#"{"stock":100}"#).expect(200);
    assert_eq!(stock(&server), [100, 106, 6]);

    let order = server.get(ORDER).expect(200).text().to_owned();
    server.put(ORDER, &order.replace("\"Ann\"", "\"Eve\"")).expect(200);
    assert_eq!(server.get(ORDER).json().get("customer_name").unwrap().text(), "Eve");
    for (from, to) in
        [("\"quantity\":4", "\"quantity\":5"), ("\"product_id\":1", "\"product_id\":2"), ("}],", "},{}],")]
    {
        let changed = order.replace(from, to);
        assert_ne!(changed, order);
        assert!(server.put(ORDER, &changed).expect(400).text().contains("Items cannot be changed"), "{to}");
    }
    server.put(ORDER, &order.replace("\"quantity\":4,", "")).expect(400);
}

#[test]
fn what_has_no_effect_is_named_and_refused_to_the_strict() {
    let server = shop();
    let named = |reply: &Reply| reply.header("packhorse-ignored").unwrap_or_default().to_owned();
    let check = |method: &str, path: &str, body: &str, status: u16, names: &str| {
        let strict = server.send(method, path, &[STRICT], body).expect(400);
        assert_eq!((named(&strict), strict.header("preference-applied")), (names.into(), Some(STRICT.1)), "{path}");
        assert!(strict.text().contains(names), "{}", strict.text());
        let reply = server.send(method, path, &[], body).expect(status);
        assert_eq!((named(&reply), reply.header("preference-applied")), (names.into(), None), "{method} {path}");
        reply
    };
    check("PATCH", ORDER, r#"{"status":"shipped","customer_phone":"2"}"#, 200, "status");
    check("PATCH", PRODUCT, r#"{"on_hand":3,"reserved":1}"#, 200, "on_hand, reserved");
    check("POST", &format!("{ORDERS}?dryrun=true"), &order("1"), 201, "dryrun");
    let line = order("1").replace("\"product_id\"", "\"unit_price\":\"1.00\",\"product_id\"");
    check(
        "POST",
        ORDERS,
        &line.replace('{', "{\"é,\":1,").replacen("\"é,\":1,", "", 1),
        201,
        "items.%C3%A9%2C, items.unit_price",
    );
    let bulk = format!("[{},{}]", order("1"), order("1").replacen('{', "{\"metadata\":{},", 1));
    check("POST", &format!("{ORDERS}bulk/"), &bulk, 201, "metadata");
    check("POST", &format!("{ORDERS}bulk/?dry_run=true"), &bulk, 200, "metadata");
    check("GET", &format!("{ORDER}history/?force=1"), "", 200, "force");
    check(
        "POST",
        &format!("{ORDER}transition/"),
        r#"{"to":"processing","tracking_number":"1"}"#,
        200,
        "tracking_number",
    );
    let both = server.post(&format!("{ORDER}cancel/?force=1"), r#"{"reason":"x","refund":true}"#).expect(200);
    assert_eq!(named(&both), "force, refund");
    check(
        "GET",
        &format!("{ORDERS}?archived=true&stauts=cancelled&limit=2&offset=2&page=2"),
        "",
        200,
        "archived, stauts, offset, page",
    );
    check("GET", &format!("{ORDER}?expand=x"), "", 200, "expand");
    check("PUT", "/api/inventory/categories/1/", r#"{"name":"A","id":7}"#, 200, "id");
    let refused = server.post(&format!("{ORDERS}?page=1"), "{}").expect(400);
    assert_eq!(named(&refused), "page", "also when something else is wrong");
    for (method, path, body) in [("GET", ORDERS, ""), ("PATCH", PRODUCT, r#"{"price":"2.00"}"#)] {
        let good = server.send(method, path, &[STRICT], body).expect(200);
        assert_eq!((named(&good), good.header("preference-applied")), (String::new(), Some(STRICT.1)));
    }
}

#[test]
fn a_condition_that_nobody_looks_at_is_named_and_refused_to_the_strict() {
    let server = shop();
    let bulk = format!("[{}]", order("1"));
    let requests = [
        ("PUT", "/api/inventory/categories/1/", r#"{"name":"A"}"#, 200),
        ("PATCH", "/api/inventory/categories/1/", r#"{"name":"B"}"#, 200),
        ("POST", "/api/inventory/categories/", r#"{"name":"C"}"#, 201),
        ("POST", ORDERS, &order("1"), 201),
        ("POST", "/api/inventory/orders/bulk/", &bulk, 201),
        ("GET", ORDER, "", 200),
        ("GET", ORDERS, "", 200),
        ("GET", "/api/inventory/products/", "", 200),
        ("GET", "/api/inventory/categories/", "", 200),
        ("GET", "/api/inventory/categories/1/", "", 200),
        ("GET", "/api/overview/", "", 200),
        ("DELETE", "/api/inventory/categories/2/", "", 204),
    ];
    let tag = ("If-Match", "\"1\"");
    for (method, path, body, status) in requests {
        let strict = server.send(method, path, &[tag, STRICT], body).expect(400);
        assert!(strict.text().contains("If-Match would have no effect here"), "{}", strict.text());
        let reply = server.send(method, path, &[tag], body).expect(status);
        assert_eq!(reply.header("packhorse-ignored"), Some("If-Match"), "{method} {path}");
        let has_tag = method == "GET" && reply.header("etag").is_some();
        assert_eq!(has_tag, path == ORDER, "{path}: a read shows a tag where a condition can use it");
    }
    let list = server.send("GET", ORDERS, &[("If-None-Match", "*")], "").expect(200);
    assert_eq!(list.header("packhorse-ignored"), None, "whoever asks so takes the whole");
    let patch = |headers: &[(&str, &str)]| server.send("PATCH", ORDER, headers, r#"{"customer_phone":"2"}"#);
    let reply = patch(&[tag, STRICT]).expect(200);
    assert_eq!(reply.header("packhorse-ignored"), None);
    let reply = patch(&[("If-None-Match", "*")]).expect(200);
    assert_eq!(reply.header("packhorse-ignored"), Some("If-None-Match"));
    patch(&[("If-Match", "\"2,3\"")]).expect(412);
    // A date is no state: no answer has a Last-Modified, and a guard that does not guard must not look like one.
    let unmodified = ("If-Unmodified-Since", "Mon, 23 Nov 2026 08:00:00 GMT");
    let strict = patch(&[unmodified, STRICT]).expect(400);
    assert!(strict.text().contains("If-Unmodified-Since would have no effect here"), "{}", strict.text());
    let reply = patch(&[unmodified]).expect(200);
    assert_eq!(reply.header("packhorse-ignored"), Some("If-Unmodified-Since"));
    let reply = patch(&[("If-Match", "*"), unmodified, STRICT]);
    assert_eq!(
        (reply.status, reply.header("packhorse-ignored")),
        (200, None),
        "beside a tag the date counts for nothing"
    );
}

#[test]
fn more_than_can_be_counted_is_named_by_the_field_that_asked_for_it() {
    let server = shop();
    let check = |method: &str, path: &str, body: &str, refused: &str| {
        let most = "at most 2147483647 can be on hand.";
        server.send(method, path, &[], body).expect_body(400, &refused.replace('$', most));
    };
    let by = r#"{"delta":["Ensure this value is less than or equal to 2147483497: $"]}"#;
    check("POST", &format!("{PRODUCT}adjust/"), r#"{"delta": 2147483498}"#, by);
    let stock = r#"{"stock":["Ensure this value is less than or equal to 2147483643: $"]}"#;
    check("PATCH", PRODUCT, r#"{"stock": 2147483644}"#, stock);
    server.send("PATCH", PRODUCT, &[], r#"{"stock": 2147483643}"#).expect(200);
    check("POST", &format!("{PRODUCT}adjust/"), r#"{"delta": 1}"#, &by.replace("2147483497", "0"));
}

#[test]
fn a_parameter_that_is_given_twice_is_refused_and_nothing_is_done() {
    let server = shop();
    let check = |method: &str, path: &str, body: &str, name: &str| {
        let refused = server.send(method, path, &[], body).expect(400).json();
        let said = refused.get(name).unwrap().rows()[0].text().to_owned();
        assert_eq!(said, "This parameter is there more than once. Give it once.", "{path}");
    };
    for query in ["dry_run=true&dry_run=false", "dry_run=true&dry_run=true", "dry%5Frun=true&dry_run=false"] {
        check("POST", &format!("{ORDERS}?{query}"), &order("1"), "dry_run");
        check("POST", &format!("{ORDERS}bulk/?{query}"), &format!("[{}]", order("1")), "dry_run");
    }
    assert_eq!(server.get(ORDERS).ids(), [1], "no order was placed");
    check("GET", &format!("{ORDERS}?customer=a&status=pending&customer=b"), "", "customer");
    check("GET", "/api/inventory/products/?limit=1&limit=2", "", "limit");
    check("GET", "/api/inventory/products/1/movements/?cursor=&cursor=2", "", "cursor");
    server.get(&format!("{ORDERS}?status=pending&status=shipped&page=1&page=2")).expect(200);
    // Whoever writes a name in another way gets a link that can be followed.
    server.post(ORDERS, &order("1")).expect(201);
    server.post(ORDERS, &order("1")).expect(201);
    let first = server.get(&format!("{ORDERS}?limit=1&%63ursor=")).expect(200);
    let next = first.header("link").unwrap().split(['<', '>']).nth(1).unwrap().to_owned();
    server.get(&next).expect(200);
}

#[test]
fn a_single_order_can_be_tried_without_placing_it() {
    let server = shop();
    let path = format!("{ORDERS}?dry_run=true");
    let tried = server.post(&path, &order("3")).expect(200).json();
    assert_eq!(tried.get("status").unwrap().number(), 201);
    let row = &tried.get("rows").unwrap().rows()[0];
    assert_eq!(row.get("order").unwrap().get("total_price").unwrap().text(), "900.00");
    let short = server.post(&path, &order("999")).expect(200);
    assert!(short.text().contains("Insufficient stock for product Phone."), "{}", short.text());
    let wrong = server.post(&path, &order("0")).expect(200).json();
    assert_eq!(wrong.get("status").unwrap().number(), 400);
    server.post(&path, "[").expect(400);
    server.post(&format!("{ORDERS}?dry_run=maybe"), &order("1")).expect(400);
    assert_eq!((server.get(ORDERS).ids(), stock(&server)), (vec![1], [146, 150, 4]));
}

#[test]
fn a_changed_contact_stays_in_the_timeline_with_both_texts_and_who() {
    let server = shop();
    server.patch(ORDER, r#"{"delivery_address":"Elm St 5","customer_phone":"1"}"#).expect(200);
    server.post(&format!("{ORDER}cancel/"), r#"{"reason":"late"}"#).expect(200);
    server.delete(ORDER).expect(204);
    let timeline = server.get(&format!("{ORDER}timeline/")).expect(200).json();
    let row = |row: &support::Json| {
        let text = |name: &str| row.get(name).unwrap().to_string();
        [text("sequence"), text("type"), text("who"), text("reason"), text("data")].join(" ")
    };
    assert_eq!(
        timeline.rows().iter().map(row).collect::<Vec<_>>(),
        [
            r#"1 "placed" "client" null {}"#,
            r#"2 "contact_changed" "client" null {"delivery_address":{"before":"L1\nL2","after":"Elm St 5"}}"#,
            r#"3 "cancelled" "client" "late" {"from":"pending"}"#,
            r#"4 "archived" "client" null {}"#,
        ]
    );
    let history = server.get(&format!("{ORDER}history/")).expect(200).json();
    assert_eq!(history.rows().len(), 2, "the history is what it was: transitions");
    server.get(&format!("{ORDERS}9/timeline/")).expect(404);
}

#[test]
fn a_number_that_may_mean_a_thousand_is_refused_at_every_door_of_the_api() {
    let server = shop();
    let check = |method: &str, path: &str, body: &str| {
        let refused = server.send(method, path, &[], body).expect(400);
        assert!(refused.text().contains("write 1000 or 1."), "{path} {body}: {}", refused.text());
    };
    let adjust = format!("{PRODUCT}adjust/");
    check("POST", &adjust, r#"{"set":"1.000"}"#);
    check("POST", &adjust, r#"{"delta":"1,000"}"#);
    check("POST", &adjust, r#"{"set":1,"expected":"1.000"}"#);
    check("PATCH", PRODUCT, r#"{"stock":"1.000"}"#);
    check("PATCH", PRODUCT, r#"{"stock":1,"expected":"1.000"}"#);
    check("POST", ORDERS, &order("\"1.000\""));
    assert_eq!(stock(&server), [146, 150, 4]);
    server.post(&adjust, r#"{"delta":"−2"}"#).expect(200);
    server.post(&adjust, r#"{"delta":-2.000}"#).expect(200);
    server.post(ORDERS, &order("\"1.0\"")).expect(201);
    assert_eq!(stock(&server), [141, 146, 5]);
}
