//! The name of a user or of a key.

use std::fmt;
use std::sync::Arc;

const LENGTH_MAX: usize = 64;

/// 1 to 64 of the small letters, digits and `. _ @ + -`. Capital letters are made small when it comes in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccessName(Arc<str>);

/// A text is no name of a user or key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a name has 1 to {LENGTH_MAX} of the letters a to z, digits, and . _ @ + -, and more than dots")]
pub struct AccessNameError;

impl AccessName {
    /// Takes `text` in small letters. Names that were given before are read by it; a new one is
    /// [`AccessName::parse_new`].
    ///
    /// # Errors
    /// When it is empty, too long, or holds anything else.
    pub fn parse(text: &str) -> Result<Self, AccessNameError> {
        let fits = (1..=LENGTH_MAX).contains(&text.len());
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._@+-".contains(&byte);
        if fits && text.bytes().all(allowed) {
            Ok(Self(text.to_ascii_lowercase().into()))
        } else {
            Err(AccessNameError)
        }
    }

    /// The same for somebody or something new. A name of dots alone would lead elsewhere in an address: who calls
    /// `/users/../` asks for what is above.
    ///
    /// # Errors
    /// As [`AccessName::parse`], and when it has nothing but dots.
    pub fn parse_new(text: &str) -> Result<Self, AccessNameError> {
        if text.bytes().all(|byte| byte == b'.') { Err(AccessNameError) } else { Self::parse(text) }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text, shared: what stands in history rows.
    #[must_use]
    pub fn shared(&self) -> Arc<str> {
        self.0.clone()
    }
}

impl fmt::Display for AccessName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
