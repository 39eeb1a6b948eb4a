//! Text in CSV files that a spreadsheet would take for a formula.
//!
//! A spreadsheet carries out a cell that begins with `=`, `+`, `-`, `@`, a tab or a carriage return, some of them also
//! the full-width forms of these signs: what a customer wrote would run on the desk of whoever opens the file. Such a
//! text gets an apostrophe in front, which spreadsheets show as text. Reading takes it off again.

pub mod table;

use std::borrow::Cow;

/// What a spreadsheet takes for the beginning of a formula.
const FORMULA: [char; 10] = ['=', '+', '-', '@', '\t', '\r', '\u{FF1D}', '\u{FF0B}', '\u{FF0D}', '\u{FF20}'];

/// `text` as a cell that no spreadsheet carries out.
#[must_use]
pub fn guarded(text: &str) -> Cow<'_, str> {
    if is_formula(text) { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

/// What `cell` says, without the apostrophe that [`guarded`] puts in front.
#[must_use]
pub fn unguarded(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|text| is_formula(text)).unwrap_or(cell)
}

/// Whether `text` is a formula behind any apostrophes, so that one more can be told from those that were written.
fn is_formula(text: &str) -> bool {
    text.trim_start_matches('\'').trim_start_matches(' ').starts_with(FORMULA)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_would_be_a_formula_is_a_text() {
        for text in ["=1+1", "+880 123", "-1", "@SUM(A1)", "\tx", "\rx", " =1", "＝1+1", "＋1", "－1", "＠x", "'=1"]
        {
            assert_eq!(guarded(text), format!("'{text}"));
        }
        for text in ["", "Alice = Bob", "O'Brien", "'quoted'", "12", "Ann;=1+1"] {
            assert_eq!(guarded(text), text);
            assert_eq!(unguarded(text), text);
        }
    }

    proptest! {
        #[test]
        fn whatever_is_written_is_read_back(text in "['=+@ a-]{0,6}|.*") {
            let cell = guarded(&text);
            prop_assert_eq!(unguarded(&cell), text.as_str());
        }
    }
}
