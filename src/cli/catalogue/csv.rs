//! CSV: a header that names the columns in any order, then a line for each product.

use std::path::Path;

use csv::{ReaderBuilder, StringRecord};

use super::cells::{Cells, Column};
use super::error::{CatalogueError, Place, Problems};
use super::row::Row;

/// The rows of `text`, the content of the file at `path`.
pub(super) fn parse(path: &Path, text: &str) -> Result<Vec<Row>, CatalogueError> {
    let malformed = |cause: String| CatalogueError::Malformed { path: path.into(), cause };
    // Flexible, because the reader's own complaint about a short line names no column.
    let mut reader = ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| malformed(error.to_string()))?;
    let columns = columns(header).map_err(malformed)?;

    let mut problems = Problems::none(path);
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| malformed(error.to_string()))?;
        let place = Place::Line(record.position().map_or(0, |position| line(text, position)));
        if record.len() != columns.len() {
            let (found, wanted) = (record.len(), columns.len());
            problems.add_row(place, format_args!("has {found} cells; allowed: {wanted}, as many as the header"));
            continue;
        }
        let mut cells = Cells::default();
        for (column, text) in columns.iter().zip(&record) {
            cells.set(*column, text);
        }
        rows.extend(Row::parse(&cells, place, &mut problems));
    }
    problems.or(rows)
}

/// The line that the record at `position` stands in. The reader begins a record behind the first byte of a line end, and
/// before the empty lines that it skips.
fn line(text: &str, position: &csv::Position) -> u64 {
    let begin = usize::try_from(position.byte()).ok().and_then(|at| text.as_bytes().get(at..)).unwrap_or_default();
    let ends = begin.iter().take_while(|byte| b"\r\n".contains(byte)).filter(|byte| **byte == b'\n');
    ends.fold(position.line(), |line, _| line + 1)
}

/// The columns that `header` names, in its order.
fn columns(header: &StringRecord) -> Result<Vec<Column>, String> {
    let mut columns = Vec::new();
    for word in header {
        let word = word.trim();
        let column = Column::parse(word);
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
