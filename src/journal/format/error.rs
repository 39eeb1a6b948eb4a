//! Why stored bytes were not what they should be.

use bincode::error::DecodeError;

use crate::domain::ids::ProductId;
use crate::domain::money::Money;
use crate::domain::text::TextError;

/// Stored bytes that do not hold what they should.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// They break the encoding itself.
    #[error("the bytes cannot be decoded: {0}")]
    Encoding(#[from] DecodeError),
    /// The value ended before the bytes did.
    #[error("{left} bytes are left over behind the value")]
    LeftOver {
        /// How many.
        left: usize,
    },
    /// A format that this program does not know.
    #[error(
        "format version {0} is unknown to this program; use the version of Packhorse that wrote it, or a newer one"
    )]
    UnknownVersion(u16),
    /// A number means nothing.
    #[error("{field} cannot be {value}")]
    Number {
        /// The field.
        field: &'static str,
        /// What was found.
        value: i64,
    },
    /// A text breaks its rule.
    #[error("{field}: {error}")]
    Text {
        /// The field.
        field: &'static str,
        /// The rule.
        error: TextError,
    },
    /// White space where it was trimmed before it was stored.
    #[error("{field} starts or ends with white space")]
    NotTrimmed {
        /// The field.
        field: &'static str,
    },
    /// Nothing, where there is always something.
    #[error("{field} is empty")]
    Empty {
        /// The field.
        field: &'static str,
    },
    /// A text is not of its kind. It is not shown: it may stand for a secret.
    #[error("{field} is malformed")]
    Malformed {
        /// The field.
        field: &'static str,
    },
    /// A line refers to a product revision that no earlier entry made.
    #[error("a line names revision {number} of product {product}, which does not exist")]
    RevisionMissing {
        /// The product.
        product: ProductId,
        /// The revision.
        number: u32,
    },
    /// A line's price is not that of the product revision it refers to.
    #[error("a line for revision {number} of product {product} costs {stored}, but that revision costs {revision}")]
    PriceDiffers {
        /// The product.
        product: ProductId,
        /// The revision.
        number: u32,
        /// The price on the line.
        stored: Money,
        /// The price of the revision.
        revision: Money,
    },
}

impl FormatError {
    /// A number, of any width, that `field` cannot hold.
    pub(super) fn number(field: &'static str, value: impl TryInto<i64>) -> Self {
        Self::Number { field, value: value.try_into().unwrap_or(i64::MAX) }
    }
}
