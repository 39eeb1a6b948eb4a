//! CSV files as spreadsheets write them, read strictly: what cannot be understood in one way only is an error that
//! names the line, and never a guess.
//!
//! A file may begin with a byte order mark, empty lines, and a line `sep=;`. Its cells are separated by commas,
//! semicolons or tabs, its lines end with LF, CRLF or CR. The crate `csv` reads a quote that is never closed, and text
//! behind a quote, as if nothing were wrong; that is why this is not left to it.

use std::borrow::Cow;
use std::iter::FusedIterator;
use std::ops::Range;

/// The byte order mark that spreadsheets begin a file with.
pub const MARK: char = '\u{feff}';

/// The most cells of one line.
const CELLS_MAX: usize = 1_000;

/// So many signs at the beginning tell UTF-16.
const WIDE_SIGNS: usize = 4;

/// Why bytes are not the text of a table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotText {
    /// They are the file of a program.
    #[error("This is {0}, not a CSV file. Save it as \"CSV UTF-8\" and take that file.")]
    Workbook(&'static str),
    /// They are text of two bytes for each sign.
    #[error("This file is UTF-16 text. Save it as \"CSV UTF-8\" and try again.")]
    Utf16,
    /// They hold a byte that no text has, where the columns are named or a list begins.
    #[error("Byte {place} of this file is a null character, which no text holds. Take it out and try again.")]
    Null {
        /// Which byte, counted from 1.
        place: usize,
    },
    /// They are some other text.
    #[error("Line {line} is not UTF-8 text. Save the file as \"CSV UTF-8\" and try again.")]
    NotUtf8 {
        /// Where.
        line: usize,
    },
}

/// The text that `bytes` are, without byte order marks in front: what adds one may well add another.
///
/// # Errors
/// What they are instead, as a sentence with the remedy.
pub fn text(bytes: &[u8]) -> Result<&str, NotText> {
    let begin = &bytes[..bytes.len().min(4_096)];
    let has = |word: &[u8]| memchr::memmem::find(begin, word).is_some();
    if bytes.starts_with(b"PK\x03\x04") {
        return Err(NotText::Workbook(if has(b"application/vnd.oasis.opendocument") {
            "an OpenDocument spreadsheet (.ods)"
        } else if has(b"Index/") {
            "a Numbers spreadsheet"
        } else {
            "an Excel workbook (.xlsx)"
        }));
    }
    if bytes.starts_with(b"\xD0\xCF\x11\xE0") {
        return Err(NotText::Workbook("an Excel workbook (.xls)"));
    }
    if bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF") || is_wide(begin) {
        return Err(NotText::Utf16);
    }
    // Further down the row is named that holds one.
    let line = memchr::memchr2(b'\n', b'\r', bytes).map_or(bytes, |end| &bytes[..end]);
    if let Some(at) = memchr::memchr(0, line) {
        return Err(NotText::Null { place: at + 1 });
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = ends(&bytes[..error.valid_up_to()]) + 1;
        NotText::NotUtf8 { line }
    })?;
    Ok(unmarked(text))
}

/// Whether every other byte at the beginning is null, as in UTF-16 without a byte order mark: two signs or more, of
/// which the first ones count.
fn is_wide(bytes: &[u8]) -> bool {
    let pairs = || bytes.chunks_exact(2).take(WIDE_SIGNS);
    pairs().len() >= 2
        && (pairs().all(|pair| pair[0] != 0 && pair[1] == 0) || pairs().all(|pair| pair[0] == 0 && pair[1] != 0))
}

/// `text` without the byte order marks in front of it.
#[must_use]
pub fn unmarked(text: &str) -> &str {
    text.trim_start_matches(MARK)
}

/// Why a table cannot be read any further.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// The file ends inside a quoted cell.
    #[error("The quote that opens in line {line} is never closed. Close it, or double it where it is part of the text")]
    OpenQuote {
        /// Where it opens.
        line: usize,
    },
    /// A quoted cell goes on behind its quote.
    #[error("There is text behind a closing quote in line {line}. Double each quote that is part of the text")]
    TextBehindQuote {
        /// Where.
        line: usize,
    },
    /// A line has more cells than any table needs.
    #[error("Line {line} has more than {CELLS_MAX} cells. Take out what is not needed")]
    TooManyCells {
        /// Where.
        line: usize,
    },
}

