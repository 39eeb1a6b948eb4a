//! `DecimalField` with ten digits, two of them decimals, as an amount of money that is not negative.

use std::borrow::Cow;

use super::integer::is_too_long;
use super::{NULL, Raw, Texts, python, texts};
use crate::domain::money::Money;

const INVALID: &str = "A valid number is required.";
const DIGITS_MAX: i64 = 10;
const DECIMALS_MAX: i64 = 2;
const WHOLE_DIGITS_MAX: i64 = DIGITS_MAX - DECIMALS_MAX;
/// Exponents of more digits are beyond what Python's `Decimal` holds.
const EXPONENT_MAX: i64 = 999_999_999_999_999_999;

/// A decimal number: its digits without leading zeros (a lone `0` for zero) times a power of ten.
struct Decimal {
    is_negative: bool,
    digits: String,
    exponent: i64,
}

/// Takes a price: a number, or a text that holds one.
pub(crate) fn price(raw: Raw<'_>) -> Result<Money, Texts> {
    let text = match raw {
        Raw::Null => return Err(texts(NULL)),
        Raw::Bool(_) | Raw::List(_) | Raw::Dict(_) => return Err(texts(INVALID)),
        Raw::Int(text) => Cow::Borrowed(text),
        Raw::Float(value) => Cow::Owned(python::float_text(value)),
        Raw::Str(text) => text,
    };
    let text = python::strip(&text);
    if is_too_long(text) {
        return Err(texts("String value too large."));
    }
    let value = Decimal::parse(text).ok_or_else(|| texts(INVALID))?;
    value.check_precision()?;
    value.money().ok_or_else(|| texts("Ensure this value is greater than or equal to 0."))
}

impl Decimal {
    /// Reads what `decimal.Decimal` reads, but for infinities and what is not a number.
    fn parse(text: &str) -> Option<Self> {
        let text = text.replace('_', "");
        let (is_negative, unsigned) = match text.as_bytes().first()? {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text.as_str()),
        };
        let (mantissa, power) = match unsigned.find(['e', 'E']) {
            Some(at) => (&unsigned[..at], exponent(&unsigned[at + 1..])?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = format!("{whole}{fraction}");
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let significant = digits.trim_start_matches('0');
        let digits = if significant.is_empty() { "0".to_owned() } else { significant.to_owned() };
        let exponent = power.checked_sub(i64::try_from(fraction.len()).ok()?)?;
        Some(Self { is_negative, digits, exponent })
    }

    /// The three sentences on too many digits, in the order in which DRF tries them.
    fn check_precision(&self) -> Result<(), Texts> {
        let count = i64::try_from(self.digits.len()).unwrap_or(i64::MAX);
        let decimals = self.exponent.min(0).saturating_abs();
        let (total, whole) = if self.exponent >= 0 {
            let total = count.saturating_add(self.exponent);
            (total, total)
        } else if count > decimals {
            (count, count - decimals)
        } else {
            (decimals, 0)
        };
        if total > DIGITS_MAX {
            return Err(texts(format!("Ensure that there are no more than {DIGITS_MAX} digits in total.")));
        }
        if decimals > DECIMALS_MAX {
            return Err(texts(format!("Ensure that there are no more than {DECIMALS_MAX} decimal places.")));
        }
        if whole > WHOLE_DIGITS_MAX {
            let text =
                format!("Ensure that there are no more than {WHOLE_DIGITS_MAX} digits before the decimal point.");
            return Err(texts(text));
        }
        Ok(())
    }

    /// In hundredths; `None` below zero. The precision was checked before.
    fn money(&self) -> Option<Money> {
        let digits: u64 = self.digits.parse().ok()?;
        if self.is_negative && digits > 0 {
            return None;
        }
        let shift = u32::try_from(self.exponent + DECIMALS_MAX).ok()?;
        digits.checked_mul(10_u64.checked_pow(shift)?).and_then(Money::from_minor)
    }
}

fn exponent(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok().filter(|exponent| (-EXPONENT_MAX..=EXPONENT_MAX).contains(exponent))
}
