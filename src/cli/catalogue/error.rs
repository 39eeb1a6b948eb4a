//! Why a catalogue file was refused: file, row, column, what was found, what is allowed.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::cells::Column;

/// How many problems of one file are listed; the rest is only counted.
const LISTED_MAX: usize = 20;
/// How many characters of a cell are shown.
const SHOWN_MAX: usize = 60;

/// Why a file was refused. Nothing of it was taken.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// The name ends in nothing that is known.
    #[error("{}: the format follows from the end of the name; allowed: .csv, .json", path.display())]
    UnknownFormat {
        /// The file.
        path: PathBuf,
    },
    /// It could not be read.
    #[error("{}: cannot be read: {cause}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// It is larger than what is taken at once.
    #[error("{}: has more than {max} bytes; split it", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit, in bytes.
        max: u64,
    },
    /// It is not text in UTF-8.
    #[error("{}, line {line}: is not UTF-8 text; save the file as UTF-8", path.display())]
    NotUtf8 {
        /// The file.
        path: PathBuf,
        /// The first line with other bytes, counted from 1.
        line: usize,
    },
    /// It is not in its format at all.
    #[error("{}: {cause}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what would be right.
        cause: String,
    },
    /// Rows are wrong.
    #[error("{0}")]
    Rows(Problems),
}

/// Where in a file a row stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A line, counted from 1.
    Line(usize),
    /// An element of a list, counted from 1.
    Row(usize),
}

/// What is wrong with the rows of a file.
#[derive(Debug)]
pub struct Problems {
    path: PathBuf,
    listed: Vec<String>,
    count: usize,
}

impl Problems {
    /// None yet, in the file at `path`.
    pub(super) fn none(path: &Path) -> Self {
        Self { path: path.into(), listed: Vec::new(), count: 0 }
    }

    /// Adds a row that is wrong as a whole.
    pub(super) fn add_row(&mut self, place: Place, what: impl fmt::Display) {
        self.count += 1;
        if self.listed.len() < LISTED_MAX {
            self.listed.push(format!("{}, {place}: {what}", self.path.display()));
        }
    }

    /// Adds a cell that is wrong; `found` is `None` where it is empty.
    pub(super) fn add_cell(&mut self, place: Place, column: Column, found: Option<&str>) {
        let found = found.map_or_else(|| "empty".to_owned(), |text| format!("{:?}", shortened(text)));
        self.add_row(place, format_args!("{} is {found}; allowed: {}", column.as_str(), column.allowed()));
    }

    /// `rows`, if nothing was wrong with them and there is at least one.
    pub(super) fn or<T>(self, rows: Vec<T>) -> Result<Vec<T>, CatalogueError> {
        if self.count > 0 {
            return Err(CatalogueError::Rows(self));
        }
        if rows.is_empty() {
            return Err(CatalogueError::Malformed { path: self.path, cause: "names no product".into() });
        }
        Ok(rows)
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.listed.join("\n"))?;
        match self.count - self.listed.len() {
            0 => Ok(()),
            more => write!(f, "\n{}: and {more} more", self.path.display()),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}"),
            Self::Row(row) => write!(f, "row {row}"),
        }
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.into(),
    }
}
