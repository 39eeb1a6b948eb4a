//! Files of orders: CSV with one line of an order on each line, and JSON as the API takes it. Each order is checked by
//! the API's own checks.

use std::ops::Range;
use std::sync::Arc;

use hashbrown::HashSet;
use smallvec::SmallVec;

use super::super::page_error::PageError;
use super::identity::{Identities, Identity};
use super::{csv, json};
use crate::config::Limits;
use crate::domain::inventory::OrderRequest;
use crate::domain::order::Field;
use crate::spreadsheet::table;
use crate::view::Products;

/// The most characters that are shown of one text of a file.
const SHOWN_MAX: usize = 100;
/// The most characters of a reason.
const REASON_MAX: usize = 400;

/// So many names of what is left out are told.
const NAMES_TOLD: usize = 20;

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

/// What a file holds.
#[derive(Debug)]
pub(super) struct Contents {
    pub(super) rows: Vec<Row>,
    /// What no order has a field for.
    pub(super) left_out: LeftOut,
    /// What is odd about the file as a whole.
    pub(super) remarks: Vec<String>,
    /// What separates the cells of a CSV file.
    pub(super) delimiter: u8,
    /// The bytes of its header.
    pub(super) header: Range<usize>,
}

/// The columns of a file, or the members of its orders and `items.` of their lines, that no order has a field for.
#[derive(Debug, Default)]
pub(super) struct LeftOut {
    pub(super) names: Vec<String>,
    /// Whether there are more than those.
    pub(super) has_more: bool,
}

impl LeftOut {
    /// The first of them, for people; empty where there are none.
    pub(super) fn told(&self) -> String {
        let told: Vec<_> = self.names.iter().take(NAMES_TOLD).map(|name| format!("\"{name}\"")).collect();
        let more = if self.has_more || self.names.len() > NAMES_TOLD { " and more" } else { "" };
        told.join(", ") + more
    }
}

/// One order of a file.
#[derive(Debug)]
pub(super) struct Row {
    /// Where it is, for people.
    pub(super) place: String,
    /// What its column `order` says, as much as is shown.
    pub(super) reference: String,
    pub(super) customer: String,
    /// How many lines it has.
    pub(super) lines: usize,
    /// How many of them leave the quantity open, where others of the file may not.
    pub(super) silent: usize,
    /// The order, or what is wrong with it.
    pub(super) order: Result<OrderRequest, Arc<str>>,
    /// What is odd about it; empty where nothing is.
    pub(super) note: String,
    /// Which order it is, where nothing is wrong with it.
    pub(super) identity: Option<Identity>,
    /// What its column `order` says, all of it, in normal form.
    pub(super) name: Box<str>,
    /// What its column `copy` says: the least number that it has among the rows of its content.
    pub(super) copy: String,
    /// That number, counted from 1; 0 where it is not known by it.
    pub(super) nth: u64,
    /// Its bytes in the text of the file.
    pub(super) spans: SmallVec<[Range<usize>; 1]>,
}

/// The orders of the file `bytes`.
pub(super) fn read(bytes: &[u8], kind: Kind, products: &Products, limits: &Limits) -> Result<Contents, PageError> {
    let text = table::text(bytes).map_err(|error| PageError::bad_request(error.to_string()))?;
    if text.chars().all(|sign| sign.is_whitespace() || sign == table::MARK) {
        return Err(PageError::bad_request("The file is empty. Download the template to see how it begins."));
    }
    let mut contents = match kind {
        Kind::Csv => csv::read(text, products, limits)?,
        Kind::Json => json::read(text, products, limits)?,
    };
    if contents.rows.is_empty() {
        let is_one_line = kind == Kind::Csv && text.contains(['\u{85}', '\u{2028}', '\u{2029}']);
        return Err(PageError::bad_request(if is_one_line {
            "The file is one line: its lines end with a sign that ends none in a CSV file (U+2028). Save it with CRLF or LF."
        } else {
            "The file holds no order. Download the template to see how it begins."
        }));
    }
    contents.remark_quantities();
    let (mut identities, mut names) = (Identities::default(), HashSet::new());
    for row in &mut contents.rows {
        row.judge_phone();
        if row.order.is_ok() && row.name.contains('\0') {
            row.order = Err("The text in \"order\" holds a null character. Take it out.".into());
        }
        if row.order.is_ok() && !row.name.is_empty() && !names.insert(row.name.clone()) {
            row.order = Err("An order before it in this file has the same text in \"order\".".into());
        }
        let copy = if row.copy.is_empty() { Some(1) } else { row.copy.parse().ok().filter(|copy| *copy > 0) };
        if copy.is_none() && row.order.is_ok() {
            row.order = Err("Write which copy it is in \"copy\", such as 2, or leave that empty.".into());
        }
        if let (Ok(order), Some(copy)) = (&row.order, copy) {
            let (identity, nth) = identities.of(&row.name, order, copy);
            (row.identity, row.nth) = (Some(identity), nth);
        }
        if let Err(reason) = &mut row.order
            && let Some((at, _)) = reason.char_indices().nth(REASON_MAX)
        {
            *reason = format!("{}... and more.", &reason[..at]).into();
        }
    }
    Ok(contents)
}

impl Contents {
    /// A quantity that is missing by mistake is a wrong delivery: it is one, and somebody has to see that.
    fn remark_quantities(&mut self) {
        let mut silent = self.rows.iter().filter(|row| row.order.is_ok() && row.silent > 0).peekable();
        let Some(first) = silent.peek().map(|row| row.place.clone()) else { return };
        let remark = match silent.map(|row| row.silent).sum() {
            1 => format!("In 1 line no quantity is given: it is one unit. It is of {first}."),
            count => format!("In {count} lines no quantity is given: each is one unit. The first is of {first}."),
        };
        self.remarks.push(remark);
    }
}

impl Row {
    /// A spreadsheet makes `8.8017E+12` of a long number: its last digits are lost.
    fn judge_phone(&mut self) {
        let Ok(order) = &self.order else { return };
        let phone = order.contact.get(Field::CustomerPhone);
        let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let is_cut = phone.split_once(['E', 'e']).is_some_and(|(number, power)| {
            let (whole, part) = number.split_once(['.', ',']).unwrap_or((number, "0"));
            is_digits(whole) && is_digits(part) && power.strip_prefix('+').is_some_and(is_digits)
        });
        if is_cut {
            self.order = Err(format!(
                "customer phone: a spreadsheet has made {phone} of this number. Format the column as text, and write \
                 the number again."
            )
            .into());
        } else if !phone.chars().any(char::is_numeric) {
            self.note.extend([format!("The phone number \"{phone}\" has no digit. ")]);
        }
    }
}

/// As much of `text` as is shown.
pub(super) fn shortened(text: &str) -> String {
    match text.char_indices().nth(SHOWN_MAX) {
        Some((at, _)) => format!("{}...", &text[..at]),
        None => text.to_owned(),
    }
}
