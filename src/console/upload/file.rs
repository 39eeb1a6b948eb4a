//! Files of orders: CSV with one line of an order on each line, and JSON as the API takes it. Each order is checked by
//! the API's own checks.

use csv::{ReaderBuilder, StringRecord, WriterBuilder};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::super::fault::Fault;
use crate::api::orders::input;
use crate::config::Limits;
use crate::domain::inventory::OrderRequest;
use crate::domain::order::Field;
use crate::view::Products;

/// The columns of a CSV file. Lines that follow each other with the same `order` are lines of one order.
const COLUMNS: [&str; 7] =
    ["order", "customer_name", "customer_email", "customer_phone", "delivery_address", "product_id", "quantity"];
/// The columns that may be left out.
const OPTIONAL: [&str; 2] = ["order", "quantity"];

/// The format of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Csv,
    Json,
}

impl Kind {
    /// By the end of the name; without one by how the content begins.
    pub(super) fn of(bytes: &[u8], name: &str) -> Self {
        let end = name.rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase());
        match end.as_deref() {
            Some("json") => Self::Json,
            Some("csv") => Self::Csv,
            Some(_) | None => {
                // A byte order mark is no ASCII.
                let begins = bytes.iter().find(|byte| byte.is_ascii_graphic());
                if begins == Some(&b'[') { Self::Json } else { Self::Csv }
            }
        }
    }
}

/// One order of a file.
#[derive(Debug)]
pub(super) struct Row {
    /// Where it stands, for people.
    pub(super) place: String,
    pub(super) customer: String,
    /// How many lines it has.
    pub(super) lines: usize,
    /// The order, or what is wrong with it.
    pub(super) order: Result<OrderRequest, String>,
    /// As it stood in the file: records of a CSV file, or the text of a JSON object.
    source: Source,
}

#[derive(Debug)]
enum Source {
    Records(Vec<Vec<String>>),
    Object(Box<str>),
}

/// The orders of the file `bytes`.
pub(super) fn read(bytes: &[u8], kind: Kind, products: &Products, limits: &Limits) -> Result<Vec<Row>, Fault> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = memchr::memchr_iter(b'\n', &bytes[..error.valid_up_to()]).count() + 1;
        Fault::bad_request(format!("Line {line} is not UTF-8 text. Save the file as \"CSV UTF-8\" and try again."))
    })?;
    // Spreadsheets like to begin a file with a byte order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let rows = match kind {
        Kind::Csv => from_csv(text, products, limits)?,
        Kind::Json => from_json(text, products, limits)?,
    };
    if rows.is_empty() {
        return Err(Fault::bad_request("The file holds no order. Download the template to see how it begins."));
    }
    if rows.len() > limits.bulk_orders {
        let (count, max) = (rows.len(), limits.bulk_orders);
        return Err(Fault::bad_request(format!("The file holds {count} orders; at most {max} are taken. Split it.")));
    }
    Ok(rows)
}

fn from_json(text: &str, products: &Products, limits: &Limits) -> Result<Vec<Row>, Fault> {
    let values: Vec<&RawValue> = serde_json::from_str(text)
        .map_err(|error| Fault::bad_request(format!("The file is no JSON list of orders: {error}.")))?;
    let row = |(index, value): (usize, &&RawValue)| {
        let order = input::order(value.get().as_bytes(), products, limits);
        let tree: Value = serde_json::from_str(value.get()).unwrap_or_default();
        Row {
            place: format!("order {}", index + 1),
            customer: tree["customer_name"].as_str().unwrap_or_default().to_owned(),
            lines: tree["items"].as_array().map_or(0, Vec::len),
            order: order.map_err(|error| Fault::from(error).line()),
            source: Source::Object(value.get().into()),
        }
    };
    Ok(values.iter().enumerate().map(row).collect())
}

/// Where each column stands in a line.
struct Header([Option<usize>; 7]);

impl Header {
    fn parse(record: &StringRecord) -> Result<Self, Fault> {
        let mut places = [None; 7];
        for (at, word) in record.iter().enumerate() {
            let word = word.trim().to_ascii_lowercase();
            let Some(column) = COLUMNS.iter().position(|column| *column == word) else {
                let known = COLUMNS.join(", ");
                return Err(Fault::bad_request(format!("Column \"{word}\" is unknown. The columns are: {known}.")));
            };
            if places[column].replace(at).is_some() {
                return Err(Fault::bad_request(format!("Column \"{word}\" is there twice.")));
            }
        }
        let missing = COLUMNS.iter().zip(places).find(|(name, place)| place.is_none() && !OPTIONAL.contains(name));
        match missing {
            Some((name, _)) => {
                let text = format!("Column \"{name}\" is missing. The first line of the file names the columns.");
                Err(Fault::bad_request(text))
            }
            None => Ok(Self(places)),
        }
    }

    fn get<'a>(&self, record: &'a StringRecord, column: &str) -> &'a str {
        let place = COLUMNS.iter().position(|name| *name == column).and_then(|column| self.0[column]);
        place.and_then(|place| record.get(place)).unwrap_or_default().trim()
    }
}

