//! Orders in a CSV file: a line for each line of an order.
//!
//! Lines with the same text in the column `order` are one order, wherever they are in the file. A line that says
//! nothing but a product and a quantity belongs to the order above it.

use std::borrow::Cow;
use std::ops::Range;

use hashbrown::HashMap;
use serde_json::{Map, Value, json};
use smallvec::SmallVec;

use super::super::form;
use super::super::page_error::PageError;
use super::contents::{COPY, Contents, LeftOut, REASON, Row, shortened};
use super::identity::normal;
use crate::api::orders::input;
use crate::config::Limits;
use crate::domain::count::counted;
use crate::domain::order::Field;
use crate::spreadsheet::table::{MARK, Record, Records};
use crate::spreadsheet::unguarded;
use crate::view::Products;

/// The columns of a file.
const COLUMNS: [&str; 8] =
    ["order", COPY, "customer_name", "customer_email", "customer_phone", "delivery_address", "product_id", "quantity"];
/// The columns that may be left out.
const OPTIONAL: [&str; 3] = ["order", COPY, "quantity"];
/// More lines than these with the wrong number of cells, and the file is read no further.
const MALFORMED_MAX: usize = 1_000;

/// Where each column is in a line.
struct Header {
    places: [Option<usize>; 8],
    width: usize,
    ignored: Vec<String>,
}

impl Header {
    fn parse(cells: &[Cow<'_, str>]) -> Result<Self, PageError> {
        let mut header = Self { places: [None; 8], width: 0, ignored: Vec::new() };
        for (at, word) in cells.iter().enumerate() {
            // Behind a line `sep=` a byte order mark may be part of the header.
            let word = word.trim_matches(|sign: char| sign.is_whitespace() || sign == MARK);
            if word.is_empty() {
                continue;
            }
            header.width = at + 1;
            match COLUMNS.iter().position(|column| column.eq_ignore_ascii_case(word)) {
                Some(column) if header.places[column].replace(at).is_some() => {
                    let name = COLUMNS[column];
                    return Err(PageError::bad_request(format!("Column \"{name}\" is there twice.")));
                }
                Some(_) => {}
                None if word.eq_ignore_ascii_case(REASON) => {}
                None => header.ignored.push(shortened(word)),
            }
        }
        let missing =
            COLUMNS.iter().zip(header.places).find(|(name, place)| place.is_none() && !OPTIONAL.contains(name));
        let Some((name, _)) = missing else { return Ok(header) };
        if cells.first().is_some_and(|cell| cell.trim_start().starts_with(['[', '{'])) {
            let text =
                "This looks like JSON and not like a CSV file. Give it a name that ends with .json, and try again.";
            return Err(PageError::bad_request(text));
        }
        let mut text = format!("Column \"{name}\" is missing. The first line of the file names the columns.");
        if !header.ignored.is_empty() {
            let unknown: Vec<_> = header.ignored.iter().take(10).map(|word| format!("\"{word}\"")).collect();
            text.extend([format!(" These are unknown: {}. Known are: {}.", unknown.join(", "), COLUMNS.join(", "))]);
        }
        Err(PageError::bad_request(text))
    }

    fn place(&self, column: &str) -> Option<usize> {
        COLUMNS.iter().position(|name| *name == column).and_then(|column| self.places[column])
    }

    fn get<'a>(&self, record: &Record<'a>, column: &str) -> Cow<'a, str> {
        self.place(column).and_then(|place| record.cells.get(place)).map(cleaned).unwrap_or_default()
    }
}

/// What a cell says: without white space around it, without the apostrophe that keeps a spreadsheet from taking it for
/// a formula, its lines ending with LF.
fn cleaned<'a>(cell: &Cow<'a, str>) -> Cow<'a, str> {
    let plain = |text: &str| -> Range<usize> {
        let inner = unguarded(text.trim()).trim();
        let begin = inner.as_ptr().addr() - text.as_ptr().addr();
        begin..begin + inner.len()
    };
    let text = match cell {
        Cow::Borrowed(text) => Cow::Borrowed(&text[plain(text)]),
        Cow::Owned(text) => Cow::Owned(text[plain(text)].to_owned()),
    };
    if text.contains('\r') { Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n")) } else { text }
}

