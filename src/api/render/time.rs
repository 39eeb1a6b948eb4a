//! Times on the wire: RFC 3339 with microseconds and the offset of the configured zone.

use std::cell::Cell;
use std::io::Write;

use chrono::{DateTime, Datelike, Offset, Timelike, Utc};
use chrono_tz::Tz;
use serde::{Serialize, Serializer};

use crate::domain::time::Timestamp;

/// The longest text of a time: `+262142-12-31T23:59:59.999999+06:00`.
const LENGTH_MAX: usize = 40;

/// Writes times in one zone, and remembers the last one: all orders of a bulk were placed at the same moment.
#[derive(Debug)]
pub(crate) struct Times {
    zone: Tz,
    last: Cell<Option<(Timestamp, Text)>>,
}

#[derive(Clone, Copy, Debug)]
struct Text {
    bytes: [u8; LENGTH_MAX],
    length: usize,
}

/// A time, to be written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Time<'t> {
    at: Timestamp,
    times: &'t Times,
}

impl Times {
    /// Times in `zone`.
    pub(crate) fn new(zone: Tz) -> Self {
        Self { zone, last: Cell::new(None) }
    }

    /// `at`, to be written.
    pub(crate) fn show(&self, at: Timestamp) -> Time<'_> {
        Time { at, times: self }
    }

    fn text(&self, at: Timestamp) -> Text {
        match self.last.get() {
            Some((last, text)) if last == at => text,
            Some(_) | None => {
                let text = Text::new(at, self.zone);
                self.last.set(Some((at, text)));
                text
            }
        }
    }
}

impl Text {
    fn new(at: Timestamp, zone: Tz) -> Self {
        let local =
            DateTime::<Utc>::from_timestamp_micros(at.0).unwrap_or(DateTime::<Utc>::MAX_UTC).with_timezone(&zone);
        let offset = local.offset().fix().local_minus_utc() / 60;
        let mut bytes = [0; LENGTH_MAX];
        let mut rest = bytes.as_mut_slice();
        let (year, month, day) = (local.year(), local.month(), local.day());
        let (hour, minute, second, micros) = (local.hour(), local.minute(), local.second(), local.nanosecond() / 1_000);
        let day = write!(rest, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}");
        let zone = if offset == 0 {
            rest.write_all(b"Z")
        } else {
            let sign = if offset < 0 { '-' } else { '+' };
            write!(rest, "{sign}{:02}:{:02}", offset.abs() / 60, offset.abs() % 60)
        };
        day.and(zone).expect("no time is longer than its buffer");
        let length = LENGTH_MAX - rest.len();
        Self { bytes, length }
    }

    fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.length]).expect("a time is written in ASCII")
    }
}

impl Serialize for Time<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.times.text(self.at).as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_microseconds_and_the_offset_of_the_zone() {
        let check = |text: &str, zone: Tz, shown: &str| {
            let at = Timestamp(text.parse::<DateTime<Utc>>().unwrap().timestamp_micros());
            let times = Times::new(zone);
            for _ in 0..2 {
                assert_eq!(serde_json::to_value(times.show(at)).unwrap(), shown);
            }
        };
        check("2026-11-22T04:00:00.123456Z", Tz::Asia__Dhaka, "2026-11-22T10:00:00.123456+06:00");
        check("2026-11-22T04:00:00Z", Tz::Asia__Dhaka, "2026-11-22T10:00:00.000000+06:00");
        check("2026-11-22T04:00:00.5Z", Tz::UTC, "2026-11-22T04:00:00.500000Z");
        check("2026-01-01T00:00:00Z", Tz::America__St_Johns, "2025-12-31T20:30:00.000000-03:30");
    }

    #[test]
    fn no_time_is_too_long_to_show() {
        for micros in [i64::MIN, i64::MAX, DateTime::<Utc>::MAX_UTC.timestamp_micros(), -1, 0] {
            assert!(!Text::new(Timestamp(micros), Tz::Asia__Kathmandu).as_str().is_empty());
        }
    }

    #[test]
    fn another_time_is_not_mistaken_for_the_last_one() {
        let times = Times::new(Tz::UTC);
        let show = |micros| serde_json::to_value(times.show(Timestamp(micros))).unwrap();
        assert_ne!(show(1), show(2));
        assert_eq!(show(1), show(1));
    }
}
