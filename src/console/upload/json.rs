//! Orders in a JSON file: a list of bodies as the API takes them. A text or number `order` in one is what the column of
//! that name is in a CSV file.

use std::fmt;

use serde::de::{Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::super::page_error::PageError;
use super::contents::{COPY, Contents, LeftOut, REASON, Row, shortened};
use super::identity::normal;
use crate::api::orders::input;
use crate::config::Limits;
use crate::view::Products;
use crate::wire::fields::Ignored;

/// What an order says.
const ORDER: [&str; 7] =
    ["order", "customer_name", "items", COPY, "customer_email", "customer_phone", "delivery_address"];
/// What a line of it says.
const LINE: [&str; 2] = ["product_id", "quantity"];

/// What is shown of an order, and whether it can be read in one way only.
struct Head<'a> {
    order: Option<&'a RawValue>,
    customer_name: Option<&'a RawValue>,
    copy: Option<&'a RawValue>,
    lines: Lines,
    /// Why it can be read in no way, or in several.
    fault: Option<String>,
}

/// The orders of the file `text`.
pub(super) fn read(text: &str, products: &Products, limits: &Limits) -> Result<Contents, PageError> {
    if !text.trim_start().starts_with('[') {
        let text = "The file is no JSON list of orders. Put the orders between [ and ], with commas between them.";
        return Err(PageError::bad_request(text));
    }
    let mut values = Values { list: Vec::new(), max: limits.bulk_orders };
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let read = deserializer.deserialize_seq(&mut values).and_then(|()| deserializer.end());
    if values.list.len() > limits.bulk_orders {
        let max = limits.bulk_orders;
        return Err(PageError::bad_request(format!("The file holds more than {max} orders. Split it.")));
    }
    read.map_err(|error| PageError::bad_request(format!("The file is no JSON list of orders: {error}.")))?;
    let ignored = Ignored::default();
    let row = |(index, value): (usize, &&RawValue)| {
        let value = value.get();
        let begin = value.as_ptr().addr() - text.as_ptr().addr();
        let head = Head::of(value);
        let word = |value: Option<&RawValue>| value.and_then(|value| said(value.get())).unwrap_or_default();
        let name = normal(word(head.order).into()).into_owned();
        let read = || input::order(ignored.of(value.as_bytes()), products, limits);
        Row {
            place: format!("order {}", index + 1),
            reference: shortened(&name),
            customer: shortened(&word(head.customer_name)),
            lines: head.lines.count,
            silent: head.lines.silent,
            order: match head.fault {
                None => read().map_err(|error| PageError::from(error).line().into()),
                Some(fault) => Err(fault.into()),
            },
            note: String::new(),
            identity: None,
            // What is no number is refused as one that cannot be read.
            copy: head.copy.map_or_else(String::new, |copy| said(copy.get()).unwrap_or_else(|| "?".into())),
            nth: 0,
            name: name.into_boxed_str(),
            spans: std::iter::once(begin..begin + value.len()).collect(),
        }
    };
    let rows = values.list.iter().enumerate().map(row).collect();
    let mut left_out = LeftOut { names: ignored.names(), has_more: ignored.has_more() };
    left_out.names.retain(|name| ![ORDER[0], COPY, REASON].contains(&name.as_str()));
    Ok(Contents { rows, left_out, remarks: Vec::new(), delimiter: b',', header: 0..0 })
}

/// The text that the JSON `value` is, or its digits; `None` where it is neither.
fn said(value: &str) -> Option<String> {
    let is_number = value.starts_with(|sign: char| sign.is_ascii_digit() || sign == '-');
    let text = if is_number { value.to_owned() } else { serde_json::from_str(value).ok()? };
    Some(text.trim().to_owned())
}

impl<'a> Head<'a> {
    /// That of the order `text`; of what is no object, nothing.
    fn of(text: &'a str) -> Self {
        let ([order, customer_name, items, copy, ..], repeated) = members(text, ORDER);
        let mut lines = Lines::default();
        // What is no list is for the check of the order to refuse.
        let list = items.map(|items| serde_json::Deserializer::from_str(items.get()).deserialize_seq(&mut lines));
        let lines = if list.is_some_and(|list| list.is_ok()) { lines } else { Lines::default() };
        let repeated = repeated.map(|name| format!("\"{name}\"")).or_else(|| lines.repeated.clone());
        let no_order =
            || (!text.starts_with('{')).then(|| "This is no order: put what it says between { and }.".into());
        let twice = repeated.map(|name| format!("{name} is there twice. Leave one of the two out."));
        let is_text = order.is_none_or(|order| order.get() == "null" || said(order.get()).is_some());
        let no_text =
            || (!is_text).then(|| "\"order\" is neither a text nor a number. Make it one, or leave it out.".into());
        Self { order, customer_name, copy, lines, fault: twice.or_else(no_text).or_else(no_order) }
    }
}

/// The members `names` of the object that `text` is, and the first of them that is there twice. Whether others are
/// there twice does not matter: they are left out.
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
    /// Those without a quantity.
    silent: usize,
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
            let ([_, quantity], repeated) = members(line.get(), LINE);
            self.silent += usize::from(quantity.is_none());
            if self.repeated.is_none() {
                self.repeated = repeated.map(|name| format!("items {}: \"{name}\"", self.count));
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
