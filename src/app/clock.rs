//! The system's clocks: read here and nowhere else.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::time::{ClockId, clock_gettime};

use crate::actors::Clock;
use crate::domain::time::Timestamp;

/// The clocks of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

/// What time it is, for the command line.
#[must_use]
pub fn now() -> Timestamp {
    SystemClock.now()
}

/// What a clock counts as that shows `time`. One that is wrong beyond the calendar shows its first or last moment:
/// nothing is dated with a year of five digits, which no client reads. Every command is refused by such a clock.
fn shown(time: SystemTime) -> Timestamp {
    let passed = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::default().plus(passed).min(Timestamp::LATEST)
}

/// The clock is wrong beyond the calendar.
#[derive(Debug, thiserror::Error)]
#[error(
    "the clock of this machine shows {shows}, which nothing can be dated with; nothing was done. Set it right, then \
     run the command again"
)]
pub struct WrongClock {
    shows: &'static str,
}

/// Refuses a clock that is wrong beyond the calendar: what dates an answer or a file below panics at it. One that gets
/// there later shows the end of the calendar.
pub(super) fn expect_right(clock: &dyn Clock) -> Result<(), WrongClock> {
    let shows = match clock.now() {
        now if now <= Timestamp::default() => "a time before 1970",
        now if now >= Timestamp::LATEST => "year 9999 or later",
        _ => return Ok(()),
    };
    Err(WrongClock { shows })
}

/// Looks at the clock of this machine, once, before a command begins.
///
/// # Errors
/// When it shows a time before 1970, or year 9999 or later.
pub fn expect_right_clock() -> Result<(), WrongClock> {
    expect_right(&SystemClock)
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        shown(SystemTime::now())
    }

    /// Since the machine started; a time in which it slept is part of it.
    fn passed(&self) -> Duration {
        clock_gettime(ClockId::Boottime).try_into().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_beyond_the_calendar_shows_its_end() {
        let after = |seconds| shown(UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(after(1_800_000_000).to_string(), "2027-01-15T08:00:00.000000Z");
        // 9998-12-31T23:59:59, and a second later; then year 10000, and the last second that Linux knows.
        assert_eq!(after(253_370_764_799).to_string(), "9998-12-31T23:59:59.000000Z");
        for beyond in [253_370_764_800, 253_402_300_800, 9_223_372_036] {
            let shown = after(beyond);
            assert!(shown <= Timestamp::LATEST && shown.to_string().len() == 27, "{beyond}: {shown}");
        }
        assert_eq!(after(253_402_300_800).to_string(), "9998-12-31T23:59:59.999999Z");
        assert_eq!(shown(UNIX_EPOCH - Duration::from_secs(1)), Timestamp(0));
    }
}
