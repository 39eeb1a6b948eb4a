//! CSV: a header that names the columns in any order and case, then a line for each product.

use std::borrow::Cow;
use std::path::Path;

use super::cells::{Cells, Column};
use super::error::{CatalogueError, Place, Problems};
use super::row::Row;
use crate::spreadsheet::table::Records;

/// The rows of `text`, the content of the file at `path`, each with its place.
pub(super) fn parse(path: &Path, text: &str) -> Result<Vec<(Place, Row)>, CatalogueError> {
    let malformed = |cause: String| CatalogueError::Malformed { path: path.into(), cause };
    let mut records = Records::of(text);
    let header = records.next().transpose().map_err(|error| malformed(error.to_string()))?;
    let columns = columns(&header.map_or_else(Vec::new, |record| record.cells)).map_err(malformed)?;

    let mut problems = Problems::none(path);
    let mut rows = Vec::new();
    for record in records {
        let mut record = record.map_err(|error| malformed(error.to_string()))?;
        let place = Place::Line(record.line);
        if !record.fit(columns.len()) {
            let (found, wanted) = (record.cells.len(), columns.len());
            problems.add_row(place, format_args!("has {found} cells; allowed: {wanted}, as many as the header"));
            continue;
        }
        let mut cells = Cells::default();
        for (column, text) in columns.iter().zip(&record.cells) {
            cells.set(*column, text);
        }
        rows.extend(Row::parse(&cells, place, &mut problems).map(|row| (place, row)));
    }
    problems.or(rows)
}

/// The columns that `header` names, in its order.
fn columns(header: &[Cow<'_, str>]) -> Result<Vec<Column>, String> {
    let named = header.iter().rposition(|word| !word.trim().is_empty()).map_or(0, |last| last + 1);
    let mut columns = Vec::new();
    for word in &header[..named] {
        let word = word.trim();
        let column = Column::parse(&word.to_lowercase().replace(' ', "_"));
        let column = column.ok_or_else(|| format!("header: unknown column {word:?}; allowed: {}", Column::words()))?;
        if columns.contains(&column) {
            return Err(format!("header: column {word} is there twice; allowed: each once"));
        }
        columns.push(column);
    }
    match Column::ALL.into_iter().find(|column| !column.is_optional() && !columns.contains(column)) {
        None => Ok(columns),
        Some(missing) => {
            Err(format!("header: column {} is missing; the first line names the columns", missing.as_str()))
        }
    }
}
