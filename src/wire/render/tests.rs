//! What bodies look like, byte by byte.

use std::sync::Arc;

use chrono::NaiveDate;
use chrono_tz::Tz;

use super::*;
use crate::domain::catalogue::{Category, ProductDetails, Revision};
use crate::domain::ids::{CategoryId, OrderId, ProductId};
use crate::domain::money::Money;
use crate::domain::order::{Contact, Line, Order, OrderChange, OrderEvent, Status};
use crate::domain::origin::Origin;
use crate::domain::stock::{Balance, Change, Movement};
use crate::domain::text::{CategoryName, ProductName};
use crate::domain::time::Timestamp;
use crate::view::{Delay, Product};

const AT: Timestamp = Timestamp(1_795_320_000_123_456);

fn text(body: &impl Serialize) -> String {
    String::from_utf8(json(body, 0)).unwrap()
}

fn revision(expiry_date: Option<NaiveDate>) -> Arc<Revision> {
    let details = ProductDetails {
        name: ProductName::parse("Phone \"X\"").unwrap(),
        description: "Smart\nphone".into(),
        price: Money::from_minor(30_000).unwrap(),
        expiry_date,
        category: CategoryId(1),
        archived: false,
    };
    let category_name = CategoryName::parse("Electronics").unwrap();
    Arc::new(Revision { product: ProductId(7), number: 1, details, category_name })
}

fn order() -> Order {
    let contact = Contact::new("Älice", "alice@example.com", "123", "Main St").unwrap();
    let line = Line { product: revision(None), quantity: 2, available_after: 8 };
    Order::placed(OrderId(5), contact, Box::new([line]), Money::from_minor(60_000).unwrap(), AT, &Origin::Client)
}

#[test]
fn an_order_has_the_fields_of_the_contract_and_then_ours() {
    let times = Times::new(Tz::Asia__Dhaka);
    let body = text(&OrderBody::new(&order(), None, &times));
    let at = "\"2026-11-22T10:00:00.123456+06:00\"";
    assert_eq!(
        body,
        format!(
            "{{\"id\":5,\"customer_name\":\"Älice\",\"customer_email\":\"alice@example.com\",\"customer_phone\":\"123\",\
             \"delivery_address\":\"Main St\",\"status\":\"pending\",\"status_display\":\"Pending\",\
             \"created_at\":{at},\"updated_at\":{at},\"last_transition_time\":{at},\"total_price\":\"600.00\",\
             \"items\":[{{\"product_id\":7,\"quantity\":2,\"product_details\":{{\"id\":7,\"name\":\"Phone \\\"X\\\"\",\
             \"description\":\"Smart\\nphone\",\"price\":\"300.00\",\"stock\":8,\"expiry_date\":null,\
             \"category\":{{\"id\":1,\"name\":\"Electronics\"}}}}}}],\"is_delayed\":false,\"delayed_since\":null,\
             \"allowed_actions\":[\"transition:processing\",\"cancel\",\"edit\"]}}"
        )
    );
}

#[test]
fn a_flag_shows_since_when() {
    let times = Times::new(Tz::UTC);
    let delay = Delay { stage: Status::Pending, since: AT };
    let body = text(&OrderBody::new(&order(), Some(delay), &times));
    assert!(body.contains("\"is_delayed\":true,\"delayed_since\":\"2026-11-22T04:00:00.123456Z\","), "{body}");
}

#[test]
fn a_product_has_its_numbers_after_the_contract() {
    let expiry = NaiveDate::from_ymd_opt(2027, 1, 31);
    let product = Product { revision: revision(expiry), balance: Balance { on_hand: 10, reserved: 4 } };
    let body = text(&ProductBody::from(&product));
    assert!(body.contains("\"price\":\"300.00\",\"stock\":6,\"expiry_date\":\"2027-01-31\",\"category\":{"), "{body}");
    assert!(body.ends_with("},\"archived\":false,\"on_hand\":10,\"reserved\":4}"), "{body}");
}

#[test]
fn a_category_is_an_id_and_a_name() {
    let category = Category { id: CategoryId(3), name: CategoryName::parse("Books").unwrap() };
    assert_eq!(text(&CategoryBody::from(&category)), "{\"id\":3,\"name\":\"Books\"}");
}

#[test]
fn a_history_tells_from_to_when_who_and_why() {
    let times = Times::new(Tz::UTC);
    let moved = OrderChange::Moved { to: Status::Cancelled, reason: Some("changed my mind".into()) };
    let order = order().after(&OrderEvent { version: 2, change: moved }, AT, &Origin::User("ann".into()));
    let rows = text(&List(|| order.history.iter().map(|step| StepBody::new(step, &times))));
    let at = "\"timestamp\":\"2026-11-22T04:00:00.123456Z\"";
    assert_eq!(
        rows,
        format!(
            "[{{\"previous_status\":\"\",\"new_status\":\"pending\",{at},\"who\":\"client\",\"reason\":null}},\
             {{\"previous_status\":\"pending\",\"new_status\":\"cancelled\",{at},\"who\":\"user:ann\",\
             \"reason\":\"changed my mind\"}}]"
        )
    );
}

#[test]
fn a_movement_counts_what_its_cause_is_about() {
    let check = |change: Change, quantity: i64| {
        let (order, who) = (Some(OrderId(9)), Origin::Timer);
        let after = Balance { on_hand: 9, reserved: 4 };
        let movement = Movement { sequence: 3, at: AT, change, after, order, who, reason: None };
        let times = Times::new(Tz::UTC);
        assert_eq!(
            text(&MovementBody::new(&movement, &times)),
            format!(
                "{{\"sequence\":3,\"timestamp\":\"2026-11-22T04:00:00.123456Z\",\"cause\":\"{}\",\"quantity\":{quantity},\
                 \"on_hand\":9,\"reserved\":4,\"available\":5,\"order\":9,\"who\":\"timer\",\"reason\":null}}",
                change.cause()
            )
        );
    };
    check(Change::Received(3), 3);
    check(Change::Adjusted(-3), -3);
    check(Change::Reserved(3), 3);
    check(Change::Released(3), -3);
    check(Change::Shipped(3), -3);
}
