//! The rows. Their fields are named as the API names them; moments are RFC 3339 in UTC, money is a text.
//!
//! In CSV what somebody wrote is guarded against being carried out as a formula (see [`spreadsheet`]), unless the raw
//! text is asked for. JSON lines carry every text as it is: they are the form for programs.

use std::borrow::Cow;

use serde::{Serialize, Serializer};

use super::{Csv, Format};
use crate::domain::audit::AuditRow;
use crate::domain::ids::{OrderId, ProductId};
use crate::domain::money::Money;
use crate::domain::order::{Happening, Order, Status, What as Incidental};
use crate::domain::origin::Origin;
use crate::domain::stock::Movement;
use crate::spreadsheet;
use crate::wire::render::{Changes, Lines, Text, Time, Times};

/// The fields of an order.
pub(super) const ORDERS: &[&str] = &[
    "id",
    "customer_name",
    "customer_email",
    "customer_phone",
    "delivery_address",
    "status",
    "created_at",
    "updated_at",
    "last_transition_time",
    "total_price",
    "archived",
    "items",
];

/// The fields of a transition, or of something that happened in between: then the status stays what it was.
pub(super) const HISTORY: &[&str] =
    &["order", "previous_status", "new_status", "timestamp", "who", "reason", "event", "changes"];

/// The fields of a movement.
pub(super) const MOVEMENTS: &[&str] = &[
    "sequence",
    "timestamp",
    "product",
    "cause",
    "quantity",
    "on_hand",
    "reserved",
    "available",
    "order",
    "who",
    "reason",
];

/// The fields of a row of the audit log.
pub(super) const AUDIT: &[&str] = &["sequence", "timestamp", "who", "event", "subject", "detail"];

/// An order as it stands.
#[derive(Serialize)]
pub(super) struct OrderRow<'a> {
    id: u64,
    customer_name: Cow<'a, str>,
    customer_email: Cow<'a, str>,
    customer_phone: Cow<'a, str>,
    delivery_address: Cow<'a, str>,
    status: &'static str,
    created_at: Time<'a>,
    updated_at: Time<'a>,
    last_transition_time: Time<'a>,
    total_price: Text<Money>,
    archived: bool,
    items: Cell<Lines<'a>>,
}

/// A list or an object: itself in JSON, its text in a cell.
struct Cell<T> {
    value: T,
    format: Format,
}

/// A transition of an order, or a change of its contact.
#[derive(Serialize)]
pub(super) struct HistoryRow<'a> {
    order: u64,
    previous_status: &'static str,
    new_status: &'static str,
    timestamp: Time<'a>,
    who: Text<&'a Origin>,
    reason: Option<Cow<'a, str>>,
    /// placed, moved, `contact_changed` or archived.
    event: &'static str,
    changes: Option<Cell<Changes<'a>>>,
}

/// A row of the stock ledger.
#[derive(Serialize)]
pub(super) struct MovementRow<'a> {
    sequence: u64,
    timestamp: Time<'a>,
    product: u64,
    cause: &'static str,
    quantity: i64,
    on_hand: u32,
    reserved: u32,
    available: u32,
    order: Option<u64>,
    who: Text<&'a Origin>,
    reason: Option<Cow<'a, str>>,
}

/// A row of the audit log.
#[derive(Serialize)]
pub(super) struct AuditLine<'a> {
    sequence: u64,
    timestamp: Time<'a>,
    who: Text<&'a Origin>,
    event: &'static str,
    subject: String,
    detail: String,
}

impl<'a> AuditLine<'a> {
    pub(super) fn new(row: &'a AuditRow, format: Format, times: &'a Times) -> Self {
        Self {
            sequence: row.id.sequence,
            timestamp: times.show(row.at),
            who: Text(&row.who),
            event: row.what.word(),
            subject: words(&row.what.subject(), format).into_owned(),
            detail: words(&row.what.detail(), format).into_owned(),
        }
    }
}

impl<'a> OrderRow<'a> {
    pub(super) fn new(order: &'a Order, format: Format, times: &'a Times) -> Self {
        let lines = Lines(&order.lines);
        Self {
            id: order.id.0,
            customer_name: words(order.contact.customer_name(), format),
            customer_email: words(order.contact.customer_email(), format),
            customer_phone: words(order.contact.customer_phone(), format),
            delivery_address: words(order.contact.delivery_address(), format),
            status: order.status.as_str(),
            created_at: times.show(order.placed_at),
            updated_at: times.show(order.updated_at),
            last_transition_time: times.show(order.moved_at),
            total_price: Text(order.total),
            archived: order.archived,
            items: Cell { value: lines, format },
        }
    }
}

