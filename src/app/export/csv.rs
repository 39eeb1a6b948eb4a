//! A row as serde writes it in JSON, in the form of comma-separated values: without the names, and quotes are doubled.
//!
//! What is quoted follows from the type: every text is, also one that looks like a number, and no number is. (The crate
//! `csv` quotes by what a value looks like.) What is not there, and true and false, are quoted too: a reader that takes
//! everything without quotes for a number reads the whole file.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::{CharEscape, Formatter};

/// Writes the fields of `row`, none of which has fields itself, as a line.
pub(super) fn write(output: &mut dyn Write, row: &impl Serialize) -> io::Result<()> {
    row.serialize(&mut Serializer::with_formatter(&mut *output, Cells::default()))?;
    output.write_all(b"\n")
}

#[derive(Default)]
struct Cells {
    is_in_row: bool,
    /// Names of fields are in the header.
    is_in_name: bool,
}

impl Formatter for Cells {
    fn write_null<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b"\"\"")
    }

    fn write_bool<W: ?Sized + Write>(&mut self, writer: &mut W, value: bool) -> io::Result<()> {
        writer.write_all(if value { b"\"true\"" } else { b"\"false\"" })
    }

    fn begin_string<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        if self.is_in_name { Ok(()) } else { writer.write_all(b"\"") }
    }

    fn end_string<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.begin_string(writer)
    }

    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        if self.is_in_name { Ok(()) } else { writer.write_all(fragment.as_bytes()) }
    }

    fn write_char_escape<W: ?Sized + Write>(&mut self, writer: &mut W, escaped: CharEscape) -> io::Result<()> {
        let byte = match escaped {
            CharEscape::Quote => return writer.write_all(b"\"\""),
            CharEscape::ReverseSolidus => b'\\',
            CharEscape::Solidus => b'/',
            CharEscape::Backspace => 0x08,
            CharEscape::FormFeed => 0x0C,
            CharEscape::LineFeed => b'\n',
            CharEscape::CarriageReturn => b'\r',
            CharEscape::Tab => b'\t',
            CharEscape::AsciiControl(byte) => byte,
        };
        writer.write_all(&[byte])
    }

    fn begin_array<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        unreachable!("a list is written into a cell as a text")
    }

    fn begin_object<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        assert!(!self.is_in_row, "an object is written into a cell as a text");
        self.is_in_row = true;
        Ok(())
    }

    fn end_object<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        Ok(())
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, is_first: bool) -> io::Result<()> {
        self.is_in_name = true;
        if is_first { Ok(()) } else { writer.write_all(b",") }
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.is_in_name = false;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Row<'a> {
        text: &'a str,
        number: i64,
        nothing: Option<&'a str>,
        yes: bool,
    }

    fn line(text: &str, number: i64) -> String {
        let mut bytes = Vec::new();
        write(&mut bytes, &Row { text, number, nothing: None, yes: true }).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_text_is_quoted_whatever_it_looks_like_and_a_number_is_not() {
        for text in ["1", "-1", "1e5", "NaN", "inf", "0171", "1.50", "", "a;b"] {
            assert_eq!(line(text, -3), format!("\"{text}\",-3,\"\",\"true\"\n"));
        }
    }

    #[test]
    fn every_text_is_read_back_as_it_was() {
        let control: String = (0..0x20).map(char::from).collect();
        for text in ["say \"hi\"", "\"", "\"\"\"", "a,b\r\nc\\n\t/", "Älice ＝ 1", &control, "\u{7F}\u{2028}"] {
            let line = line(text, i64::MIN);
            let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(line.as_bytes());
            let records: Vec<_> = reader.records().map(Result::unwrap).collect();
            assert_eq!(records.len(), 1);
            assert_eq!(records[0].iter().collect::<Vec<_>>(), [text, "-9223372036854775808", "", "true"]);
        }
    }
}
