//! `ChoiceField`: one word out of several.

use super::{Chars, Raw, Texts, texts};

/// Takes a word that `parse` knows.
pub(crate) fn choice<T>(raw: Raw<'_>, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, Texts> {
    let word = Chars::ANY.check(raw)?;
    parse(&word).ok_or_else(|| texts(format!("\"{word}\" is not a valid choice.")))
}