impl<'a> HistoryRow<'a> {
    pub(super) fn new(order: OrderId, happening: Happening<'a>, format: Format, times: &'a Times) -> Self {
        let order = order.0;
        match happening {
            Happening::Step(step) => Self {
                order,
                previous_status: step.from.map_or("", Status::as_str),
                new_status: step.to.as_str(),
                timestamp: times.show(step.at),
                who: Text(step.who()),
                reason: step.reason().map(|reason| words(reason, format)),
                event: if step.from.is_some() { "moved" } else { "placed" },
                changes: None,
            },
            Happening::Incident(status, incident) => {
                let (event, changes) = match &incident.what {
                    Incidental::ContactChanged(changes) => ("contact_changed", Some(Changes(changes))),
                    Incidental::Archived => ("archived", None),
                };
                Self {
                    order,
                    previous_status: status.as_str(),
                    new_status: status.as_str(),
                    timestamp: times.show(incident.at),
                    who: Text(&incident.who),
                    reason: None,
                    event,
                    changes: changes.map(|value| Cell { value, format }),
                }
            }
        }
    }
}

impl<'a> MovementRow<'a> {
    pub(super) fn new(product: ProductId, movement: &'a Movement, format: Format, times: &'a Times) -> Self {
        Self {
            sequence: movement.sequence,
            timestamp: times.show(movement.at),
            product: product.0,
            cause: movement.change.cause(),
            quantity: movement.change.quantity(),
            on_hand: movement.after.on_hand,
            reserved: movement.after.reserved,
            available: movement.after.available(),
            order: movement.order.map(|order| order.0),
            who: Text(&movement.who),
            reason: movement.reason.as_deref().map(|reason| words(reason, format)),
        }
    }
}

impl<T: Serialize> Serialize for Cell<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.format {
            Format::Ndjson => self.value.serialize(serializer),
            Format::Csv(_) => {
                let text = serde_json::to_string(&self.value).expect("texts and numbers under text keys are JSON");
                serializer.serialize_str(&text)
            }
        }
    }
}

