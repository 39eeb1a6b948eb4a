//! Rows in columns, for a terminal.

use std::fmt::Write as _;

/// `rows` under their `header`, each column as wide as its widest cell. What is not there is shown as a dash.
pub(super) fn columns<const N: usize>(header: [&str; N], rows: &[[String; N]]) -> String {
    let mut widths = header.map(|word| word.chars().count());
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(shown(cell).chars().count());
        }
    }
    let mut text = String::new();
    let mut line = |cells: [&str; N]| {
        let begin = text.len();
        for (cell, width) in cells.into_iter().zip(widths) {
            write!(text, "{:width$}  ", shown(cell)).expect("writing to a string never fails");
        }
        text.truncate(begin + text[begin..].trim_end().len());
        text.push('\n');
    };
    line(header);
    for row in rows {
        line(row.each_ref().map(String::as_str));
    }
    text
}

fn shown(cell: &str) -> &str {
    if cell.is_empty() { "-" } else { cell }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [["ann", "admin", ""], ["bartholomew", "viewer", "x"]].map(|row| row.map(ToOwned::to_owned));
        assert_eq!(
            columns(["NAME", "ROLE", "USED"], &rows),
            "NAME         ROLE    USED\nann          admin   -\nbartholomew  viewer  x\n"
        );
    }
}
