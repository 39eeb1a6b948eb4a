//! Points in time. The core reads no clock: `now` is always an argument.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};

/// Microseconds since 1970-01-01T00:00:00Z. Time zones matter only where a calendar day does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The latest moment that a clock may show: the end of year 9998. What is due a while after it, in whatever zone,
    /// still has a year of four digits, as RFC 3339 has.
    pub const LATEST: Self = Self(253_370_764_799_999_999);

    /// This instant moved forward by `span`, saturating at the end of time.
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(span.as_micros()).unwrap_or(i64::MAX)))
    }

    /// This instant moved back by `span`, saturating at the beginning of time.
    #[must_use]
    pub fn minus(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(span.as_micros()).unwrap_or(i64::MAX)))
    }

    /// How long after `earlier` this is; zero when it is not after it.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

/// The earliest and the latest of some moments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The earliest.
    pub earliest: Timestamp,
    /// The latest; before the earliest where there is none yet.
    pub latest: Timestamp,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { earliest: Timestamp(i64::MAX), latest: Timestamp(i64::MIN) }
    }
}

impl Bounds {
    /// These with `at`.
    #[must_use]
    pub fn with(self, at: Timestamp) -> Self {
        Self { earliest: self.earliest.min(at), latest: self.latest.max(at) }
    }

    /// Whether one of them may be at `from` or later, and before `before`.
    #[must_use]
    pub fn may_touch(self, from: Option<Timestamp>, before: Option<Timestamp>) -> bool {
        from.is_none_or(|from| from <= self.latest) && before.is_none_or(|before| self.earliest < before)
    }
}

/// RFC 3339 in UTC, for operators.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = DateTime::<Utc>::from_timestamp_micros(self.0).unwrap_or(DateTime::<Utc>::MAX_UTC);
        f.write_str(&at.to_rfc3339_opts(SecondsFormat::Micros, true))
    }
}