/// What somebody wrote, so that no spreadsheet carries it out.
fn words(text: &str, format: Format) -> Cow<'_, str> {
    match format {
        Format::Csv(Csv { is_raw: false, .. }) => spreadsheet::guarded(text),
        Format::Csv(Csv { is_raw: true, .. }) | Format::Ndjson => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sheet::Sheet;
    use super::*;
    use crate::domain::order::{Contact, ContactPatch, Field, OrderCommand, timeline};
    use crate::domain::stock::{Balance, Change};
    use crate::domain::time::Timestamp;

    const CSV: Format = Format::Csv(Csv { has_bom: false, is_raw: false });
    const AT: Timestamp = Timestamp(1_795_320_000_123_456);

    fn order(name: &str, phone: &str) -> Order {
        let contact = Contact::new(name, "alice@example.com", phone, "Main St 1\nDhaka, \"BD\"").unwrap();
        let total = Money::from_minor(60_005).unwrap();
        Order::placed(OrderId(5), contact, Box::new([]), total, AT, &Origin::Client)
    }

    fn written(format: Format, columns: &[&str], row: &impl Serialize) -> String {
        let mut bytes = Vec::new();
        let mut sheet = Sheet::begin(&mut bytes, format, columns).unwrap();
        sheet.row(row).unwrap();
        assert_eq!(sheet.finish().unwrap(), 1);
        String::from_utf8(bytes).unwrap()
    }

    fn keys(line: &str) -> Vec<String> {
        // By position, for a map of JSON values forgets the order.
        let (before_the_last_value, _) = line.rsplit_once("\":").unwrap();
        before_the_last_value.split("\":").map(|part| part.rsplit('"').next().unwrap().to_owned()).collect()
    }

    #[test]
    fn an_order_is_a_line_of_json_or_a_row_of_cells() {
        let (times, order) = (Times::new(chrono_tz::UTC), order("Älice", "123"));
        assert_eq!(
            written(Format::Ndjson, ORDERS, &OrderRow::new(&order, Format::Ndjson, &times)),
            "{\"id\":5,\"customer_name\":\"Älice\",\"customer_email\":\"alice@example.com\",\"customer_phone\":\"123\",\
             \"delivery_address\":\"Main St 1\\nDhaka, \\\"BD\\\"\",\"status\":\"pending\",\
             \"created_at\":\"2026-11-22T04:00:00.123456Z\",\"updated_at\":\"2026-11-22T04:00:00.123456Z\",\
             \"last_transition_time\":\"2026-11-22T04:00:00.123456Z\",\"total_price\":\"600.05\",\"archived\":false,\
             \"items\":[]}\n"
        );
        assert_eq!(
            written(CSV, ORDERS, &OrderRow::new(&order, CSV, &times)),
            "id,customer_name,customer_email,customer_phone,delivery_address,status,created_at,updated_at,\
             last_transition_time,total_price,archived,items\n\
             5,\"Älice\",\"alice@example.com\",\"123\",\"Main St 1\nDhaka, \"\"BD\"\"\",\"pending\",\
             \"2026-11-22T04:00:00.123456Z\",\"2026-11-22T04:00:00.123456Z\",\"2026-11-22T04:00:00.123456Z\",\
             \"600.05\",\"false\",\"[]\"\n"
        );
    }

    #[test]
    fn a_cell_that_would_be_a_formula_is_a_text() {
        let check = |text: &str, cell: &str| {
            assert_eq!(words(text, CSV), cell);
            assert_eq!(words(text, Format::Ndjson), text);
        };
        check("+880 123", "'+880 123");
        check("＝1+1", "'＝1+1");
        check("Alice = Bob", "Alice = Bob");
        assert_eq!(words("=1", Format::Csv(Csv { is_raw: true, ..Csv::default() })), "=1");
        let (times, order) = (Times::new(chrono_tz::UTC), order("=1+1", "+880"));
        let text = written(CSV, ORDERS, &OrderRow::new(&order, CSV, &times));
        assert!(text.contains("\n5,\"'=1+1\",\"alice@example.com\",\"'+880\","), "{text}");
    }

    #[test]
    fn a_changed_contact_is_a_row_with_the_texts_before_and_after() {
        let times = Times::new(chrono_tz::UTC);
        let mut patch = ContactPatch::default();
        patch.set(Field::CustomerName, "=Bob").unwrap();
        let order = order("Ann", "1");
        let event = order.decide(OrderCommand::EditContact(Box::new(patch)), AT).unwrap().unwrap();
        let order = order.after(&event, AT, &Origin::User("eve".into()));
        let row = |format| {
            let happening = timeline(&order.history).nth(1).unwrap();
            written(format, HISTORY, &HistoryRow::new(order.id, happening, format, &times))
        };
        assert_eq!(
            row(Format::Ndjson),
            "{\"order\":5,\"previous_status\":\"pending\",\"new_status\":\"pending\",\
             \"timestamp\":\"2026-11-22T04:00:00.123456Z\",\"who\":\"user:eve\",\"reason\":null,\
             \"event\":\"contact_changed\",\
             \"changes\":{\"customer_name\":{\"before\":\"Ann\",\"after\":\"=Bob\"}}}\n"
        );
        let csv = row(CSV);
        let cell =
            "\"contact_changed\",\"{\"\"customer_name\"\":{\"\"before\"\":\"\"Ann\"\",\"\"after\"\":\"\"=Bob\"\"}}\"\n";
        assert!(csv.ends_with(cell), "{csv}");
    }

    #[test]
    fn the_columns_are_the_fields() {
        let times = Times::new(chrono_tz::UTC);
        let order = order("A", "1");
        let after = Balance { on_hand: 9, reserved: 4 };
        let change = Change::Adjusted(-3);
        let (who, reason) = (Origin::User("bob".into()), Some("=damaged".into()));
        let movement = Movement { sequence: 3, at: AT, change, after, order: None, who, reason };
        let check = |columns: &[&str], line: String| assert_eq!(keys(&line), columns, "{line}");
        check(ORDERS, written(Format::Ndjson, ORDERS, &OrderRow::new(&order, Format::Ndjson, &times)));
        let step = HistoryRow::new(order.id, Happening::Step(&order.history[0]), Format::Ndjson, &times);
        check(HISTORY, written(Format::Ndjson, HISTORY, &step));
        let row = MovementRow::new(ProductId(7), &movement, Format::Ndjson, &times);
        check(MOVEMENTS, written(Format::Ndjson, MOVEMENTS, &row));
        let row = MovementRow::new(ProductId(7), &movement, CSV, &times);
        let text = written(CSV, MOVEMENTS, &row);
        let row = "\n3,\"2026-11-22T04:00:00.123456Z\",7,\"adjusted\",-3,9,4,5,\"\",\"user:bob\",\"'=damaged\"\n";
        assert!(text.ends_with(row), "{text}");
    }
}
