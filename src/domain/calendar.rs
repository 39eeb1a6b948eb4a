//! Calendar days in a time zone: the one place where zones matter to a rule.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;

use super::time::Timestamp;

/// The calendar day of `now` in `zone`.
#[must_use]
pub fn day(now: Timestamp, zone: Tz) -> NaiveDate {
    DateTime::<Utc>::from_timestamp_micros(now.0).unwrap_or(DateTime::<Utc>::MAX_UTC).with_timezone(&zone).date_naive()
}

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
