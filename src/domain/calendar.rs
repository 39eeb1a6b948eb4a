//! Calendar days in a time zone: the one place where zones matter to a rule.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

use super::time::Timestamp;

/// The calendar day of `now` in `zone`.
#[must_use]
pub fn day(now: Timestamp, zone: Tz) -> NaiveDate {
    DateTime::<Utc>::from_timestamp_micros(now.0).unwrap_or(DateTime::<Utc>::MAX_UTC).with_timezone(&zone).date_naive()
}

/// When `day` begins in `zone`: at midnight, or where a clock that was put forward leaves that out, at the first half
/// hour that there is; on a day that a zone left out, at the next one.
#[must_use]
pub fn beginning(day: NaiveDate, zone: Tz) -> Timestamp {
    let midnight = day.and_time(NaiveTime::MIN);
    let mut half_hours =
        (0..=48).filter_map(|half_hours| midnight.checked_add_signed(TimeDelta::minutes(30 * half_hours)));
    let first = half_hours.find_map(|local| zone.from_local_datetime(&local).earliest());
    Timestamp(first.map_or_else(|| midnight.and_utc().timestamp_micros(), |first| first.timestamp_micros()))
}

/// Whether `at` can be written as RFC 3339 in every zone: the year has four digits there, and it is not from before
/// zones.
#[must_use]
pub fn is_writable(at: Timestamp) -> bool {
    /// 9999-12-31T00:00:00Z: where the clock is ahead, that day has begun and not ended.
    const END: Timestamp = Timestamp(253_402_214_400_000_000);
    (Timestamp(0)..END).contains(&at)
}

/// What is said of a moment that [`is_writable`] refuses.
pub const NOT_WRITABLE: &str = "Give a time from 1970-01-01 to 9999-12-30.";

/// Whether something that expires on `expiry` may no longer be sold on `today`: it may until that day has ended.
#[must_use]
pub fn is_expired(expiry: NaiveDate, today: NaiveDate) -> bool {
    today > expiry
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp(text.parse::<DateTime<Utc>>().unwrap().timestamp_micros())
    }

    #[test]
    fn a_day_begins_at_its_first_half_hour() {
        let check = |day: &str, zone: Tz, begins: &str| {
            assert_eq!(beginning(day.parse().unwrap(), zone), at(begins), "{day} {zone}");
        };
        check("2026-11-23", Tz::UTC, "2026-11-23T00:00:00Z");
        check("2026-11-23", Tz::Asia__Dhaka, "2026-11-22T18:00:00Z");
        // At midnight the clock was put forward by an hour, and back by one into the day before.
        check("2018-11-04", Tz::America__Sao_Paulo, "2018-11-04T03:00:00Z");
        check("2018-02-18", Tz::America__Sao_Paulo, "2018-02-18T03:00:00Z");
        // Twice midnight: the first one counts.
        check("2024-11-03", Tz::America__Havana, "2024-11-03T04:00:00Z");
        // Samoa went over the date line and left this day out.
        check("2011-12-30", Tz::Pacific__Apia, "2011-12-30T10:00:00Z");
    }

    #[test]
    fn what_is_writable_has_four_digits_of_a_year_in_every_zone() {
        let year = |at: Timestamp, zone: Tz| chrono::Datelike::year(&day(at, zone));
        let last = at("9999-12-30T23:59:59.999999Z");
        assert!(is_writable(last) && is_writable(Timestamp(0)));
        assert!(!is_writable(Timestamp(last.0 + 1)) && !is_writable(Timestamp(-1)));
        assert!(chrono_tz::TZ_VARIANTS.iter().all(|zone| year(last, *zone) == 9999));
        assert_eq!(year(at("9999-12-31T23:59:59Z"), Tz::Asia__Dhaka), 10_000);
    }

    #[test]
    fn expires_at_the_end_of_the_day_in_the_zone() {
        let expiry = NaiveDate::from_ymd_opt(2027, 1, 31).unwrap();
        let check =
            |now: &str, zone: Tz, expired| assert_eq!(is_expired(expiry, day(at(now), zone)), expired, "{now} {zone}");
        check("2027-01-31T17:59:59Z", Tz::Asia__Dhaka, false);
        check("2027-01-31T18:00:00Z", Tz::Asia__Dhaka, true);
        check("2027-01-31T18:00:00Z", Tz::UTC, false);
        check("2027-02-01T00:00:00Z", Tz::UTC, true);
        check("2027-02-01T04:59:59Z", Tz::America__New_York, false);
    }
}
