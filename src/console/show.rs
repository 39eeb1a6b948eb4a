//! How values are shown to people: times in the configured zone with how long ago that was, spans, numbers, sizes.

use std::borrow::Cow;
use std::fmt::Write;
use std::time::Duration;

use chrono::{DateTime, Datelike, Utc};
use chrono_tz::Tz;
use minijinja::{Environment, HtmlEscape, Value, escape_formatter};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::domain::count::word;
use crate::domain::time::Timestamp;
use crate::web::AppState;

/// Adds the filters of this module to `environment`.
pub(super) fn add_to(environment: &mut Environment<'static>, app: &AppState) {
    let zone = app.zone();
    let now = app.clone();
    environment.add_filter("time", move |at: i64| Value::from_safe_string(time(Timestamp(at), now.now(), zone)));
    let now = app.clone();
    environment.add_filter("ago", move |at: i64| Value::from_safe_string(ago_only(Timestamp(at), now.now(), zone)));
    environment.add_filter("moment", move |at: i64| full(Timestamp(at), zone));
    environment.add_filter("span", |micros: i64| span(Duration::from_micros(micros.unsigned_abs())));
    environment.add_filter("number", number);
    environment.add_filter("word", |count: i64, one: &str, several: &str| word(count, one, several).to_owned());
    environment.add_filter("money", |amount: &str| money(amount));
    environment.add_filter("name", |text: &str| Value::from_safe_string(isolated(text)));
    // What stands in a field comes back as it was typed; everywhere else nobody is to be misled by it.
    environment.add_filter("typed", |text: &str| Value::from_safe_string(HtmlEscape(text).to_string()));
    environment.set_formatter(|output, state, value| match value.as_str().filter(|_| !value.is_safe()).map(visible) {
        Some(Cow::Owned(text)) => escape_formatter(output, state, &text.into()),
        Some(_) | None => escape_formatter(output, state, value),
    });
    environment.add_filter("size", size);
    environment.add_filter("query", |text: &str| escaped(text));
}

fn local(at: Timestamp, zone: Tz) -> DateTime<Tz> {
    DateTime::<Utc>::from_timestamp_micros(at.0).unwrap_or(DateTime::<Utc>::MAX_UTC).with_timezone(&zone)
}

/// The whole moment, to the second and with its zone.
pub(super) fn full(at: Timestamp, zone: Tz) -> String {
    local(at, zone).format("%Y-%m-%d %H:%M:%S %Z").to_string()
}

/// As short as it can be understood: the year only where it is another one.
fn short(at: Timestamp, now: Timestamp, zone: Tz) -> String {
    let (at, now) = (local(at, zone), local(now, zone));
    let form = if at.date_naive() == now.date_naive() {
        "%H:%M:%S"
    } else if at.year() == now.year() {
        "%-d %b, %H:%M"
    } else {
        "%-d %b %Y, %H:%M"
    };
    at.format(form).to_string()
}

fn time(at: Timestamp, now: Timestamp, zone: Tz) -> String {
    let (datetime, title) = (local(at, zone).to_rfc3339(), full(at, zone));
    let (short, ago) = (short(at, now, zone), relative(at, now));
    format!(
        "<time datetime=\"{datetime}\" title=\"{title}\">{short}</time> \
         <time class=\"ago\" datetime=\"{datetime}\" data-ago>{ago}</time>"
    )
}

fn ago_only(at: Timestamp, now: Timestamp, zone: Tz) -> String {
    let (datetime, title) = (local(at, zone).to_rfc3339(), full(at, zone));
    format!("<time datetime=\"{datetime}\" title=\"{title}\" data-ago>{}</time>", relative(at, now))
}

/// How long ago, or until when. The script of the pages keeps saying the same as time goes on.
fn relative(at: Timestamp, now: Timestamp) -> String {
    if at <= now {
        let since = now.since(at);
        if since < Duration::from_secs(1) { "now".into() } else { format!("{} ago", coarse(since)) }
    } else {
        format!("in {}", coarse(at.since(now)))
    }
}