/// One record: a line of a file, or several where a quoted cell holds ends of lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// The line that it begins in, counted from 1.
    pub line: usize,
    /// Its bytes in the text.
    pub span: Range<usize>,
    /// Its cells as they were written, but for quotes.
    pub cells: Vec<Cow<'a, str>>,
}

impl Record<'_> {
    /// Makes it have `width` cells, where only empty ones are taken off; answers whether it has.
    pub fn fit(&mut self, width: usize) -> bool {
        let surplus = self.cells.len().checked_sub(width);
        let fits = surplus.is_some() && self.cells.iter().skip(width).all(|cell| cell.trim().is_empty());
        if fits {
            self.cells.truncate(width);
        }
        fits
    }

    fn is_blank(&self) -> bool {
        self.cells.iter().all(|cell| cell.trim().is_empty())
    }
}

/// The records of a text, the header first; those without any text are skipped. Ends after the first error.
#[derive(Clone, Debug)]
pub struct Records<'a> {
    text: &'a str,
    at: usize,
    line: usize,
    delimiter: u8,
    has_failed: bool,
}

impl<'a> Records<'a> {
    /// The records of the file `text`, as [`text`] gives it, separated as its line `sep=` says, or as its header shows.
    #[must_use]
    pub fn of(text: &'a str) -> Self {
        let mut records = Self::separated(text, b',');
        records.skip_empty();
        if let Some(delimiter) = records.said() {
            records.delimiter = delimiter;
            records.skip_empty();
            return records;
        }
        let header = records.rest_of_line();
        let count = |mark: u8| memchr::memchr_iter(mark, header.as_bytes()).count();
        // In many countries a spreadsheet writes semicolons.
        records.delimiter = [b';', b'\t'].into_iter().find(|mark| count(*mark) > count(b',')).unwrap_or(b',');
        records
    }

    /// The records of `text`, all of it, with cells separated by `delimiter`.
    #[must_use]
    pub fn separated(text: &'a str, delimiter: u8) -> Self {
        assert!(
            delimiter.is_ascii() && !b"\"\r\n".contains(&delimiter),
            "a delimiter is one sign with no other meaning"
        );
        Self { text, at: 0, line: 1, delimiter, has_failed: false }
    }

    /// What separates the cells.
    #[must_use]
    pub fn delimiter(&self) -> u8 {
        self.delimiter
    }

