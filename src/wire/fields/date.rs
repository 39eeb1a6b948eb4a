//! `DateField`: a day of the calendar, as `YYYY-MM-DD`.

use chrono::{Datelike, NaiveDate};

use super::{NULL, Raw, Texts, texts};

/// What is said of anything else.
pub(crate) const NOT_A_DAY: &str = "Date has wrong format. Use one of these formats instead: YYYY-MM-DD.";

/// Takes a day from year 1 to 9999; month and day may be written without their leading zero.
pub(crate) fn date(raw: Raw<'_>) -> Result<NaiveDate, Texts> {
    let found = match raw {
        Raw::Null => return Err(texts(NULL)),
        Raw::Str(text) => day(&text),
        Raw::Bool(_) | Raw::Int(_) | Raw::Float(_) | Raw::List(_) | Raw::Dict(_) => None,
    };
    found.ok_or_else(|| texts(NOT_A_DAY))
}

/// The day that `text` is.
pub(crate) fn day(text: &str) -> Option<NaiveDate> {
    // The pattern's `$` also matches before a newline at the end.
    let mut parts = text.strip_suffix('\n').unwrap_or(text).split('-');
    let mut part = |lengths: std::ops::RangeInclusive<usize>| {
        let digits = parts.next().filter(|part| lengths.contains(&part.len()))?;
        digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse::<u32>().ok())?
    };
    let (year, month, day) = (part(4..=4)?, part(1..=2)?, part(1..=2)?);
    if parts.next().is_some() {
        return None;
    }
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day).filter(|day| day.year() >= 1)
}
