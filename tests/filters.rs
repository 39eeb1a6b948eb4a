//! What lists hold: the filters of orders and products, over HTTP.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, unused_imports, reason = "shared with other tests, which need more of it")]
mod support;

use support::Running;

const ORDERS: &str = "/api/inventory/orders/";
const PRODUCTS: &str = "/api/inventory/products/";

/// A phone, a case of which there are few, a pager that is archived, and orders of Ann, Bob and Annabel.
fn shop() -> Running {
    let server = Running::start();
    let post = |path: &str, body: &str| server.post(path, body).expect(201);
    for name in ["Phones", "Covers"] {
        post("/api/inventory/categories/", &format!(r#"{{"name": "{name}"}}"#));
    }
    for (name, stock, category) in [("Phone", 100, 1), ("Phone case", 5, 2), ("Pager", 5, 1)] {
        let body = format!(r#"{{"name": "{name}", "price": "9.50", "stock": {stock}, "category_id": {category}}}"#);
        post(PRODUCTS, &body);
    }
    server.send("PATCH", "/api/inventory/products/3/", &[], r#"{"archived": true}"#).expect(200);
    for (name, phone, product) in [("Ann", "0170", 1), ("Bob", "0171", 2), ("Annabel", "0172", 1)] {
        let items = format!(r#"[{{"product_id": 1}}, {{"product_id": {product}}}]"#);
        post(
            ORDERS,
            &format!(
                r#"{{"customer_name": "{name}", "customer_email": "{name}@example.com", "customer_phone": "{phone}", "delivery_address": "Here", "items": {items}}}"#
            ),
        );
    }
    server
}

#[test]
fn orders_by_customer_product_day_and_delay() {
    let server = shop();
    let ids = |query: &str| server.get(&format!("{ORDERS}?{query}")).expect(200).ids();
    assert_eq!(ids("customer=ann"), [3, 1]);
    assert_eq!(ids("customer=0171"), [2]);
    assert_eq!(ids("customer=%20"), [3, 2, 1]);
    assert_eq!(ids("product=2"), [2]);
    assert_eq!(ids("product=1&customer=annabel"), [3]);
    assert_eq!(ids("product=77"), [0; 0]);
    assert_eq!(ids("delayed=true"), [0; 0]);
    assert_eq!(ids("delayed=false&ordering=id"), [1, 2, 3]);
    assert_eq!(ids("status=pending&delayed=true"), [0; 0]);
    assert_eq!(ids("customer=&product=&from=&to=&status="), [3, 2, 1]);

    // Times are shown in the server's zone, whose days these are.
    let first = server.get(&format!("{ORDERS}1/")).json().get("created_at").unwrap().text()[..10].to_owned();
    let last = server.get(&format!("{ORDERS}3/")).json().get("created_at").unwrap().text()[..10].to_owned();
    let day = |text: &str| text.parse::<chrono::NaiveDate>().unwrap();
    let (before, after) = (day(&first).pred_opt().unwrap(), day(&last).succ_opt().unwrap());
    assert_eq!(ids(&format!("from={first}&to={last}")), [3, 2, 1]);
    assert_eq!(ids(&format!("from={first}&to={last}&ordering=id&limit=2")), [1, 2]);
    assert_eq!(ids(&format!("from={first}&ordering=id&cursor=2")), [3]);
    assert_eq!(ids(&format!("to={last}&cursor=2")), [1]);
    assert_eq!(ids(&format!("from={after}")), [0; 0]);
    assert_eq!(ids(&format!("from={after}&ordering=id")), [0; 0]);
    assert_eq!(ids(&format!("to={before}")), [0; 0]);
    assert_eq!(ids(&format!("to={before}&ordering=-total_price")), [0; 0]);
    assert_eq!(ids("from=0001-01-01&to=9999-12-31"), [3, 2, 1]);
}

#[test]
fn products_by_name_category_archive_and_stock() {
    let server = shop();
    let ids = |query: &str| server.get(&format!("{PRODUCTS}?{query}")).expect(200).ids();
    assert_eq!(ids(""), [1, 2, 3]);
    assert_eq!(ids("search=PHONE"), [1, 2]);
    assert_eq!(ids("search=phone,case"), [2]);
    assert_eq!(ids("category=1"), [1, 3]);
    assert_eq!(ids("category=9"), [0; 0]);
    assert_eq!(ids("archived=true"), [3]);
    assert_eq!(ids("archived=false"), [1, 2]);
    assert_eq!(ids("available_max=4"), [2], "one of five is reserved");
    assert_eq!(ids("available_max=0"), [0; 0]);
    let first = server.get(&format!("{PRODUCTS}?available_max=5&limit=1")).expect(200);
    let next = first.header("link").unwrap().trim_start_matches('<').split('>').next().unwrap().to_owned();
    assert_eq!(server.get(&next).expect(200).ids(), [3], "the filter goes along");
}

#[test]
fn a_filter_that_is_none_is_named() {
    let server = shop();
    let check = |list: &str, query: &str, name: &str, text: &str| {
        let reply = server.get(&format!("{list}?{query}")).expect(400);
        assert_eq!(reply.json().get(name).unwrap().rows()[0].text(), text, "{query}");
    };
    let no_day = "Date has wrong format. Use one of these formats instead: YYYY-MM-DD.";
    for day in ["yesterday", "2026-02-30", "2026-11", "20261123", "2026-11-23T00:00:00Z", "0000-01-01"] {
        check(ORDERS, &format!("from={day}"), "from", no_day);
        check(ORDERS, &format!("to={day}"), "to", no_day);
    }
    let no_id = "Give the number that stands in the field id.";
    for id in ["0", "-1", "x", "1.5", "99999999999999999999"] {
        check(ORDERS, &format!("product={id}"), "product", no_id);
        check(PRODUCTS, &format!("category={id}"), "category", no_id);
    }
    check(ORDERS, "delayed=1", "delayed", "Give true or false.");
    check(PRODUCTS, "archived=", "archived", "Give true or false.");
    check(PRODUCTS, "available_max=4294967296", "available_max", "Give a number from 0 to 4294967295.");
    check(PRODUCTS, "available_max=-1", "available_max", "Give a number from 0 to 4294967295.");
}
