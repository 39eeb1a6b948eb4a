//! What a file of orders holds, in whichever format.

use std::ops::Range;
use std::sync::Arc;

use smallvec::SmallVec;

use super::identity::Identity;
use crate::domain::inventory::OrderRequest;
use crate::domain::order::Field;

/// The column that tells an order from others of the same content; a file of rows that were left out may have it.
pub(super) const COPY: &str = "copy";
/// The column in which a file of rows that were left out says why.
pub(super) const REASON: &str = "reason";
/// The most characters that are shown of one text of a file.
const SHOWN_MAX: usize = 100;
/// So many names of what is left out are told.
const NAMES_TOLD: usize = 20;

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

impl Contents {
    /// A quantity that is missing by mistake is a wrong delivery: it is one, and somebody has to see that.
    pub(super) fn remark_quantities(&mut self) {
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
    pub(super) fn judge_phone(&mut self) {
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
