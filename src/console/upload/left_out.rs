//! The rows of a file that were left out, as a file of the same kind that says why, to be mended and uploaded.

use std::borrow::Cow;

use csv::{Terminator, WriterBuilder};
use serde_json::json;

use super::contents::{COPY, Contents, REASON, Row};
use crate::spreadsheet::table::{MARK, Record, Records};
use crate::spreadsheet::{guarded, unguarded};

/// `rows` of the CSV file `text`, each with its reason in the first column. What the file holds beside them, its
/// delimiter, and its byte order mark where it `has_mark`, are kept.
pub(super) fn csv<'a>(
    contents: &Contents,
    text: &str,
    has_mark: bool,
    rows: impl Iterator<Item = (&'a Row, &'a str)>,
) -> Vec<u8> {
    let mut writer = WriterBuilder::new()
        .delimiter(contents.delimiter)
        .terminator(Terminator::CRLF)
        .flexible(true)
        .from_writer(Vec::new());
    let cells = |span: &std::ops::Range<usize>| {
        let record = Records::separated(&text[span.clone()], contents.delimiter).next().and_then(Result::ok);
        record.map_or_else(Vec::new, |record: Record<'_>| record.cells)
    };
    let header = cells(&contents.header);
    let rows: Vec<_> = rows.collect();
    // Alone in a file, the second of two equal orders would be taken for the first, which was placed.
    let has_copies = rows.iter().any(|(row, _)| row.nth > 1);
    // A file that was written here and has come back has such columns already.
    let is_ours = |word: &str| word.eq_ignore_ascii_case(REASON) || (has_copies && word.eq_ignore_ascii_case(COPY));
    let ours: Vec<_> = header.iter().map(|word| is_ours(word.trim())).collect();
    let mut write = |reason: &str, copy: &str, cells: Vec<Cow<'_, str>>| {
        let new = [Some(reason), has_copies.then_some(copy)].into_iter().flatten().map(Cow::Borrowed);
        let kept = cells.iter().enumerate().filter(|(at, _)| !ours.get(*at).copied().unwrap_or(false));
        let record: Vec<_> = new.chain(kept.map(|(_, cell)| guarded(unguarded(cell)))).collect();
        writer.write_record(record.iter().map(|cell| cell.as_bytes()))
    };
    let mut written = write(REASON, COPY, header.clone());
    for (row, reason) in rows {
        let copy = if row.nth > 1 { row.nth.to_string() } else { String::new() };
        for span in &row.spans {
            written = written.and_then(|()| write(&guarded(reason), &copy, cells(span)));
        }
    }
    let rows = written.ok().and_then(|()| writer.into_inner().ok()).unwrap_or_default();
    let mut file = if has_mark { MARK.to_string().into_bytes() } else { Vec::new() };
    // What the header does not show, the file has to say.
    if std::str::from_utf8(&rows).is_ok_and(|text| Records::of(text).delimiter() != contents.delimiter) {
        file.extend([b"sep=", &[contents.delimiter][..], b"\r\n"].concat());
    }
    file.extend(rows);
    file
}

/// `rows` of the JSON file `text`, each object with a member that says why.
pub(super) fn json<'a>(text: &str, rows: impl Iterator<Item = (&'a Row, &'a str)>) -> Vec<u8> {
    let objects = rows.filter_map(|(row, reason)| {
        let object = &text[row.spans.first()?.clone()];
        let Some(members) = object.strip_prefix('{').map(str::trim_start) else { return Some(object.to_owned()) };
        let comma = if members.starts_with('}') { "" } else { ", " };
        let is_told = row.nth <= 1 || !row.copy.is_empty();
        let copy = if is_told { String::new() } else { format!(", \"{COPY}\": {}", row.nth) };
        Some(format!("{{\"{REASON}\": {}{copy}{comma}{members}", json!(reason)))
    });
    format!("[\n{}\n]\n", objects.collect::<Vec<_>>().join(",\n")).into_bytes()
}

/// The name of such a file, after that of the file `name`.
pub(super) fn name(name: &str, end: &str) -> String {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let is_plain = |sign: char| sign.is_ascii_alphanumeric() || "-_. ()".contains(sign);
    let stem: String = stem.chars().take(80).map(|sign| if is_plain(sign) { sign } else { '_' }).collect();
    let stem = stem.trim();
    format!("{}-left-out.{end}", if stem.is_empty() { "orders" } else { stem })
}
