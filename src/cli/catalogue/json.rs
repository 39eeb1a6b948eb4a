//! JSON: a list of objects, one for each product.

use std::path::Path;

use serde_json::Value;

use super::cells::{Cells, Column};
use super::error::{CatalogueError, Place, Problems};
use super::row::Row;

/// The rows of `text`, the content of the file at `path`, each with its place.
pub(super) fn parse(path: &Path, text: &str) -> Result<Vec<(Place, Row)>, CatalogueError> {
    let malformed = |cause: String| CatalogueError::Malformed { path: path.into(), cause };
    let values = match serde_json::from_str(text) {
        Ok(Value::Array(values)) => values,
        Ok(_) => return Err(malformed("is no list; allowed: a list of objects".into())),
        Err(error) => return Err(malformed(format!("is not valid JSON: {error}"))),
    };
    let mut problems = Problems::none(path);
    let mut rows = Vec::new();
    for (index, value) in values.iter().enumerate() {
        let place = Place::Row(index + 1);
        match cells(value, place, &mut problems) {
            Some(cells) => rows.extend(Row::parse(&cells, place, &mut problems).map(|row| (place, row))),
            None => problems.add_row(place, format_args!("is no object; allowed: the keys {}", Column::words())),
        }
    }
    problems.or(rows)
}

/// The cells of `value`; `None` when it is no object.
fn cells(value: &Value, place: Place, problems: &mut Problems) -> Option<Cells> {
    let mut cells = Cells::default();
    for (key, value) in value.as_object()? {
        let Some(column) = Column::parse(key) else {
            problems.add_row(place, format_args!("unknown key {key:?}; allowed: {}", Column::words()));
            continue;
        };
        match value {
            Value::Null => {}
            Value::String(text) => cells.set(column, text),
            Value::Number(number) => cells.set(column, &number.to_string()),
            Value::Bool(_) | Value::Array(_) | Value::Object(_) => cells.set_other(column, value.to_string()),
        }
    }
    Some(cells)
}