/// The lines of one order, as they are found.
struct Group<'a> {
    reference: Cow<'a, str>,
    copy: Cow<'a, str>,
    head: [Cow<'a, str>; 4],
    lines: SmallVec<[Part<'a>; 1]>,
    fault: Option<String>,
    /// Whether lines of other orders are between its own.
    is_scattered: bool,
    /// The first line that says nothing of its order.
    bare: Option<usize>,
}

struct Part<'a> {
    line: usize,
    span: Range<usize>,
    product: Cow<'a, str>,
    quantity: Cow<'a, str>,
}

/// What was read so far.
struct Reading<'a> {
    header: Header,
    delimiter: u8,
    groups: Vec<Group<'a>>,
    by_reference: HashMap<Cow<'a, str>, usize>,
    /// Every text of a line with the wrong number of cells: it may be one of any order that has such a text.
    spoiled: HashMap<Cow<'a, str>, usize>,
    malformed: usize,
}

/// The orders of the file `text`.
pub(super) fn read(text: &str, products: &Products, limits: &Limits) -> Result<Contents, PageError> {
    let unreadable = |error| PageError::bad_request(format!("{error}. Nothing of the file was taken."));
    let mut records = Records::of(text);
    let delimiter = records.delimiter();
    let first = records.next().transpose().map_err(unreadable)?;
    let header = Header::parse(first.as_ref().map_or(&[], |record| record.cells.as_slice()))?;
    let mut reading = Reading {
        header,
        delimiter,
        groups: Vec::new(),
        by_reference: HashMap::new(),
        spoiled: HashMap::new(),
        malformed: 0,
    };
    for record in records {
        reading.take(record.map_err(unreadable)?, limits)?;
    }
    let Reading { header: columns, groups, spoiled, .. } = reading;
    let mut rows = Vec::with_capacity(groups.len());
    for mut group in groups {
        if let Some(line) = spoiled.get(&group.reference).filter(|_| !group.reference.is_empty()) {
            group.fault.get_or_insert_with(|| format!("Line {line} may be one of its lines, and cannot be read."));
        }
        rows.push(group.finish(products, limits));
    }
    let mut remarks = Vec::new();
    if columns.place("quantity").is_none() {
        for row in &mut rows {
            row.silent = 0;
        }
        remarks.push("There is no column \"quantity\": each line is one unit.".to_owned());
    }
    let header = first.map(|record| record.span).unwrap_or_default();
    let left_out = LeftOut { names: columns.ignored, has_more: false };
    Ok(Contents { rows, left_out, remarks, delimiter, header })
}

impl<'a> Reading<'a> {
    fn take(&mut self, mut record: Record<'a>, limits: &Limits) -> Result<(), PageError> {
        let (line, last) = (record.line, self.groups.len().checked_sub(1));
        let found = record.cells.len();
        if !record.fit(self.header.width) {
            return self.malformed(record, found, limits);
        }
        let get = |column: &str| self.header.get(&record, column);
        let copy = get(COPY);
        let (reference, head) = (normal(get("order")), Field::ALL.map(|field| get(field.as_str())));
        let made = Part { line, span: record.span.clone(), product: get("product_id"), quantity: get("quantity") };
        let is_bare = reference.is_empty() && head.iter().all(|text| text.is_empty());
        let known = if is_bare { last } else { self.by_reference.get(&reference).copied() };
        let Some(at) = known else {
            if !reference.is_empty() {
                self.by_reference.insert(reference.clone(), self.groups.len());
            }
            let mut group = Group::new(reference, head);
            group.copy = copy;
            group.lines.push(made);
            return self.push(group, limits);
        };
        let group = &mut self.groups[at];
        if group.lines.len() == limits.order_lines {
            let (name, max) = (shortened(&group.reference), limits.order_lines);
            let text = format!("Line {line}: order \"{name}\" has more than {max} lines. Make it several orders.");
            return Err(PageError::bad_request(text));
        }
        group.is_scattered |= last != Some(at);
        if is_bare {
            group.bare.get_or_insert(line);
        }
        group.join(head);
        group.lines.push(made);
        Ok(())
    }

    fn push(&mut self, group: Group<'a>, limits: &Limits) -> Result<(), PageError> {
        if self.groups.len() == limits.bulk_orders {
            let max = limits.bulk_orders;
            return Err(PageError::bad_request(format!("The file holds more than {max} orders. Split it.")));
        }
        self.groups.push(group);
        Ok(())
    }

