//! Files that hold a catalogue with its opening stock: CSV and JSON, read into the same rows.
//!
//! A file is taken as a whole: where one cell is wrong, everything wrong in it is reported and nothing is taken.

mod cells;
mod csv;
mod error;
mod json;
mod openings;
mod row;

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

pub use error::CatalogueError;
pub(super) use openings::openings;
pub(super) use row::Row;

use crate::spreadsheet::table::{self, NotText};
use error::Place;

/// The largest file that is read, in bytes: 64 MiB.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// A catalogue as a file holds it, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogueFile {
    /// Its products, at least one, in the order of the file.
    pub(super) rows: Vec<Row>,
    /// Where each of them stands.
    places: Vec<Place>,
    path: PathBuf,
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
        Ok(Self::of(path, csv::parse(path, table::unmarked(text))?))
    }

    /// Reads `text`, the content of the JSON file at `path`.
    pub(super) fn from_json(path: &Path, text: &str) -> Result<Self, CatalogueError> {
        Ok(Self::of(path, json::parse(path, table::unmarked(text))?))
    }

    fn of(path: &Path, rows: Vec<(Place, Row)>) -> Self {
        let (places, rows) = rows.into_iter().unzip();
        Self { rows, places, path: path.into() }
    }
}

fn read(path: &Path) -> Result<String, CatalogueError> {
    let unreadable = |cause| CatalogueError::Unreadable { path: path.into(), cause };
    let mut bytes = Vec::new();
    // One byte more than allowed tells a file at the limit from one beyond it, whatever its length claims to be.
    File::open(path).map_err(unreadable)?.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > FILE_BYTES_MAX) {
        return Err(CatalogueError::TooLarge { path: path.into(), max: FILE_BYTES_MAX });
    }
    match table::text(&bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(NotText::Utf16) => Err(CatalogueError::NotUtf8 { path: path.into(), line: 1 }),
        Err(NotText::NotUtf8 { line }) => Err(CatalogueError::NotUtf8 { path: path.into(), line }),
        Err(error @ (NotText::Workbook(_) | NotText::Null { .. })) => {
            Err(CatalogueError::Malformed { path: path.into(), cause: error.to_string() })
        }
    }
}

#[cfg(test)]
mod tests;
