//! `PrimaryKeyRelatedField`: the id of something that exists.

use std::fmt::Display;

use super::{NULL, Raw, Texts, python, texts};

/// Takes an id that `find` knows: a number, or a text that holds one.
///
/// A number with a fraction is refused, where the predecessor cut the fraction off and took the product before it.
pub(crate) fn key<T>(raw: Raw<'_>, find: impl FnOnce(u64) -> Option<T>) -> Result<T, Texts> {
    let kind = raw.type_name();
    let incorrect = || texts(format!("Incorrect type. Expected pk value, received {kind}."));
    let lookup =
        |id: i128, shown: &dyn Display| u64::try_from(id).ok().and_then(find).ok_or_else(|| texts(not_found(shown)));
    match raw {
        Raw::Null => Err(texts(NULL)),
        Raw::Bool(_) | Raw::List(_) | Raw::Dict(_) => Err(incorrect()),
        Raw::Int(text) => lookup(python::int(text).ok_or_else(incorrect)?, &python::int_text(text)),
        Raw::Float(value) => lookup(whole(value).ok_or_else(incorrect)?, &python::float_text(value)),
        Raw::Str(text) if text.is_empty() => Err(texts(NULL)),
        Raw::Str(text) => lookup(python::int(&text).ok_or_else(incorrect)?, &text),
    }
}

/// The sentence on an id that names nothing.
pub(crate) fn not_found(id: impl Display) -> String {
    format!("Invalid pk \"{id}\" - object does not exist.")
}

/// `value` as an integer, if it is one; beyond 64 bits the nearest one within, which names nothing.
fn whole(value: f64) -> Option<i128> {
    #[expect(clippy::cast_possible_truncation, reason = "`as` takes the nearest integer, and none so large is an id")]
    let integer = value as i64;
    (value.is_finite() && value.fract().eq(&0.0)).then_some(i128::from(integer))
}
