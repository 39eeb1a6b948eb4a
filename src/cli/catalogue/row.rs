//! One row of a catalogue file, as the domain knows it.

use chrono::{Datelike, NaiveDate};
use unicode_normalization::UnicodeNormalization;

use super::cells::{Cells, Column, Written};
use super::error::{Place, Problems};
use crate::domain::money::Money;
use crate::domain::stock::ON_HAND_MAX;
use crate::domain::text::{CategoryName, FREE_TEXT_MAX, ProductName};

/// One product with its opening stock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) struct Row {
    /// The category it stands in, by name.
    pub(in crate::cli) category: CategoryName,
    /// Its name.
    pub(in crate::cli) name: ProductName,
    /// Free text, may be empty.
    pub(in crate::cli) description: Box<str>,
    /// The price of one piece.
    pub(in crate::cli) price: Money,
    /// Pieces on hand from the start.
    pub(in crate::cli) stock: u32,
    /// The last day on which it can be ordered.
    pub(in crate::cli) expiry_date: Option<NaiveDate>,
}

impl Row {
    /// The row of `cells`, which stand at `place`; adds every cell that is wrong to `problems`.
    pub(super) fn parse(cells: &Cells, place: Place, problems: &mut Problems) -> Option<Self> {
        let mut cell = Cell { cells, place, problems };
        // Each is read before the first is missed, so that a row tells all that is wrong with it.
        let category = cell.read(Column::Category, |text| CategoryName::parse(&plain(text)?).ok());
        let name = cell.read(Column::Name, |text| ProductName::parse(&plain(text)?).ok());
        let description = cell.read_or_default(Column::Description, described);
        let price = cell.read(Column::Price, price);
        let stock = cell.read(Column::Stock, stock);
        let expiry_date = cell.read_or_default(Column::ExpiryDate, |text| day(text).map(Some));
        Some(Self {
            category: category?,
            name: name?,
            description: description?,
            price: price?,
            stock: stock?,
            expiry_date: expiry_date?,
        })
    }
}

struct Cell<'a> {
    cells: &'a Cells,
    place: Place,
    problems: &'a mut Problems,
}

impl Cell<'_> {
    fn read<T>(&mut self, column: Column, read: fn(&str) -> Option<T>) -> Option<T> {
        let (value, shown) = match self.cells.get(column) {
            None => (None, None),
            Some(Written::Text(text)) => (read(text), Some(text)),
            Some(Written::Other(shown)) => (None, Some(shown)),
        };
        if value.is_none() {
            self.problems.add_cell(self.place, column, shown.map(String::as_str));
        }
        value
    }

    fn read_or_default<T: Default>(&mut self, column: Column, read: fn(&str) -> Option<T>) -> Option<T> {
        match self.cells.get(column) {
            None => Some(T::default()),
            Some(_) => self.read(column, read),
        }
    }
}

/// `text` in its composed form, where nothing in it is a control character but tabs and ends of lines.
fn plain(text: &str) -> Option<String> {
    let is_odd = |sign: char| sign.is_control() && !"\t\r\n".contains(sign);
    (!text.contains(is_odd)).then(|| text.nfc().collect())
}

fn described(text: &str) -> Option<Box<str>> {
    plain(text).filter(|text| text.chars().count() <= FREE_TEXT_MAX).map(Into::into)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn price(text: &str) -> Option<Money> {
    let (whole, cents) = text.split_once('.').unwrap_or((text, "0"));
    if !is_digits(whole) || !is_digits(cents) || cents.len() > 2 {
        return None;
    }
    // "5.5" is five and fifty hundredths.
    let cents = cents.parse::<u64>().ok()? * if cents.len() == 1 { 10 } else { 1 };
    Money::from_minor(whole.parse::<u64>().ok()?.checked_mul(100)?.checked_add(cents)?)
}

fn stock(text: &str) -> Option<u32> {
    is_digits(text).then(|| text.parse().ok()).flatten().filter(|units| *units <= ON_HAND_MAX)
}

fn day(text: &str) -> Option<NaiveDate> {
    let [year, month, day] = text.split('-').collect::<Vec<_>>().try_into().ok()?;
    // Without the lengths and digits, "2030-1-5" and "+2030-01-05" would pass for days.
    let is_written_out =
        [(year, 4), (month, 2), (day, 2)].iter().all(|(part, length)| part.len() == *length && is_digits(part));
    is_written_out
        .then(|| NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?))
        .flatten()
        .filter(|day| day.year() >= 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_have_at_most_two_decimals_and_ten_digits() {
        let check = |text: &str, minor: Option<u64>| assert_eq!(price(text).map(Money::minor), minor, "{text:?}");
        check("299.99", Some(29_999));
        check("5", Some(500));
        check("5.5", Some(550));
        check("0.05", Some(5));
        check("0", Some(0));
        check("99999999.99", Some(9_999_999_999));
        check("100000000", None);
        check("184467440737095517", None);
        check("12.345", None);
        check("-1", None);
        check("+1", None);
        check("1,50", None);
        check("5.", None);
        check(".5", None);
        check("1e3", None);
        check("", None);
    }

    #[test]
    fn stock_fits_what_a_client_can_count() {
        let check = |text: &str, units: Option<u32>| assert_eq!(stock(text), units, "{text:?}");
        check("0", Some(0));
        check("2147483647", Some(2_147_483_647));
        check("2147483648", None);
        check("4294967296", None);
        check("-1", None);
        check("1.0", None);
    }

    #[test]
    fn days_are_written_in_full() {
        let check = |text: &str, ok: bool| assert_eq!(day(text).is_some(), ok, "{text:?}");
        check("2032-02-29", true);
        check("2031-02-29", false);
        check("2031-2-09", false);
        check("31/01/2031", false);
        check("+2031-1-01", false);
    }
}
