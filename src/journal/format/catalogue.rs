//! A change of the catalogue.

use bincode::{BorrowDecode, Encode};

use crate::domain::catalogue::CatalogueEvent;

use super::{CategoryV1, FormatError, ProductDetailsV1, value};

/// The stored form of [`CatalogueEvent`].
#[derive(Clone, Copy, Debug, Encode, BorrowDecode)]
pub enum CatalogueEventV1<'a> {
    /// A category was created.
    CategoryCreated(CategoryV1<'a>),
    /// A category was renamed.
    CategoryRenamed(CategoryV1<'a>),
    /// A category was deleted.
    CategoryDeleted(u64),
    /// A product was created.
    ProductCreated(u64, ProductDetailsV1<'a>),
    /// A product was changed.
    ProductChanged(u64, ProductDetailsV1<'a>),
    /// A product was deleted.
    ProductDeleted(u64),
}

impl<'a> From<&'a CatalogueEvent> for CatalogueEventV1<'a> {
    fn from(event: &'a CatalogueEvent) -> Self {
        match event {
            CatalogueEvent::CategoryCreated(category) => Self::CategoryCreated(category.into()),
            CatalogueEvent::CategoryRenamed(category) => Self::CategoryRenamed(category.into()),
            CatalogueEvent::CategoryDeleted(id) => Self::CategoryDeleted(id.0),
            CatalogueEvent::ProductCreated(id, details) => Self::ProductCreated(id.0, details.into()),
            CatalogueEvent::ProductChanged(id, details) => Self::ProductChanged(id.0, details.into()),
            CatalogueEvent::ProductDeleted(id) => Self::ProductDeleted(id.0),
        }
    }
}

impl CatalogueEventV1<'_> {
    /// The domain's value, checked.
    pub fn restore(self) -> Result<CatalogueEvent, FormatError> {
        Ok(match self {
            Self::CategoryCreated(category) => CatalogueEvent::CategoryCreated(category.restore()?),
            Self::CategoryRenamed(category) => CatalogueEvent::CategoryRenamed(category.restore()?),
            Self::CategoryDeleted(id) => CatalogueEvent::CategoryDeleted(value::category_id(id)?),
            Self::ProductCreated(id, details) => {
                CatalogueEvent::ProductCreated(value::product_id(id)?, details.restore()?)
            }
            Self::ProductChanged(id, details) => {
                CatalogueEvent::ProductChanged(value::product_id(id)?, details.restore()?)
            }
            Self::ProductDeleted(id) => CatalogueEvent::ProductDeleted(value::product_id(id)?),
        })
    }
}
