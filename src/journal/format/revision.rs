//! A product revision in full.

use bincode::{BorrowDecode, Encode};

use crate::domain::catalogue::Revision;

use super::{FormatError, ProductDetailsV1, value};

/// The stored form of [`Revision`].
#[derive(Clone, Copy, Debug, Encode, BorrowDecode)]
pub struct RevisionV1<'a> {
    product: u64,
    number: u32,
    details: ProductDetailsV1<'a>,
    category_name: &'a str,
}

impl<'a> From<&'a Revision> for RevisionV1<'a> {
    fn from(revision: &'a Revision) -> Self {
        Self {
            product: revision.product.0,
            number: revision.number,
            details: (&revision.details).into(),
            category_name: revision.category_name.as_str(),
        }
    }
}

impl RevisionV1<'_> {
    /// The domain's value, checked.
    pub fn restore(self) -> Result<Revision, FormatError> {
        Ok(Revision {
            product: value::product_id(self.product)?,
            number: value::counted("a revision number", self.number)?,
            details: self.details.restore()?,
            category_name: value::name("a category's name", self.category_name)?,
        })
    }
}
