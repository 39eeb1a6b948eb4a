//! A category.

use bincode::{BorrowDecode, Encode};

use crate::domain::catalogue::Category;

use super::{FormatError, value};

/// The stored form of [`Category`].
#[derive(Clone, Copy, Debug, Encode, BorrowDecode)]
pub struct CategoryV1<'a> {
    id: u64,
    name: &'a str,
}

impl<'a> From<&'a Category> for CategoryV1<'a> {
    fn from(category: &'a Category) -> Self {
        Self { id: category.id.0, name: category.name.as_str() }
    }
}

impl CategoryV1<'_> {
    /// The domain's value, checked.
    pub fn restore(self) -> Result<Category, FormatError> {
        Ok(Category { id: value::category_id(self.id)?, name: value::name("a category's name", self.name)? })
    }
}
