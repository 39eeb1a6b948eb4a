//! The least of a browser: it reads the forms of a page, and sends them.

use crate::support::{Reply, Running};

/// A server with a category, two products, and orders in every status.
pub(crate) fn filled() -> Running {
    let server = Running::start();
    let api = |path: &str, body: &str| server.post(&format!("/api/inventory{path}"), body).expect_one_of(&[200, 201]);
    api("/categories/", r#"{"name": "Phones"}"#);
    api("/products/", r#"{"name": "Phone", "price": "299.99", "stock": 100, "category_id": 1}"#);
    api("/products/", r#"{"name": "Case", "price": "9.50", "stock": 3, "category_id": 1}"#);
    for name in ["Alice", "Bob", "Carol", "Dora", "Eve"] {
        api("/orders/", &order(name));
    }
    api("/orders/2/transition/", r#"{"to": "processing"}"#);
    api("/orders/3/cancel/", r#"{"reason": "changed her mind"}"#);
    server
}

/// The body of an order of two phones.
pub(crate) fn order(name: &str) -> String {
    format!(
        r#"{{"customer_name": "{name}", "customer_email": "a@example.com", "customer_phone": "1", "delivery_address": "Here", "items": [{{"product_id": 1, "quantity": 2}}]}}"#
    )
}

/// The page at `path`, below `/admin`.
pub(crate) fn page(server: &Running, path: &str) -> String {
    server.get(&format!("/admin{path}")).expect(200).text().to_owned()
}

/// The value of the first hidden field `name` of `page`.
pub(crate) fn hidden(page: &str, name: &str) -> String {
    let start = format!("name=\"{name}\" value=\"");
    let (_, rest) = page.split_once(&start).unwrap_or_else(|| panic!("no field {name} in {page}"));
    rest.split('"').next().unwrap().to_owned()
}

/// Sends a form of the page at `from` to `path`, with its hidden token against forgery.
pub(crate) fn submit(server: &Running, from: &str, path: &str, fields: &[(&str, &str)]) -> Reply {
    let csrf = hidden(&page(server, from), "csrf");
    let fields: Vec<_> = [("csrf", csrf.as_str())].into_iter().chain(fields.iter().copied()).collect();
    send(server, path, &fields)
}

/// Sends `fields` as a form to `path`.
pub(crate) fn send(server: &Running, path: &str, fields: &[(&str, &str)]) -> Reply {
    let encode =
        |text: &str| -> String { text.bytes().fold(String::new(), |text, byte| text + &format!("%{byte:02X}")) };
    let pairs: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    let headers = [("Content-Type", "application/x-www-form-urlencoded")];
    server.send("POST", &format!("/admin{path}"), &headers, &pairs.join("&"))
}

/// Where a reply sends the browser.
#[track_caller]
pub(crate) fn goes_to(reply: &Reply) -> &str {
    assert_eq!(reply.status, 303, "{}", reply.text());
    reply.header("location").unwrap()
}

/// Fails unless `page` holds every one of `texts`.
#[track_caller]
pub(crate) fn holds(page: &str, texts: &[&str]) {
    for text in texts {
        assert!(page.contains(text), "{text:?} is missing in\n{page}");
    }
}