fn coarse(span: Duration) -> String {
    let seconds = span.as_secs();
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// A span to a precision that helps.
fn span(span: Duration) -> String {
    let micros = span.as_micros();
    match micros {
        0..1_000 => format!("{micros} µs"),
        1_000..10_000 => format!("{:.1} ms", span.as_secs_f64() * 1e3),
        10_000..1_000_000 => format!("{} ms", micros / 1_000),
        1_000_000..10_000_000 => format!("{:.1} s", span.as_secs_f64()),
        _ => coarse(span),
    }
}

/// A whole number with its thousands set apart.
fn number(value: i64) -> String {
    let digits = value.unsigned_abs().to_string();
    let mut text = String::from(if value < 0 { "−" } else { "" });
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// An amount with its thousands set apart.
fn money(amount: &str) -> String {
    let (whole, cents) = amount.split_once('.').unwrap_or((amount, ""));
    let whole = whole.parse().map_or_else(|_| whole.to_owned(), number);
    if cents.is_empty() { whole } else { format!("{whole}.{cents}") }
}

/// What somebody else wrote, which may run from right to left, kept apart from the text around it.
fn isolated(text: &str) -> String {
    format!("<bdi>{}</bdi>", HtmlEscape(&visible(text)))
}

/// `text` with what would turn the letters of a page around shown for what it is.
fn visible(text: &str) -> Cow<'_, str> {
    let turns = |letter: char| matches!(letter, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    if !text.contains(turns) {
        return text.into();
    }
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        if turns(letter) {
            // Writing to a string does not fail.
            write!(shown, "[U+{:04X}]", u32::from(letter)).ok();
        } else {
            shown.push(letter);
        }
    }
    shown.into()
}

fn size(bytes: u64) -> String {
    const UNITS: [(&str, u64); 3] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    let unit = UNITS.into_iter().find(|(_, unit)| bytes >= *unit);
    unit.map_or_else(
        || format!("{bytes} B"),
        |(name, unit)| format!("{}.{} {name}", bytes / unit, bytes % unit * 10 / unit),
    )
}

/// `text` as a part of a query.
pub(super) fn escaped(text: &str) -> String {
    const OTHERS: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
    utf8_percent_encode(text, OTHERS).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_795_320_000_000_000);

    #[test]
    fn times_are_as_short_as_they_can_be() {
        let check = |seconds: u64, text: &str, ago: &str| {
            let at = NOW.minus(Duration::from_secs(seconds));
            assert_eq!((short(at, NOW, Tz::Asia__Dhaka).as_str(), relative(at, NOW).as_str()), (text, ago));
        };
        check(0, "10:00:00", "now");
        check(59, "09:59:01", "59 s ago");
        check(3_599, "09:00:01", "59 min ago");
        check(36_001, "21 Nov, 23:59", "10 h ago");
        check(400 * 86_400, "18 Oct 2025, 10:00", "400 days ago");
        assert_eq!(relative(NOW.plus(Duration::from_secs(90)), NOW), "in 1 min");
        assert_eq!(full(NOW, Tz::Asia__Dhaka), "2026-11-22 10:00:00 +06");
    }

    #[test]
    fn numbers_sizes_and_spans_are_read_at_a_glance() {
        assert_eq!([0, 999, 1_000, -1_234_567].map(number), ["0", "999", "1,000", "−1,234,567"]);
        assert_eq!([0, 1_023, 1_536, 64 << 20].map(size), ["0 B", "1023 B", "1.5 KiB", "64.0 MiB"]);
        let spans = [12, 1_234, 45_000, 1_500_000, 75_000_000].map(|micros| span(Duration::from_micros(micros)));
        assert_eq!(spans, ["12 µs", "1.2 ms", "45 ms", "1.5 s", "1 min"]);
    }

    #[test]
    fn amounts_have_their_thousands_set_apart() {
        assert_eq!(["0.20", "1999.98", "-1234567.00", "12"].map(money), ["0.20", "1,999.98", "−1,234,567.00", "12"]);
    }

    #[test]
    fn a_name_keeps_its_direction_and_turns_nothing_around() {
        assert_eq!(isolated("مج"), "<bdi>مج</bdi>");
        assert_eq!(isolated("\u{202E}live<"), "<bdi>[U+202E]live&lt;</bdi>");
    }

    #[test]
    fn a_query_holds_nothing_that_ends_it() {
        assert_eq!(escaped("a b&c=ü\"<"), "a%20b%26c%3D%C3%BC%22%3C");
    }
}
