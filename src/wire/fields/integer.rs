//! `IntegerField`: a whole number, also as a text or with a fraction of zeros.
//!
//! A text is what somebody typed. One in which digits stand in groups of three, `1.000`, is a thousand to half of the
//! world and one to the other half: it is refused, where DRF takes it for 1. The minus sign of typesetting is a minus.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use super::{NULL, Raw, Texts, python, texts};

const INVALID: &str = "A valid integer is required.";
/// The longest text that is tried as a number, in characters.
const TEXT_LENGTH_MAX: usize = 1_000;

/// The numbers that a field takes.
#[derive(Clone, Debug)]
pub(crate) struct Integer(pub(crate) RangeInclusive<i64>);

impl Integer {
    /// Takes `raw`.
    pub(crate) fn check(&self, raw: Raw<'_>) -> Result<i64, Texts> {
        let text = match raw {
            Raw::Null => return Err(texts(NULL)),
            Raw::Bool(_) | Raw::List(_) | Raw::Dict(_) => return Err(texts(INVALID)),
            Raw::Int(text) => Cow::Borrowed(text),
            Raw::Float(value) => Cow::Owned(python::float_text(value)),
            Raw::Str(text) if is_too_long(&text) => return Err(texts("String value too large.")),
            Raw::Str(text) => typed(text)?,
        };
        let value = python::int(without_zero_fraction(&text)).ok_or_else(|| texts(INVALID))?;
        let (min, max) = (*self.0.start(), *self.0.end());
        if value > i128::from(max) {
            return Err(texts(format!("Ensure this value is less than or equal to {max}.")));
        }
        match i64::try_from(value) {
            Ok(value) if value >= min => Ok(value),
            Ok(_) | Err(_) => Err(texts(format!("Ensure this value is greater than or equal to {min}."))),
        }
    }

    /// Takes `raw` into an unsigned number, whose range holds that of the field.
    pub(crate) fn check_u32(&self, raw: Raw<'_>) -> Result<u32, Texts> {
        let value = self.check(raw)?;
        u32::try_from(value).map_err(|_| texts(INVALID))
    }
}

/// A minus as it is printed, also on our own pages.
const MINUS: char = '\u{2212}';

/// What stands between groups of digits somewhere in the world.
const GROUPING: [char; 6] = ['.', ',', '\'', ' ', '\u{a0}', '\u{202f}'];

/// `text` as a program would have written it, if it can only mean one number.
fn typed(text: Cow<'_, str>) -> Result<Cow<'_, str>, Texts> {
    if let Some(refusal) = grouped(&text) {
        return Err(texts(refusal));
    }
    match python::strip(&text).strip_prefix(MINUS) {
        Some(digits) => Ok(Cow::Owned(format!("-{digits}"))),
        None => Ok(text),
    }
}

/// Why `text` is refused, if its digits stand in groups of three.
fn grouped(text: &str) -> Option<String> {
    let text = python::strip(text);
    let (sign, digits) = match text.strip_prefix(['+', '-', MINUS]) {
        Some(digits) if !text.starts_with('+') => ("-", digits),
        Some(digits) => ("", digits),
        None => ("", text),
    };
    let mut groups = digits.split(GROUPING);
    let is_number = |group: &str| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_digit());
    let (first, others) = (groups.next()?, groups.collect::<Vec<_>>());
    let is_grouped =
        !others.is_empty() && is_number(first) && others.iter().all(|group| group.len() == 3 && is_number(group));
    if !is_grouped {
        return None;
    }
    let plain = |digits: String| match digits.trim_start_matches('0') {
        "" => "0".to_owned(),
        digits => format!("{sign}{digits}"),
    };
    let (whole, part) = (plain(format!("{first}{}", others.concat())), plain(first.to_owned()));
    // One dot or comma may begin a fraction; only one of zeros leaves a whole number.
    let may_be_fraction = digits.contains(['.', ',']) && others == ["000"] && whole != part;
    Some(if may_be_fraction {
        format!("\"{text}\" may mean {whole} or {part}: write {whole} or {part}.")
    } else {
        format!("Write {whole} without anything between the digits, not \"{text}\".")
    })
}

pub(super) fn is_too_long(text: &str) -> bool {
    text.len() > TEXT_LENGTH_MAX && text.chars().count() > TEXT_LENGTH_MAX
}

/// `1.0` is 1, and so is `1.`; `1.2` stays what it is.
fn without_zero_fraction(text: &str) -> &str {
    let whole = text.trim_end_matches(python::is_space).trim_end_matches('0').strip_suffix('.');
    whole.unwrap_or(text)
}