    /// Notes a line that has `found` cells, and not as many as the header.
    fn malformed(&mut self, record: Record<'a>, found: usize, limits: &Limits) -> Result<(), PageError> {
        let (line, width) = (record.line, self.header.width);
        self.malformed += 1;
        if self.malformed > MALFORMED_MAX {
            let text =
                format!("Line {line}, and {MALFORMED_MAX} lines before it, do not have {width} cells as the header.");
            return Err(PageError::bad_request(text));
        }
        let remedy = match (found > width, self.delimiter) {
            (true, b';') => "A text that holds a semicolon needs quotes around it.",
            (true, b'\t') => "A text that holds a tab needs quotes around it.",
            (true, _) => "A text that holds a comma needs quotes around it.",
            (false, _) => "Is the end of the line missing?",
        };
        let get = |column: &str| self.header.get(&record, column);
        let mut group = Group::new(normal(get("order")), Field::ALL.map(|field| get(field.as_str())));
        let order_at = self.header.place("order");
        // It may well be a line of the order above.
        let is_open = order_at.is_some_and(|at| at >= found) || group.head.iter().all(|text| text.is_empty());
        if group.reference.is_empty()
            && is_open
            && let Some(last) = self.groups.last_mut()
        {
            last.fault.get_or_insert_with(|| format!("Line {line} may be one of its lines, and cannot be read."));
        }
        group.fault =
            Some(format!("Line {line} has {}, the header has {width}. {remedy}", counted(found, "cell", "cells")));
        group.lines.push(Part { line, span: record.span, product: Cow::default(), quantity: Cow::default() });
        if order_at.is_some() {
            self.spoiled.extend(record.cells.iter().map(|cell| (normal(cleaned(cell)), line)));
        }
        self.push(group, limits)
    }
}

impl<'a> Group<'a> {
    fn new(reference: Cow<'a, str>, head: [Cow<'a, str>; 4]) -> Self {
        let (copy, lines) = (Cow::default(), SmallVec::new());
        Self { reference, copy, head, lines, fault: None, is_scattered: false, bare: None }
    }

    /// Takes over what a further line says of the order. What it leaves empty is as in the line above.
    fn join(&mut self, head: [Cow<'a, str>; 4]) {
        for ((field, known), text) in Field::ALL.into_iter().zip(&mut self.head).zip(head) {
            if known.is_empty() {
                *known = text;
            } else if !text.is_empty() && *known != text && normal(known.as_ref().into()) != normal(text) {
                let name = field.as_str();
                self.fault.get_or_insert_with(|| format!("The lines of this order do not have the same {name}."));
            }
        }
    }

    fn finish(self, products: &Products, limits: &Limits) -> Row {
        let mut body: Map<String, Value> = Map::new();
        for (field, text) in Field::ALL.into_iter().zip(&self.head) {
            body.insert(field.as_str().into(), (**text).into());
        }
        let items = self.lines.iter().map(|line| {
            let mut item = Map::from_iter([("product_id".to_owned(), json!(line.product))]);
            if !line.quantity.is_empty() {
                item.insert("quantity".into(), json!(line.quantity));
            }
            Value::from(item)
        });
        let order = if let Some(fault) = &self.fault {
            Err(fault.as_str().into())
        } else {
            body.insert("items".into(), items.collect());
            input::order(&form::bytes(&body), products, limits).map_err(|error| PageError::from(error).line().into())
        };
        let mut note = String::new();
        if self.is_scattered {
            note += "Its lines are in several places of the file and were joined. ";
        }
        if let Some(line) = self.bare {
            note.extend([format!("Line {line} names no order and no customer; it was taken as a line of this one. ")]);
        }
        Row {
            place: self.place(),
            reference: shortened(&self.reference),
            customer: shortened(&self.head[0]),
            lines: self.lines.len(),
            silent: self.lines.iter().filter(|line| line.quantity.is_empty()).count(),
            order,
            note,
            identity: None,
            copy: self.copy.into_owned(),
            nth: 0,
            name: self.reference.into_owned().into_boxed_str(),
            spans: self.lines.iter().map(|line| line.span.clone()).collect(),
        }
    }

    /// Where it is, for people.
    fn place(&self) -> String {
        match &*self.lines {
            [] => String::new(),
            [one] => format!("line {}", one.line),
            [first, .., last] if !self.is_scattered => format!("lines {} to {}", first.line, last.line),
            [lines @ .., last] if lines.len() < 5 => {
                let before: Vec<_> = lines.iter().map(|line| line.line.to_string()).collect();
                format!("lines {} and {}", before.join(", "), last.line)
            }
            [first, .., last] => format!("{} lines from {} to {}", self.lines.len(), first.line, last.line),
        }
    }
}
