//! `categories/`.

mod create;
mod delete;
pub(crate) mod input;
mod list;
mod retrieve;
mod update;

pub(super) use create::create;
pub(super) use delete::delete;
pub(super) use list::list;
pub(super) use retrieve::retrieve;
pub(super) use update::{patch, put};

use crate::domain::catalogue::Category;
use crate::wire::render::{self, CategoryBody};

/// About how many bytes a category takes.
const CATEGORY_BYTES: usize = 96;

fn rendered(category: &Category) -> Vec<u8> {
    render::json(&CategoryBody::from(category), CATEGORY_BYTES)
}
