//! Orders in a JSON file: a list of bodies as the API takes them. A text or number `order` in one is what the column of
//! that name is in a CSV file.

use std::fmt;

use serde::de::{Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::super::fault::Fault;
use super::file::{Contents, Row, shortened};
use super::identity::normal;
use crate::api::orders::input;
use crate::config::Limits;
use crate::view::Products;

/// What an order says.
const ORDER: [&str; 6] = ["order", "customer_name", "items", "customer_email", "customer_phone", "delivery_address"];
/// What a line of it says.
const LINE: [&str; 2] = ["product_id", "quantity"];

/// What is shown of an order, and whether it can be read in one way only.
struct Head<'a> {
    order: Option<&'a RawValue>,
    customer_name: Option<&'a RawValue>,
    lines: usize,
    /// What is there twice.
    repeated: Option<String>,
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
        let head = Head::of(value);
        let word = |value: Option<&RawValue>| value.map_or_else(String::new, |value| said(value.get()));
        let name = normal(word(head.order).into()).into_owned();
        Row {
            place: format!("order {}", index + 1),
            reference: shortened(&name),
            customer: shortened(&word(head.customer_name)),
            lines: head.lines,
            order: match head.repeated {
                None => {
                    input::order(value.as_bytes(), products, limits).map_err(|error| Fault::from(error).line().into())
                }
                Some(name) => Err(format!("{name} is there twice. Leave one of the two out.").into()),
            },
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

impl<'a> Head<'a> {
    /// That of the order `text`; of what is no object, nothing.
    fn of(text: &'a str) -> Self {
        let ([order, customer_name, items, ..], repeated) = members(text, ORDER);
        let mut lines = Lines::default();
        // What is no list is for the check of the order to refuse.
        let list = items.map(|items| serde_json::Deserializer::from_str(items.get()).deserialize_seq(&mut lines));
        let repeated = repeated.map(|name| format!("\"{name}\""));
        let lines = if list.is_some_and(|list| list.is_ok()) { lines } else { Lines::default() };
        Self { order, customer_name, lines: lines.count, repeated: repeated.or(lines.repeated) }
    }
}

/// The members `names` of the object that `text` is, and the first of them that is there twice. Other members have no
/// effect, however often they are there.
fn members<'a, const N: usize>(
    text: &'a str,
    names: [&'static str; N],
) -> ([Option<&'a RawValue>; N], Option<&'static str>) {
    let read = serde_json::Deserializer::from_str(text).deserialize_map(Object(names));
    read.unwrap_or(([None; N], None))
}

/// Finds members by their names.
struct Object<const N: usize>([&'static str; N]);

impl<'a, const N: usize> Visitor<'a> for Object<N> {
    type Value = ([Option<&'a RawValue>; N], Option<&'static str>);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut found, mut repeated) = ([None; N], None);
        while let Some(name) = map.next_key::<String>()? {
            let value = map.next_value()?;
            if let Some(place) = self.0.iter().position(|known| *known == name)
                && found[place].replace(value).is_some()
            {
                repeated.get_or_insert(self.0[place]);
            }
        }
        Ok((found, repeated))
    }
}

/// Counts the lines of an order, and looks for one that says something twice.
#[derive(Default)]
struct Lines {
    count: usize,
    repeated: Option<String>,
}

impl<'a> Visitor<'a> for &mut Lines {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut lines: A) -> Result<(), A::Error> {
        while let Some(line) = lines.next_element::<&RawValue>()? {
            self.count += 1;
            if self.repeated.is_none()
                && let (_, Some(name)) = members(line.get(), LINE)
            {
                self.repeated = Some(format!("items {}: \"{name}\"", self.count));
            }
        }
        Ok(())
    }
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
