//! What a seed decides before anything runs: settings, stages, bounds, and where on the calendar the run begins.

use std::time::Duration;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use packhorse::config::Settings;
use packhorse::domain::order::After;
use packhorse::domain::time::Timestamp;
use packhorse::journal::MemoryOptions;

use super::prng::Prng;

/// How long a run lasts.
pub(crate) const HORIZON: Duration = Duration::from_hours(24 * 30);

/// A sync that takes this long poisons the journal.
pub(crate) const TOO_SLOW: Duration = Duration::from_millis(10_001);

/// Instants around which calendars are strange: both changes of three zones, one of them by half an hour, and the last
/// leap second.
pub(crate) const STRANGE: [(&str, Tz); 7] = [
    ("2026-03-29T01:00:00Z", Tz::Europe__Berlin),
    ("2026-10-25T01:00:00Z", Tz::Europe__Berlin),
    ("2026-03-08T07:00:00Z", Tz::America__New_York),
    ("2026-11-01T06:00:00Z", Tz::America__New_York),
    ("2026-04-04T15:00:00Z", Tz::Australia__Lord_Howe),
    ("2026-10-03T15:30:00Z", Tz::Australia__Lord_Howe),
    ("2017-01-01T00:00:00Z", Tz::UTC),
];

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) settings: Settings,
    pub(crate) journal: MemoryOptions,
    /// What the wall clock shows at the beginning.
    pub(crate) begin: Timestamp,
    /// How many steps the driver takes.
    pub(crate) steps: u64,
    /// How often in a thousand steps the process is killed, stopped, and so on.
    pub(crate) trouble: Trouble,
}

/// How often each thing goes wrong, in a thousand steps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trouble {
    pub(crate) crash: u64,
    pub(crate) stop: u64,
    pub(crate) clock: u64,
    pub(crate) slow_sync: u64,
    pub(crate) failed_sync: u64,
    pub(crate) store: u64,
}

impl Plan {
    pub(crate) fn of(prng: &mut Prng) -> Self {
        let mut settings = Settings::default();
        let stages = &mut settings.stages;
        for (after, stale) in [
            (&mut stages.pending_after, &mut stages.pending_stale_after),
            (&mut stages.processing_after, &mut stages.processing_stale_after),
            (&mut stages.shipped_after, &mut stages.shipped_stale_after),
        ] {
            *after = stage(prng);
            *stale = prng.pick(&[Duration::from_mins(1), Duration::from_hours(1), Duration::from_hours(24 * 4)]);
        }
        let (strange, zone) = prng.pick(&STRANGE);
        settings.general.time_zone = if prng.happens(200) { Tz::Asia__Dhaka } else { zone };
        settings.watchdog.interval = prng.span(Duration::from_mins(20), Duration::from_hours(1));
        settings.checkpoint.interval = prng.span(Duration::from_mins(30), Duration::from_hours(24));
        settings.checkpoint.changes = prng.pick(&[3, 20, 100, 500_000]);
        settings.retention.ended_orders_in_memory =
            prng.pick(&[Duration::ZERO, Duration::from_mins(10), Duration::from_hours(24 * 3)]);
        settings.retention.idempotency_keys = prng.pick(&[Duration::from_hours(2), Duration::from_hours(24)]);
        settings.retention.idempotency_keys_max = prng.pick(&[20, 1_000, 1_000_000]);
        settings.limits.mailbox = prng.pick(&[16, 64, 16_384]);
        let mut journal = MemoryOptions {
            queue_max: prng.pick(&[16, 64, 8_192]),
            group_entries_max: prng.pick(&[1, 4, 4_096]),
            durables_max: prng.pick(&[1, 16]),
            ..MemoryOptions::default()
        };
        journal.commit_delay = sync_delay(prng, &journal);
        let calm = prng.happens(100);
        let often = |prng: &mut Prng, most: u64| if calm { 0 } else { prng.within(0..=most) };
        let trouble = Trouble {
            crash: often(prng, 120),
            stop: often(prng, 60),
            clock: often(prng, 60),
            slow_sync: often(prng, 80),
            failed_sync: often(prng, 20),
            store: often(prng, 80),
        };
        let strange = strange.parse::<DateTime<Utc>>().expect("the table holds instants");
        let lead = prng.span(Duration::ZERO, HORIZON);
        let begin = Timestamp(strange.timestamp_micros()).minus(lead);
        Self { settings, journal, begin, steps: prng.within(40..=140), trouble }
    }
}

/// How long a sync takes: seconds at most where one sync serves everybody who waits, for else timers would be late by
/// nobody's fault.
pub(crate) fn sync_delay(prng: &mut Prng, journal: &MemoryOptions) -> Duration {
    let wide = journal.queue_max.min(journal.group_entries_max) > 1_000;
    let choices = if wide { &[0, 1, 20, 400, 3_000, 9_999][..] } else { &[0, 0, 1, 5, 20] };
    Duration::from_millis(prng.pick(choices))
}

fn stage(prng: &mut Prng) -> After {
    match prng.index(6) {
        0 => After::Manual,
        1 => After::Span(Duration::ZERO),
        2 => After::Span(Duration::from_secs(5)),
        3 => After::Span(prng.span(Duration::from_millis(1), Duration::from_mins(10))),
        4 => After::Span(prng.span(Duration::from_mins(10), Duration::from_hours(12))),
        _ => After::Span(prng.span(Duration::from_hours(12), Duration::from_hours(72))),
    }
}
