//! Input fields, one file for each kind, as DRF 3.16 coerces and refuses them, in its texts.
//!
//! A body is read in one pass without building a tree of it: [`document`] picks the members that an endpoint knows as
//! [`Raw`] values that borrow from the body, a field's `check` turns one into what the domain takes, and what is wrong
//! is gathered as a [`Problem`] in the order of the contract. `tests/contract/fields.json` holds what DRF itself said
//! to some hundred values of each kind.

mod boolean;
mod chars;
mod choice;
mod date;
mod decimal;
mod document;
mod email;
mod ignored;
mod integer;
mod key;
mod problem;
mod python;
mod raw;

pub(crate) use boolean::{boolean, truth};
pub(crate) use chars::{Chars, REASON};
pub(crate) use choice::choice;
pub(crate) use date::{NOT_A_DAY, date, day};
pub(crate) use decimal::price;
pub(crate) use document::{DocumentError, Members, for_each_row, for_each_row_of, members, not_an_object, said_twice};
pub(crate) use email::email;
pub(crate) use ignored::{Document, Ignored, Noting};
pub(crate) use integer::Integer;
pub(crate) use key::{key, not_found};
pub(crate) use problem::{Found, Problem, Texts, texts};
pub(crate) use raw::Raw;

/// What is said of a member that is not there.
pub(crate) const REQUIRED: &str = "This field is required.";
/// What is said of a member that is `null`.
pub(crate) const NULL: &str = "This field may not be null.";

/// Which members of an object must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    /// Those that are required: for POST and PUT.
    Full,
    /// None: for PATCH.
    Partial,
}

impl Presence {
    /// A member that a full object requires.
    pub(crate) fn of<'a, T>(
        self,
        raw: Option<Raw<'a>>,
        check: impl FnOnce(Raw<'a>) -> Result<T, Texts>,
    ) -> Result<Option<T>, Texts> {
        match self {
            Self::Full => required(raw, check).map(Some),
            Self::Partial => optional(raw, check),
        }
    }
}

/// A member that must be there.
pub(crate) fn required<'a, T>(
    raw: Option<Raw<'a>>,
    check: impl FnOnce(Raw<'a>) -> Result<T, Texts>,
) -> Result<T, Texts> {
    raw.map_or_else(|| Err(texts(REQUIRED)), check)
}

/// A member that may be left out.
pub(crate) fn optional<'a, T>(
    raw: Option<Raw<'a>>,
    check: impl FnOnce(Raw<'a>) -> Result<T, Texts>,
) -> Result<Option<T>, Texts> {
    raw.map(check).transpose()
}

/// A value that may be `null`.
pub(crate) fn nullable<'a, T>(
    raw: Raw<'a>,
    check: impl FnOnce(Raw<'a>) -> Result<T, Texts>,
) -> Result<Option<T>, Texts> {
    match raw {
        Raw::Null => Ok(None),
        other => check(other).map(Some),
    }
}

#[cfg(test)]
mod tests;