    fn next_byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest_of_line(&self) -> &'a str {
        let rest = &self.text[self.at..];
        &rest[..memchr::memchr2(b'\r', b'\n', rest.as_bytes()).unwrap_or(rest.len())]
    }

    /// Steps over lines in which there is nothing, or only white space and separators.
    fn skip_empty(&mut self) {
        loop {
            let line = self.rest_of_line();
            let is_empty = line.chars().all(|sign| sign.is_whitespace() || [',', ';'].contains(&sign));
            if !is_empty || self.at + line.len() == self.text.len() {
                return;
            }
            self.at += line.len();
            self.end_line();
        }
    }

    /// The separator that a line `sep=;` names.
    fn said(&mut self) -> Option<u8> {
        let line = self.rest_of_line();
        let bytes = line.trim_matches('"').as_bytes();
        let is_said = bytes.len() >= 5 && bytes[..4].eq_ignore_ascii_case(b"sep=") && b",;\t|".contains(&bytes[4]);
        // A spreadsheet that saves such a file fills the line up with its own separators.
        if !is_said || !bytes[5..].iter().all(|byte| b",;\t\"| ".contains(byte)) {
            return None;
        }
        self.at += line.len();
        self.end_line();
        Some(bytes[4])
    }

    /// Steps over the end of a line, if one is here.
    fn end_line(&mut self) -> bool {
        let length = match self.text.as_bytes()[self.at..] {
            [b'\r', b'\n', ..] => 2,
            [b'\r' | b'\n', ..] => 1,
            _ => return false,
        };
        self.at += length;
        self.line += 1;
        true
    }

    fn record(&mut self) -> Result<Record<'a>, Unreadable> {
        let (line, begin) = (self.line, self.at);
        let mut cells = Vec::new();
        loop {
            if cells.len() == CELLS_MAX {
                return Err(Unreadable::TooManyCells { line });
            }
            cells.push(if self.next_byte() == Some(b'"') { self.quoted()? } else { self.plain() });
            if self.next_byte() != Some(self.delimiter) {
                break;
            }
            self.at += 1;
        }
        let span = begin..self.at;
        self.end_line();
        Ok(Record { line, span, cells })
    }

    fn plain(&mut self) -> Cow<'a, str> {
        let rest = &self.text[self.at..];
        let end = memchr::memchr3(self.delimiter, b'\r', b'\n', rest.as_bytes()).unwrap_or(rest.len());
        self.at += end;
        Cow::Borrowed(&rest[..end])
    }

    fn quoted(&mut self) -> Result<Cow<'a, str>, Unreadable> {
        let (opened, begin) = (self.line, self.at + 1);
        let mut cell = Cow::Borrowed("");
        let mut from = begin;
        let end = loop {
            let rest = &self.text[from..];
            let quote = memchr::memchr(b'"', rest.as_bytes()).ok_or(Unreadable::OpenQuote { line: opened })?;
            let is_doubled = rest.as_bytes().get(quote + 1) == Some(&b'"');
            // One of two quotes belongs to the text.
            let piece = &rest[..quote + usize::from(is_doubled)];
            cell = if cell.is_empty() { Cow::Borrowed(piece) } else { cell + piece };
            if !is_doubled {
                break from + quote;
            }
            from += quote + 2;
        };
        self.line += ends(&self.text.as_bytes()[begin..end]);
        self.at = end + 1;
        while self.next_byte().is_some_and(|byte| b" \t".contains(&byte) && byte != self.delimiter) {
            self.at += 1;
        }
        match self.next_byte() {
            None | Some(b'\r' | b'\n') => Ok(cell),
            Some(byte) if byte == self.delimiter => Ok(cell),
            Some(_) => Err(Unreadable::TextBehindQuote { line: self.line }),
        }
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Record<'a>, Unreadable>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.at < self.text.len() && !self.has_failed {
            match self.record() {
                Ok(record) if record.is_blank() => {}
                Ok(record) => return Some(Ok(record)),
                Err(error) => {
                    self.has_failed = true;
                    return Some(Err(error));
                }
            }
        }
        None
    }
}

impl FusedIterator for Records<'_> {}