/// Counts lines. The reader's own count is behind where lines end with CR and LF.
struct Lines<'a> {
    text: &'a str,
    byte: usize,
    line: usize,
}

impl Lines<'_> {
    /// The line of the record that begins at `byte`, or behind the ends of lines that stand there. Never goes back.
    fn at(&mut self, byte: u64) -> usize {
        let bytes = self.text.as_bytes();
        let mut end = usize::try_from(byte).unwrap_or(usize::MAX).clamp(self.byte, bytes.len());
        while bytes.get(end).is_some_and(|byte| matches!(byte, b'\r' | b'\n')) {
            end += 1;
        }
        self.line += memchr::memchr_iter(b'\n', &bytes[self.byte..end]).count();
        self.byte = end;
        self.line
    }
}

fn from_csv(text: &str, products: &Products, limits: &Limits) -> Result<Vec<Row>, Fault> {
    let first = text.lines().next().unwrap_or_default();
    let count = |mark: char| first.matches(mark).count();
    // In many countries a spreadsheet writes semicolons.
    let delimiter = if count(';') > count(',') {
        b';'
    } else if count('\t') > count(',') {
        b'\t'
    } else {
        b','
    };
    let mut reader = ReaderBuilder::new().flexible(true).delimiter(delimiter).from_reader(text.as_bytes());
    let malformed = |error: csv::Error| Fault::bad_request(format!("The file cannot be read as CSV: {error}."));
    let header = Header::parse(reader.headers().map_err(malformed)?)?;
    let mut lines = Lines { text, byte: 0, line: 1 };
    let mut rows: Vec<Row> = Vec::new();
    let mut group: Vec<(usize, StringRecord)> = Vec::new();
    for record in reader.records() {
        let record = record.map_err(malformed)?;
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        let line = lines.at(record.position().map_or(0, csv::Position::byte));
        let name = header.get(&record, "order");
        let goes_on = !name.is_empty() && group.last().is_some_and(|(_, last)| header.get(last, "order") == name);
        if !goes_on && !group.is_empty() {
            rows.push(order(&header, &std::mem::take(&mut group), products, limits));
        }
        group.push((line, record));
    }
    if !group.is_empty() {
        rows.push(order(&header, &group, products, limits));
    }
    Ok(rows)
}

/// The order that the lines of `group` make.
fn order(header: &Header, group: &[(usize, StringRecord)], products: &Products, limits: &Limits) -> Row {
    let (first, record) = &group[0];
    let last = group.last().map_or(*first, |(line, _)| *line);
    let place = if last == *first { format!("line {first}") } else { format!("lines {first} to {last}") };
    let mut body = Map::new();
    for field in Field::ALL {
        body.insert(field.as_str().into(), header.get(record, field.as_str()).into());
    }
    let items: Vec<Value> = group
        .iter()
        .map(|(_, record)| {
            let mut item = Map::from_iter([("product_id".to_owned(), json!(header.get(record, "product_id")))]);
            match header.get(record, "quantity") {
                "" => {}
                quantity => drop(item.insert("quantity".into(), quantity.into())),
            }
            item.into()
        })
        .collect();
    body.insert("items".into(), items.into());
    let differs = Field::ALL.into_iter().find(|field| {
        let text = header.get(record, field.as_str());
        group.iter().any(|(_, other)| header.get(other, field.as_str()) != text)
    });
    let order = match differs {
        Some(field) => Err(format!("The lines of this order do not have the same {}.", field.as_str())),
        None => {
            input::order(&super::super::form::bytes(&body), products, limits).map_err(|error| Fault::from(error).line())
        }
    };
    let customer = header.get(record, "customer_name").to_owned();
    let records = group.iter().map(|(_, record)| COLUMNS.map(|name| header.get(record, name).to_owned()).to_vec());
    Row { place, customer, lines: group.len(), order, source: Source::Records(records.collect()) }
}

/// `rows` as a CSV file, each with why it was refused.
pub(super) fn csv_of<'a>(rows: impl Iterator<Item = (&'a Row, &'a str)>) -> Vec<u8> {
    let mut writer = WriterBuilder::new().from_writer(Vec::new());
    // The header has no column for why: the file can be uploaded again once it was mended.
    let mut written = writer.write_record(COLUMNS);
    for (row, _) in rows {
        if let Source::Records(records) = &row.source {
            written =
                records.iter().fold(written, |written, record| written.and_then(|()| writer.write_record(record)));
        }
    }
    written.ok().and_then(|()| writer.into_inner().ok()).unwrap_or_default()
}

/// `rows` as a JSON file.
pub(super) fn json_of<'a>(rows: impl Iterator<Item = (&'a Row, &'a str)>) -> Vec<u8> {
    let objects = rows.filter_map(|(row, _)| match &row.source {
        Source::Object(text) => Some(&**text),
        Source::Records(_) => None,
    });
    format!("[\n{}\n]\n", objects.collect::<Vec<_>>().join(",\n")).into_bytes()
}
