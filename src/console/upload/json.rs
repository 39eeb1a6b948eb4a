//! Orders in a JSON file: a list of bodies as the API takes them. A text or number `order` in one is what the column of
//! that name is in a CSV file.

use std::fmt;

use serde::de::{Deserializer, Error as _, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::super::fault::Fault;
use super::file::{Contents, Row, shortened};
use crate::api::orders::input;
use crate::config::Limits;
use crate::view::Products;

/// What is shown of an order.
#[derive(Default, serde::Deserialize)]
struct Head<'a> {
    #[serde(borrow)]
    order: Option<&'a RawValue>,
    #[serde(borrow)]
    customer_name: Option<&'a RawValue>,
    #[serde(borrow)]
    items: Option<&'a RawValue>,
}

/// The orders of the file `text`.
pub(super) fn read(text: &str, products: &Products, limits: &Limits) -> Result<Contents, Fault> {
    let mut values = Values { list: Vec::new(), max: limits.bulk_orders };
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let read = deserializer.deserialize_seq(&mut values).and_then(|()| deserializer.end());
    if values.list.len() > limits.bulk_orders {
        let max = limits.bulk_orders;
        return Err(Fault::bad_request(format!("The file holds more than {max} orders. Split it.")));
    }
    read.map_err(|error| Fault::bad_request(format!("The file is no JSON list of orders: {error}.")))?;
    let row = |(index, value): (usize, &&RawValue)| {
        let value = value.get();
        let begin = value.as_ptr().addr() - text.as_ptr().addr();
        let head: Head<'_> = serde_json::from_str(value).unwrap_or_default();
        let word = |value: Option<&RawValue>| value.map_or_else(String::new, |value| said(value.get()));
        let items = head.items.and_then(|items| serde_json::from_str::<Vec<IgnoredAny>>(items.get()).ok());
        let name = word(head.order);
        Row {
            place: format!("order {}", index + 1),
            reference: shortened(&name),
            customer: shortened(&word(head.customer_name)),
            lines: items.map_or(0, |items| items.len()),
            order: input::order(value.as_bytes(), products, limits).map_err(|error| Fault::from(error).line().into()),
            note: String::new(),
            identity: None,
            name: name.into_boxed_str(),
            spans: std::iter::once(begin..begin + value.len()).collect(),
        }
    };
    let rows = values.list.iter().enumerate().map(row).collect();
    Ok(Contents { rows, ignored: Vec::new(), remarks: Vec::new(), delimiter: b',', header: 0..0 })
}

/// The text that the JSON `value` is, or its digits.
fn said(value: &str) -> String {
    let is_number = value.starts_with(|sign: char| sign.is_ascii_digit() || sign == '-');
    let text = if is_number { value.to_owned() } else { serde_json::from_str(value).unwrap_or_default() };
    text.trim().to_owned()
}

/// Collects the values of a list, and one more than there may be.
struct Values<'a> {
    list: Vec<&'a RawValue>,
    max: usize,
}

impl<'a> Visitor<'a> for &mut Values<'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut values: A) -> Result<(), A::Error> {
        while let Some(value) = values.next_element()? {
            self.list.push(value);
            if self.list.len() > self.max {
                return Err(A::Error::custom("too many"));
            }
        }
        Ok(())
    }
}