/// How many lines end in `bytes`. CR and LF together are one end.
fn ends(bytes: &[u8]) -> usize {
    let pairs = memchr::memmem::find_iter(bytes, b"\r\n").count();
    memchr::memchr2_iter(b'\r', b'\n', bytes).count() - pairs
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<Vec<(usize, Vec<String>)>, Unreadable> {
        let plain = |record: Record<'_>| (record.line, record.cells.into_iter().map(Cow::into_owned).collect());
        Records::of(text).map(|record| record.map(plain)).collect()
    }

    #[track_caller]
    fn check(text: &str, expected: &[(usize, &[&str])]) {
        let found = read(text).unwrap();
        let found: Vec<_> =
            found.iter().map(|(line, cells)| (*line, cells.iter().map(String::as_str).collect::<Vec<_>>())).collect();
        let expected: Vec<_> = expected.iter().map(|(line, cells)| (*line, cells.to_vec())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn cells_are_separated_as_the_file_says_or_shows() {
        check("a,b\n1,2", &[(1, &["a", "b"]), (2, &["1", "2"])]);
        check("a;b\r\n1,5;2\r\n", &[(1, &["a", "b"]), (2, &["1,5", "2"])]);
        check("a\tb\n1\t\n", &[(1, &["a", "b"]), (2, &["1", ""])]);
        check("sep=;\na;b\n", &[(2, &["a", "b"])]);
        check("\r\n;;\r\nSEP=|\r\n\r\na|b,c", &[(5, &["a", "b,c"])]);
        check("\"sep=;\"\na,b;c\n", &[(2, &["a,b", "c"])]);
        check("a,b\r1,2\r3,4\r", &[(1, &["a", "b"]), (2, &["1", "2"]), (3, &["3", "4"])]);
        check("", &[]);
        check("\n\n", &[]);
    }

    #[test]
    fn a_quoted_cell_holds_anything_and_lines_are_counted_on() {
        check("a,b\n\"x,\"\"y\"\"\r\nz\",2\n3,4\n", &[(1, &["a", "b"]), (2, &["x,\"y\"\r\nz", "2"]), (4, &["3", "4"])]);
        check("\"\",\"\"\"\" \n", &[(1, &["", "\""])]);
        // A quote inside of a cell that does not begin with one is a sign like any other.
        check("a,12\" Main\n", &[(1, &["a", "12\" Main"])]);
    }

    #[test]
    fn quotes_that_do_not_fit_are_errors_that_name_the_line() {
        assert_eq!(read("a,b\n1,\"2\n3,4\n"), Err(Unreadable::OpenQuote { line: 2 }));
        assert_eq!(read("a,b\n\n1,\"2\" x\n"), Err(Unreadable::TextBehindQuote { line: 3 }));
        assert_eq!(read("a,b\n1,\"2\n3,\"4\"\n"), Err(Unreadable::TextBehindQuote { line: 3 }));
        assert_eq!(read(&",x".repeat(CELLS_MAX)), Err(Unreadable::TooManyCells { line: 1 }));
    }

    #[test]
    fn a_line_fits_when_only_empty_cells_are_too_many() {
        let fits = |text: &str| Records::separated(text, b',').next().unwrap().unwrap().fit(2);
        assert!(fits("1,2") && fits("1,2,, "));
        assert!(!fits("1") && !fits("1,2,3"));
    }

    #[test]
    fn what_is_no_text_is_named() {
        let said = |bytes: &[u8]| text(bytes).unwrap_err().to_string();
        assert!(said(b"PK\x03\x04\x14\0[Content_Types].xml").contains("Excel workbook (.xlsx)"));
        assert!(said(b"PK\x03\x04mimetypeapplication/vnd.oasis.opendocument.spreadsheet").contains(".ods"));
        assert!(said(b"\xD0\xCF\x11\xE0\xA1\xB1").contains("Excel workbook (.xls)"));
        assert!(said(b"\xFF\xFEa\0").contains("UTF-16") && said(b"a\0,\0").contains("UTF-16"));
        for wide in [&b"\xFE\xFF\0a"[..], b"\0a\0,", b"n\0a\0m\0e\0\xE9\0", b"\0[\0{\0}\0]", b"[\0\n\0"] {
            assert_eq!(text(wide), Err(NotText::Utf16), "{wide:?}");
        }
        let holds_null = |bytes: &[u8], place| assert_eq!(text(bytes), Err(NotText::Null { place }), "{bytes:?}");
        holds_null(b"\0name,price\nx,1", 1);
        holds_null(b"n\0ame\n", 2);
        holds_null(b"name,p\0rice\n", 7);
        holds_null(b"\0", 1);
        holds_null(b"[{\"a\": \"\0\"}]", 9);
        assert_eq!(text(b"name\nSa\0w"), Ok("name\nSa\0w"), "its row is named");
        assert_eq!(text(b"a\r\nb\r\xE9"), Err(NotText::NotUtf8 { line: 3 }));
        assert_eq!(text(b"\xEF\xBB\xBFa"), Ok("a"));
        assert_eq!(text("\u{feff}\u{feff}a\u{feff}".as_bytes()), Ok("a\u{feff}"));
    }

    fn rows() -> impl Strategy<Value = Vec<Vec<String>>> {
        prop::collection::vec(prop::collection::vec(".{0,6}|[\",;\r\n ]{0,4}|x", 3), 1..6)
    }

    proptest! {
        #[test]
        fn what_the_crate_writes_is_read_back(rows in rows()) {
            let mut writer = csv::WriterBuilder::new().delimiter(b';').from_writer(Vec::new());
            for row in &rows {
                writer.write_record(row).unwrap();
            }
            let written = String::from_utf8(writer.into_inner().unwrap()).unwrap();
            let read: Vec<Vec<String>> = Records::separated(&written, b';')
                .map(|record| record.unwrap().cells.into_iter().map(Cow::into_owned).collect())
                .collect();
            let kept: Vec<_> = rows.into_iter().filter(|row| row.iter().any(|cell| !cell.trim().is_empty())).collect();
            prop_assert_eq!(read, kept);
        }
    }
}
