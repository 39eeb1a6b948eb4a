//! Files that hold a catalogue with its opening stock: CSV and JSON, read into the same rows.
//!
//! A file is taken as a whole: where one cell is wrong, everything wrong in it is reported and nothing is taken.

mod cells;
mod csv;
mod error;
mod json;
mod row;

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use hashbrown::HashMap;

pub use error::CatalogueError;
pub(super) use row::Row;

use crate::domain::catalogue::{Catalogue, CatalogueCommand, ProductDetails};
use crate::domain::ids::CategoryId;
use crate::domain::inventory::Opening;
use crate::domain::text::CategoryName;

/// The largest file that is read, in bytes: 64 MiB.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// A catalogue as a file holds it, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogueFile {
    /// Its products, at least one, in the order of the file.
    pub(super) rows: Vec<Row>,
}

impl CatalogueFile {
    /// Reads the file at `path`, whose name tells its format.
    pub fn load(path: &Path) -> Result<Self, CatalogueError> {
        let extension = path.extension().map(OsStr::to_ascii_lowercase);
        let parse = match extension.as_ref().and_then(|extension| extension.to_str()) {
            Some("csv") => Self::from_csv,
            Some("json") => Self::from_json,
            Some(_) | None => return Err(CatalogueError::UnknownFormat { path: path.into() }),
        };
        parse(path, &read(path)?)
    }

    /// Reads `text`, the content of the CSV file at `path`.
    pub(super) fn from_csv(path: &Path, text: &str) -> Result<Self, CatalogueError> {
        Ok(Self { rows: csv::parse(path, without_mark(text))? })
    }

    /// Reads `text`, the content of the JSON file at `path`.
    pub(super) fn from_json(path: &Path, text: &str) -> Result<Self, CatalogueError> {
        Ok(Self { rows: json::parse(path, without_mark(text))? })
    }
}

/// The commands that bring `file` into `catalogue`: a category that it lacks is created where it is first named.
pub(super) fn openings(file: &CatalogueFile, catalogue: &Catalogue) -> Vec<Opening> {
    let mut openings = Vec::with_capacity(file.rows.len());
    let mut created: HashMap<&CategoryName, CategoryId> = HashMap::new();
    let mut category_next = catalogue.category_next();
    for row in &file.rows {
        let known = catalogue.category_by_name(&row.category).map(|category| category.id);
        let category = known.unwrap_or_else(|| {
            *created.entry(&row.category).or_insert_with(|| {
                let id = category_next;
                category_next = id.next();
                openings.push(Opening { command: CatalogueCommand::CreateCategory(row.category.clone()), stock: 0 });
                id
            })
        });
        let details = ProductDetails {
            name: row.name.clone(),
            description: row.description.clone(),
            price: row.price,
            expiry_date: row.expiry_date,
            category,
            archived: false,
        };
        openings.push(Opening { command: CatalogueCommand::CreateProduct(details), stock: row.stock });
    }
    openings
}

fn read(path: &Path) -> Result<String, CatalogueError> {
    let unreadable = |cause| CatalogueError::Unreadable { path: path.into(), cause };
    let mut bytes = Vec::new();
    // One byte more than allowed tells a file at the limit from one beyond it, whatever its length claims to be.
    File::open(path).map_err(unreadable)?.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > FILE_BYTES_MAX) {
        return Err(CatalogueError::TooLarge { path: path.into(), max: FILE_BYTES_MAX });
    }
    String::from_utf8(bytes).map_err(|error| {
        let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = memchr::memchr_iter(b'\n', before).count() + 1;
        CatalogueError::NotUtf8 { path: path.into(), line }
    })
}

/// Spreadsheets like to begin a file with a byte order mark.
fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

#[cfg(test)]
mod tests;
