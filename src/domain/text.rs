//! Text whose length was checked once, when it came in.

use std::fmt;

/// Why a text was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing but white space, where something is needed.
    #[error("the text is blank")]
    Blank,
    /// More characters than allowed.
    #[error("the text has {found} characters; at most {max} are allowed")]
    TooLong {
        /// The limit, in characters.
        max: usize,
        /// What was found, in characters.
        found: usize,
    },
}

/// The most characters of a free text: the description of a product, the address of an order. Each line of an order
/// repeats the description, so that this bounds what one line takes of an answer.
pub const FREE_TEXT_MAX: usize = 10_000;

/// A name that is not blank and has at most `MAX` characters (Unicode scalar values, as the contract counts them).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name<const MAX: usize>(Box<str>);

/// A category's name, at most 50 characters.
pub type CategoryName = Name<50>;
/// A product's name, at most 100 characters.
pub type ProductName = Name<100>;

impl<const MAX: usize> Name<MAX> {
    /// Takes `text` without the white space around it.
    ///
    /// # Errors
    /// [`TextError::Blank`] or [`TextError::TooLong`].
    pub fn parse(text: &str) -> Result<Self, TextError> {
        let text = text.trim();
        let found = text.chars().count();
        if found == 0 {
            return Err(TextError::Blank);
        }
        if found > MAX {
            return Err(TextError::TooLong { max: MAX, found });
        }
        Ok(Self(text.into()))
    }

    /// The text itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> fmt::Display for Name<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
