//! Files of orders: CSV with one line of an order on each line, and JSON as the API takes it. Each order is checked by
//! the API's own checks.

use hashbrown::HashSet;

use super::super::page_error::PageError;
use super::contents::Contents;
use super::identity::Identities;
use super::{csv, json};
use crate::config::Limits;
use crate::spreadsheet::table;
use crate::view::Products;

/// The most characters of a reason.
const REASON_MAX: usize = 400;

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
