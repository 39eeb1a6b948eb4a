//! What every page shows.

use std::time::Duration;

use packhorse::domain::order::After;

use super::browser::{filled, holds, page};
use crate::support::Running;

#[test]
fn every_page_answers_and_says_what_it_is() {
    let server = filled();
    let check = |path: &str, texts: &[&str]| holds(&page(&server, path), texts);
    check(
        "/",
        &["<h1>Overview</h1>", "Orders by stage", "Low stock", "Accepting orders", "Commit, last", "Last checkpoint"],
    );
    check("/orders/", &["<h1>Orders</h1>", "Alice", "Eve", "2 × Phone", "599.98", "name=\"customer\""]);
    check("/orders/new/", &["<h1>New order</h1>", "Phone, 299.99 (92 available)", "Place the order"]);
    check("/orders/1/", &["Order 1", "Start processing", "Cancel the order", "Change the contact", "Placed"]);
    check("/orders/2/", &["Mark as shipped", "Can be changed only while the order is pending."]);
    check("/orders/3/", &["changed her mind", "back in stock", "Archive", "the order has ended"]);
    check("/delayed/", &["Nothing is delayed"]);
    check("/products/", &["<h1>Products</h1>", "Phone", "Case", "Low"]);
    check("/products/new/", &["New product", "Price per unit", "Phones"]);
    check(
        "/products/1/",
        &[
            "Why is this number?",
            "Reserved for an order",
            "Received",
            "Correct stock",
            "Order cancelled, available again",
        ],
    );
    check("/products/1/edit/", &["value=\"299.99\"", "Save"]);
    check("/categories/", &["Phones", "Rename"]);
    check("/upload/", &["CSV template", "Try it out"]);
    check("/find/?q=phone", &["Products", "Phone"]);
    check("/settings/", &["Settings in force", "journal.segment_bytes", "64 MiB", "Size of a segment file"]);
}

#[test]
fn an_empty_engine_says_what_to_do() {
    let server = Running::start();
    let overview = page(&server, "/");
    holds(&overview, &["Nothing can be ordered yet", "Add a category", "There are no products yet."]);
    assert!(!overview.contains("units of every product"), "there is none");
    holds(&page(&server, "/orders/"), &["No orders yet", "Place the first one"]);
    holds(&page(&server, "/products/"), &["The catalogue is empty"]);
    holds(&page(&server, "/categories/"), &["No categories yet"]);
    holds(&page(&server, "/find/"), &["What are you looking for?"]);
}

#[test]
fn what_does_not_exist_is_a_page_too() {
    let server = filled();
    for path in ["/admin/orders/99/", "/admin/orders/x/", "/admin/products/9/", "/admin/nothing/", "/admin/upload/0/"] {
        let reply = server.get(path).expect(404);
        holds(reply.text(), &["Not found", "To the overview", "<nav"]);
    }
    super::browser::submit(&server, "/orders/1/", "/delayed/", &[]).expect(405);
}

