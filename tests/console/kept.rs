//! Nothing that was typed is lost, and nothing is done to what somebody did not see.

use super::browser::{begun, filled, goes_to, hidden, holds, page, send, submit};

#[test]
fn an_address_that_only_takes_a_form_leads_to_the_page_of_the_form() {
    let server = filled();
    let leads = |path: &str, page: &str| assert_eq!(goes_to(&server.get(path)), page);
    leads("/admin/orders/1/move/", "/admin/orders/1/");
    leads("/admin/orders/1/cancel/", "/admin/orders/1/");
    leads("/admin/orders/bulk/", "/admin/orders/");
    leads("/admin/products/2/adjust/", "/admin/products/2/");
    leads("/admin/categories/1/rename/", "/admin/categories/");
    leads("/admin/keys/1/revoke/", "/admin/keys/");
    leads("/admin/users/ann/", "/admin/users/");
    leads("/admin/sign-out/", "/admin/");
}

#[test]
fn the_answer_to_a_form_names_the_page_that_it_is() {
    let server = filled();
    let refused = submit(&server, "/orders/3/", "/orders/3/move/", &[("to", "shipped")]).expect(409);
    holds(refused.text(), &["data-self=\"&#x2f;admin&#x2f;orders&#x2f;3&#x2f;\""]);
    assert!(!page(&server, "/orders/3/").contains("data-self"));
}

#[test]
fn an_order_that_changed_since_it_was_shown_is_not_shipped() {
    let server = filled();
    let version = hidden(&page(&server, "/orders/2/"), "version");
    server.patch("/api/inventory/orders/1/", r#"{"customer_phone": "2"}"#).expect(200);
    server.post("/api/inventory/orders/2/transition/", r#"{"to": "shipped"}"#).expect(200);
    let ship = [("version", version.as_str()), ("to", "delivered"), ("from", "delayed")];
    let refused = submit(&server, "/orders/2/", "/orders/2/move/", &ship).expect(409);
    holds(refused.text(), &["Nothing was done: this order changed while you were looking at it."]);
    let old = [("version", "1"), ("reason", "too late")];
    let refused = submit(&server, "/orders/1/", "/orders/1/cancel/", &old).expect(409);
    holds(refused.text(), &["Nothing was done", "value=\"too late\""]);
}

#[test]
fn shipping_asks_first_and_names_the_order() {
    let server = filled();
    holds(&page(&server, "/orders/2/"), &["Mark as shipped…</summary>", "Ship order 2: Bob", "cannot be undone"]);
}

#[test]
fn a_form_that_has_expired_comes_back_with_what_was_typed() {
    let server = filled();
    let (cookie, _) = begun(&server, "/orders/new/");
    let fields =
        [("csrf", "0"), ("customer_name", "Zoe <Z>"), ("delivery_address", "12 Lake Road"), ("password", "no")];
    let refused = send(&server, &cookie, "/orders/new/", &fields).expect(403);
    holds(
        refused.text(),
        &["This form has expired. Nothing was saved", "Zoe &lt;Z&gt;", "12 Lake Road", "Send it again"],
    );
    assert!(!refused.text().contains("name=\"password\""), "a password is never sent back");
    let csrf = hidden(refused.text(), "csrf");
    let again = [("csrf", csrf.as_str()), ("customer_name", "Zoe"), ("delivery_address", "12 Lake Road")];
    holds(send(&server, &cookie, "/orders/new/", &again).expect(400).text(), &["value=\"Zoe\"", "12 Lake Road"]);
}

#[test]
fn a_wrong_filter_is_not_an_empty_shop() {
    let server = filled();
    for query in ["product=abc", "from=foo"] {
        let page = page(&server, &format!("/orders/?{query}"));
        holds(&page, &["Show all orders"]);
        assert!(!page.contains("No orders yet") && !page.contains("field id"), "{page}");
    }
    holds(&page(&server, "/orders/?product=abc"), &["Product: Give the number of the product."]);
}

#[test]
fn a_product_of_orders_stays_on_its_page_when_it_cannot_be_deleted() {
    let server = filled();
    let refused = submit(&server, "/products/1/", "/products/1/delete/", &[]).expect(409);
    holds(refused.text(), &["This product is part of orders", "Archive it instead.", "/admin/products/1/archive/"]);
}

#[test]
fn numbers_names_and_headings_are_shown_as_people_write_them() {
    let server = filled();
    let name = "\u{202E}live";
    server
        .post("/api/inventory/orders/", &super::browser::order(name).replace("\"quantity\": 2", "\"quantity\": 7"))
        .expect(201);
    holds(&page(&server, "/orders/"), &["<bdi>[U+202E]live</bdi>", "2,099.93"]);
    holds(&page(&server, "/settings/"), &[">HTTP<", ">TLS<", ">CORS<"]);
}
