//! Times on the wire: RFC 3339 with microseconds and the offset of the configured zone.

use std::cell::Cell;

use chrono::{DateTime, Datelike, Offset, TimeZone, Timelike, Utc};
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
        let utc = DateTime::<Utc>::from_timestamp_micros(at.0).unwrap_or(DateTime::<Utc>::MAX_UTC).naive_utc();
        let offset = zone.offset_from_utc_datetime(&utc).fix();
        let local = utc.checked_add_offset(offset).unwrap_or(utc);
        let offset = offset.local_minus_utc() / 60;
        let mut text = Self { bytes: [0; LENGTH_MAX], length: 0 };
        match u32::try_from(local.year()) {
            Ok(year @ 0..=9999) => text.digits(year, 4),
            // The clock is wrong.
            Ok(_) | Err(_) => text.word(&format!("{:04}", local.year())),
        }
        let (month, day) = ((b'-', local.month()), (b'-', local.day()));
        let (hour, minute, second) = ((b'T', local.hour()), (b':', local.minute()), (b':', local.second()));
        for (sign, number) in [month, day, hour, minute, second] {
            text.sign(sign);
            text.digits(number, 2);
        }
        text.sign(b'.');
        text.digits(local.nanosecond() / 1_000, 6);
        if offset == 0 {
            text.sign(b'Z');
        } else {
            let minutes = offset.unsigned_abs();
            text.sign(if offset < 0 { b'-' } else { b'+' });
            text.digits(minutes / 60, 2);
            text.sign(b':');
            text.digits(minutes % 60, 2);
        }
        text
    }

    fn sign(&mut self, sign: u8) {
        self.bytes[self.length] = sign;
        self.length += 1;
    }

    fn word(&mut self, word: &str) {
        word.bytes().for_each(|sign| self.sign(sign));
    }

    /// The last `width` digits of `number`. Formatting does the same at five times the cost, and each answer has a
    /// time.
    fn digits(&mut self, number: u32, width: usize) {
        let mut rest = number;
        for digit in self.bytes[self.length..self.length + width].iter_mut().rev() {
            *digit = b"0123456789"[(rest % 10) as usize];
            rest /= 10;
        }
        self.length += width;
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