#[test]
fn a_hostile_name_stays_text() {
    let server = filled();
    let evil = r#"<script>alert(1)</script>\"'><img src=x>"#;
    server.post("/api/inventory/orders/", &super::browser::order(evil)).expect(201);
    let product =
        format!(r#"{{"name": "{evil}", "description": "{evil}", "price": "1", "stock": 1, "category_id": 1}}"#);
    server.post("/api/inventory/products/", &product).expect(201);
    server.patch("/api/inventory/categories/1/", &format!(r#"{{"name": "{evil}"}}"#)).expect(200);
    server.post("/api/inventory/orders/6/cancel/", &format!(r#"{{"reason": "{evil}"}}"#)).expect(200);
    let query = "%3Cscript%3Ealert(1)%3C/script%3E%22%27%3E";
    let paths = [
        "/",
        "/orders/",
        "/orders/6/",
        "/orders/new/",
        "/products/",
        "/products/3/",
        "/products/3/edit/",
        "/categories/",
        &format!("/orders/?search={query}&customer={query}&product={query}&from={query}"),
        &format!("/find/?q={query}"),
        &format!("/products/?search={query}&category={query}"),
        &format!("/products/1/?note={query}&before={query}&was={query}"),
        &format!("/delayed/?note={query}&order={query}"),
    ];
    for path in paths {
        let page = page(&server, path);
        assert!(!page.contains("<script>"), "{path}");
        assert!(!page.contains("<img src=x"), "{path}");
        assert!(!page.contains("\"'>"), "{path}: an attribute is left");
    }
    holds(&page(&server, "/orders/6/"), &["&lt;script&gt;"]);
}

/// `page` without what stands in the fields of its forms, which comes back as it was typed.
fn shown(page: &str) -> String {
    let cut = |text: &str, from: &str, to: &str| -> String {
        let mut parts = text.split(from);
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |text, part| text + part.split_once(to).map_or("", |(_, rest)| rest))
    };
    cut(&cut(page, " value=\"", "\""), "<textarea", "</textarea>")
}

#[test]
fn what_somebody_wrote_turns_no_letter_of_a_page_around() {
    let server = filled();
    let evil = "\u{202E}live\u{2066}";
    let order = super::browser::order(evil).replace("\"Here\"", &format!("\"Here {evil}\""));
    for _ in 0..2 {
        server.post("/api/inventory/orders/", &order).expect(201);
    }
    let address = format!(r#"{{"delivery_address": "There {evil}"}}"#);
    server.patch("/api/inventory/orders/7/", &address).expect(200);
    server.post("/api/inventory/orders/7/transition/", r#"{"to": "processing"}"#).expect(200);
    server.post("/api/inventory/orders/6/cancel/", &format!(r#"{{"reason": "{evil}"}}"#)).expect(200);
    let product =
        format!(r#"{{"name": "{evil}", "description": "{evil}", "price": "1", "stock": 1, "category_id": 1}}"#);
    server.post("/api/inventory/products/", &product).expect(201);
    server.patch("/api/inventory/categories/1/", &format!(r#"{{"name": "{evil}"}}"#)).expect(200);
    let query = "%E2%80%AElive";
    let paths = [
        "/",
        "/orders/",
        "/orders/6/?note=cancelled",
        "/orders/7/",
        "/orders/new/",
        "/products/",
        "/products/3/",
        "/products/3/edit/",
        "/categories/",
        "/audit/",
        &format!("/find/?q={query}"),
        &format!("/orders/?search={query}&customer={query}"),
    ];
    let odd = ['\u{202E}', '\u{2066}'];
    for path in paths {
        let page = page(&server, path);
        assert!(!shown(&page).contains(odd), "{path}: {page}");
    }
    let stale = [("customer_name", evil), ("version", "1"), ("delivery_address", evil)];
    let unsaved = super::browser::submit(&server, "/orders/7/", "/orders/7/contact/", &stale);
    holds(unsaved.text(), &["[U+202E]live"]);
    assert!(!shown(unsaved.text()).contains(odd), "{}", unsaved.text());
    let chosen = [("id", "7"), ("to", "shipped")];
    let many = super::browser::submit(&server, "/orders/", "/orders/bulk/", &chosen);
    let many = page(&server, super::browser::goes_to(&many).strip_prefix("/admin").unwrap());
    holds(&many, &["[U+202E]live"]);
    assert!(!shown(&many).contains(odd), "{many}");
    holds(&page(&server, "/orders/7/"), &["Ship order 7: <bdi>[U+202E]live"]);
    // A form sends back what it got.
    holds(&page(&server, "/products/3/edit/"), &[&format!("value=\"{evil}\"")]);
}

#[test]
fn filters_choose_what_the_list_shows() {
    let server = filled();
    let ids = |query: &str| -> Vec<u64> {
        let page = page(&server, &format!("/orders/?{query}"));
        let ids = page.split("<td data-label=\"Order\"><a href=\"/admin/orders/").skip(1);
        ids.map(|rest| rest.split('/').next().unwrap().parse().unwrap()).collect()
    };
    assert_eq!(ids(""), [5, 4, 3, 2, 1]);
    assert_eq!(ids("status=pending"), [5, 4, 1]);
    assert_eq!(ids("status=cancelled"), [3]);
    assert_eq!(ids("search=bo"), [2]);
    assert_eq!(ids("customer=ALICE"), [1]);
    assert_eq!(ids("product=1"), [5, 4, 3, 2, 1]);
    assert!(ids("product=2").is_empty());
    assert!(ids("delayed=true").is_empty());
    assert_eq!(ids("from=2020-01-01&to=2099-01-01"), [5, 4, 3, 2, 1]);
    assert!(ids("to=2020-01-01").is_empty());
    assert!(ids("from=2099-01-01").is_empty());
    assert_eq!(ids("below=4"), [3, 2, 1]);
    holds(
        &page(&server, "/orders/?from=yesterday"),
        &["Placed from: Give a date such as 2026-11-28.", "value=\"yesterday\""],
    );
    holds(&page(&server, "/orders/?product=2"), &["No matching orders"]);
    for wrong in ["from=foo", "product=abc", "from=2026-11-24&to=2026-11-23", "status=lost"] {
        let page = page(&server, &format!("/orders/?{wrong}"));
        holds(&page, &["class=\"notice bad\""]);
        assert!(!page.contains("No orders yet"), "{wrong}");
    }
}

#[test]
fn pages_lead_through_all_orders_once() {
    let server = filled();
    let body = format!(
        "[{}]",
        vec![super::browser::order("Zoe").replace("\"product_id\": 1, \"quantity\": 2", "\"product_id\": 3"); 120]
            .join(",")
    );
    server
        .post("/api/inventory/products/", r#"{"name": "Screw", "price": "0.10", "stock": 500, "category_id": 1}"#)
        .expect(201);
    server.post("/api/inventory/orders/bulk/", &body).expect(201);
    let (mut seen, mut path) = (Vec::new(), "/orders/?customer=zoe".to_owned());
    for _ in 0..10 {
        let page = page(&server, &path);
        let ids = page.split("<td data-label=\"Order\"><a href=\"/admin/orders/").skip(1);
        seen.extend(ids.map(|rest| rest.split('/').next().unwrap().parse::<u64>().unwrap()));
        let Some((_, rest)) = page.split_once("rel=\"next\" href=\"/admin") else { break };
        path = rest.split('"').next().unwrap().replace("&amp;", "&").replace("&#x3d;", "=");
    }
    assert!(seen.iter().copied().eq((6..=125).rev()), "{seen:?}");
}

#[test]
fn a_number_in_the_search_box_leads_to_the_order_and_one_of_a_telephone_to_the_customer() {
    let server = filled();
    assert_eq!(super::browser::goes_to(&server.get("/admin/find/?q=%234")), "/admin/orders/4/");
    holds(&page(&server, "/find/?q=77"), &["No matches"]);
    holds(&page(&server, "/find/?q=carol"), &["Carol", "/admin/orders/3/"]);
    // What begins with a sign is a telephone number, and only its digits count.
    let order = r#"{"customer_name": "Dilip", "customer_email": "d@example.com", "customer_phone": "+88 01712-345678",
        "delivery_address": "Here", "items": [{"product_id": 1}]}"#;
    server.post("/api/inventory/orders/", order).expect(201);
    for phone in ["%2B88+017", "01712+345", "(017)+12-34", "%2B8"] {
        holds(&page(&server, &format!("/find/?q={phone}")), &["Dilip"]);
    }
    holds(&page(&server, "/find/?q=%2B999"), &["No matches"]);
    // Also where there is an order of that number.
    for phone in ["%2B4", "%2B1", "%23%2B4"] {
        server.get(&format!("/admin/find/?q={phone}")).expect(200);
    }
    holds(&page(&server, "/find/?q=%2B4"), &["Dilip"]);
}

#[test]
fn a_delayed_order_is_on_the_board_and_on_the_overview() {
    let server = Running::with(|settings| {
        settings.stages.pending_stale_after = std::time::Duration::from_millis(1);
        settings.watchdog.interval = std::time::Duration::from_millis(10);
    });
    server.post("/api/inventory/categories/", r#"{"name": "Phones"}"#).expect(201);
    let product = r#"{"name": "Phone", "price": "299.99", "stock": 100, "category_id": 1}"#;
    server.post("/api/inventory/products/", product).expect(201);
    server.post("/api/inventory/orders/", &super::browser::order("Alice")).expect(201);
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while !page(&server, "/delayed/").contains("Order 1") {
        assert!(std::time::Instant::now() < deadline, "the order is flagged");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    holds(&page(&server, "/delayed/"), &["Alice", "Start processing", "Cancel order 1"]);
    holds(&page(&server, "/"), &["1 delayed", "Alice"]);
    holds(&page(&server, "/orders/?delayed=true"), &["Alice", "Delayed"]);
    let moved =
        super::browser::submit(&server, "/delayed/", "/orders/1/move/", &[("to", "processing"), ("from", "delayed")]);
    assert_eq!(super::browser::goes_to(&moved), "/admin/delayed/?note=moved&order=1");
    holds(&page(&server, "/delayed/?note=moved&order=1"), &["Order 1</a> was moved on", "Nothing is delayed"]);
}

#[test]
fn the_overview_says_that_orders_move_on_before_anybody_could_do_anything() {
    let text = |after: &str| {
        let after = after.to_owned();
        let server = Running::with(move |settings| {
            for stage in [&mut settings.stages.pending_after, &mut settings.stages.shipped_after] {
                *stage = if after == "manual" { After::Manual } else { After::Span(Duration::from_secs(5)) };
            }
            settings.stages.processing_after = After::Span(Duration::from_hours(1));
        });
        page(&server, "/")
    };
    holds(&text("5s"), &["Orders move on by themselves: Pending after 5s, Shipped after 5s.", "stages.pending.after"]);
    assert!(!text("manual").contains("move on by themselves"), "people move them");
}

#[test]
fn the_overview_says_how_many_idempotency_keys_are_remembered_of_how_many() {
    let server = Running::with(|settings| settings.retention.idempotency_keys_max = 1_234);
    let shown = || page(&server, "/").split_once("<dt>Idempotency keys</dt><dd>").unwrap().1.to_owned();
    assert!(shown().starts_with("0 <span class=\"soft block\">of at most 1,234</span>"), "{}", shown());
    let keyed = [("Idempotency-Key", "one"), ("Content-Type", "application/json")];
    server.send("POST", "/api/inventory/categories/", &keyed, r#"{"name": "Phones"}"#).expect(201);
    assert!(shown().starts_with("1 "), "{}", shown());
}

#[test]
fn the_charts_count_what_happened() {
    let server = filled();
    let trend = server.get("/api/overview/trend/").expect(200);
    assert_eq!(trend.header("content-type"), Some("application/json"));
    let trend = trend.json();
    let at = trend.get("at").unwrap().rows().len();
    for series in ["placed", "delivered", "cancelled", "pending", "processing", "shipped"] {
        assert_eq!(trend.get(series).unwrap().rows().len(), at, "{series}");
    }
    assert!(at > 300, "an hour of them");
}

#[test]
fn stock_is_low_from_the_number_of_the_settings_on() {
    let with = |low: u32| {
        let server = Running::with(|settings| settings.stock.low = low);
        server.post("/api/inventory/categories/", r#"{"name": "Phones"}"#).expect(201);
        let case = r#"{"name": "Case", "price": "9.50", "stock": 3, "category_id": 1}"#;
        server.post("/api/inventory/products/", case).expect(201);
        ["/", "/products/?low=1", "/products/1/"].map(|path| page(&server, path))
    };
    let [overview, list, product] = with(3);
    holds(&overview, &["Case</bdi></a>"]);
    holds(&list, &["Low stock (at most 3)", "Case</bdi></a>"]);
    holds(&product, &["available (low)"]);
    let [overview, list, product] = with(2);
    holds(&overview, &["More than 2 units of every product are available."]);
    assert!(!list.contains("Case</bdi></a>") && !product.contains("available (low)"));
}
