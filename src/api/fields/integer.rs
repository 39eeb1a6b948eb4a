//! `IntegerField`: a whole number, also as a text or with a fraction of zeros.

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
            Raw::Bool(_) | Raw::List(_) | Raw::Dict => return Err(texts(INVALID)),
            Raw::Int(text) => Cow::Borrowed(text),
            Raw::Float(value) => Cow::Owned(python::float_text(value)),
            Raw::Str(text) if is_too_long(&text) => return Err(texts("String value too large.")),
            Raw::Str(text) => text,
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

pub(super) fn is_too_long(text: &str) -> bool {
    text.len() > TEXT_LENGTH_MAX && text.chars().count() > TEXT_LENGTH_MAX
}

/// `1.0` is 1, and so is `1.`; `1.2` stays what it is.
fn without_zero_fraction(text: &str) -> &str {
    let whole = text.trim_end_matches(python::is_space).trim_end_matches('0').strip_suffix('.');
    whole.unwrap_or(text)
}
