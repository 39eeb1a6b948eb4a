//! `EmailField`: a text that is an e-mail address.

use std::borrow::Cow;

use super::{Chars, Raw, Texts, texts};
use crate::domain::email::is_valid;

const INVALID: &str = "Enter a valid email address.";

/// Takes an address of at most so many characters.
pub(crate) fn email(raw: Raw<'_>, length_max: Option<usize>) -> Result<Cow<'_, str>, Texts> {
    match raw {
        Raw::Bool(_) | Raw::List(_) | Raw::Dict(_) => Err(texts(INVALID)),
        other => Chars::up_to(length_max).check_and(other, |text| (!is_valid(text)).then_some(INVALID)),
    }
}
