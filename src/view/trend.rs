//! What happened to orders lately: how many were placed and moved, and how long they stayed, in short intervals.
//!
//! It is a fold of the journal like the rest of the view, but no checkpoint holds it: after a restart it begins with
//! what the journal has behind the last one. Its size is fixed.
//!
//! What happens is counted in the present, by time that really passes: a clock that was wrong meanwhile leaves no gap
//! and no future. Only showing it asks what the wall clock calls the intervals.

use std::time::Duration;

use parking_lot::Mutex;

use super::present::Present;
use crate::domain::order::{Order, PerStage, PerStatus};
use crate::domain::time::Timestamp;

/// How long an interval is.
const WIDTH: Duration = Duration::from_secs(10);
const WIDTH_MICROS: i64 = 10_000_000;
/// How many intervals are kept: an hour.
const KEPT: u16 = 360;
const KEPT_I64: i64 = KEPT as i64;

/// What happened in one interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Interval {
    /// Orders placed.
    pub placed: u32,
    /// Orders that entered each status by a transition.
    pub entered: PerStatus<u32>,
    /// How long the orders that left each open stage had stayed in it, all together, in microseconds.
    pub stayed_micros: PerStage<u64>,
    /// How many left each open stage.
    pub left: PerStage<u32>,
}

#[derive(Debug)]
struct Ring {
    /// The number of the newest interval since 1970.
    newest: i64,
    intervals: Box<[Interval]>,
}

/// See the module.
#[derive(Debug)]
pub struct Trend(Mutex<Ring>);

impl Default for Trend {
    fn default() -> Self {
        Self(Mutex::new(Ring { newest: i64::MIN, intervals: vec![Interval::default(); usize::from(KEPT)].into() }))
    }
}

fn number(at: Timestamp) -> i64 {
    at.0.div_euclid(WIDTH_MICROS)
}

fn slot(number: i64) -> usize {
    usize::try_from(number.rem_euclid(KEPT_I64)).expect("a remainder is smaller than its divisor")
}

impl Ring {
    /// The interval of `at`; none where it is over for longer than is kept.
    fn at(&mut self, at: Timestamp) -> Option<&mut Interval> {
        let number = number(at);
        if number > self.newest {
            let first = number.saturating_sub(KEPT_I64 - 1).max(self.newest.saturating_add(1));
            (first..=number).for_each(|fresh| self.intervals[slot(fresh)] = Interval::default());
            self.newest = number;
        }
        (self.newest - number < KEPT_I64).then(|| &mut self.intervals[slot(number)])
    }
}

impl Trend {
    /// Counts changes of orders, each from what stood before to what stands now.
    pub(super) fn note<'a>(
        &self,
        changes: impl IntoIterator<Item = (Option<&'a Order>, &'a Order)>,
        present: &Present,
    ) {
        let mut ring = self.0.lock();
        for (before, after) in changes {
            let Some(interval) = ring.at(present.since(after.updated_at)) else { continue };
            match before {
                None if after.version == 1 => interval.placed += 1,
                Some(before) if before.status != after.status => {
                    interval.entered[after.status] += 1;
                    if let Some(stage) = before.status.stage() {
                        let stayed = after.moved_at.since(before.moved_at).as_micros();
                        interval.left[stage] += 1;
                        interval.stayed_micros[stage] += u64::try_from(stayed).unwrap_or(u64::MAX / 2);
                    }
                }
                None | Some(_) => {}
            }
        }
    }

    /// How long one interval is.
    #[must_use]
    pub fn width(&self) -> Duration {
        WIDTH
    }

    /// The intervals up to the one that `present` is in, oldest first, each with when it began as the wall clock would
    /// have it, which shows `now`.
    #[must_use]
    pub fn until(&self, present: Timestamp, now: Timestamp) -> Vec<(Timestamp, Interval)> {
        let ring = self.0.lock();
        let end = number(present);
        // The two differ by whole intervals: one that went on has the name that it had.
        let apart = now.0.saturating_sub(present.0).saturating_add(WIDTH_MICROS / 2).div_euclid(WIDTH_MICROS);
        let known = |number: i64| number <= ring.newest && ring.newest - number < KEPT_I64;
        (end - KEPT_I64 + 1..=end)
            .map(|number| {
                let interval = if known(number) { ring.intervals[slot(number)] } else { Interval::default() };
                (Timestamp(number.saturating_add(apart).saturating_mul(WIDTH_MICROS)), interval)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::OrderId;
    use crate::domain::money::Money;
    use crate::domain::order::{Contact, OrderChange, OrderEvent, Status};
    use crate::domain::origin::Origin;

    fn at(seconds: i64) -> Timestamp {
        Timestamp(seconds * 1_000_000)
    }

    fn placed(seconds: i64) -> Order {
        let contact = Contact::new("Ann", "ann@example.com", "1", "Here").unwrap();
        Order::placed(OrderId(1), contact, Box::new([]), Money::ZERO, at(seconds), &Origin::Client)
    }

    fn moved(order: &Order, to: Status, seconds: i64) -> Order {
        let change = OrderChange::Moved { to, reason: None };
        order.after(&OrderEvent { version: order.version + 1, change }, at(seconds), &Origin::Client)
    }

    #[test]
    fn counts_each_change_in_its_interval_and_how_long_a_stage_took() {
        let trend = Trend::default();
        let order = placed(1_000);
        let processing = moved(&order, Status::Processing, 1_007);
        let cancelled = moved(&processing, Status::Cancelled, 1_021);
        let changes = [(None, &order), (Some(&order), &processing), (Some(&processing), &cancelled)];
        trend.note(changes, &Present::default());
        let seen = trend.until(at(1_029), at(1_029));
        let kept = usize::from(KEPT);
        assert_eq!(seen.len(), kept);
        assert_eq!(seen.last().unwrap().0, at(1_020));
        let [first, empty, last] = seen[kept - 3..] else { panic!("three intervals are there") };
        assert_eq!(
            (first.1.placed, first.1.entered.into_array(), first.1.left.into_array()),
            (1, [0, 1, 0, 0, 0], [1, 0, 0])
        );
        assert_eq!(first.1.stayed_micros.into_array(), [7_000_000, 0, 0]);
        assert_eq!(empty.1, Interval::default());
        assert_eq!(
            (last.1.entered.into_array(), last.1.stayed_micros.into_array()),
            ([0, 0, 0, 0, 1], [0, 14_000_000, 0])
        );
    }

    #[test]
    fn forgets_what_is_older_than_it_keeps_and_takes_late_ones() {
        let trend = Trend::default();
        let past = Present::default();
        trend.note([(None, &placed(0)), (None, &placed(100)), (None, &placed(90))], &past);
        let placed_in = |trend: &Trend, now| trend.until(at(now), at(now)).iter().map(|(_, it)| it.placed).sum::<u32>();
        assert_eq!(placed_in(&trend, 110), 3);
        assert_eq!(placed_in(&trend, 3_600 + 50), 2, "what is an hour old is not shown");
        trend.note([(None, &placed(3_600 + 95))], &past);
        assert_eq!(placed_in(&trend, 3_600 + 99), 2, "its place was taken");
        trend.note([(None, &placed(0))], &past);
        assert_eq!(placed_in(&trend, 3_600 + 99), 2, "what comes too late is not counted");
        assert_eq!(placed_in(&trend, 100_000), 0);
    }

    #[test]
    fn a_clock_that_was_a_year_ahead_or_behind_hides_nothing() {
        let (trend, present, year) = (Trend::default(), Present::default(), 365 * 86_400);
        for (passed, shown) in [(1_000, 1_000), (1_010, 1_010 + year), (1_020, 1_020 - year), (1_030, 1_030)] {
            present.pass_to(at(passed));
            trend.note([(None, &placed(shown))], &present);
        }
        let seen = trend.until(at(1_035), at(1_035));
        let last: Vec<_> = seen.iter().rev().take(5).map(|(began, it)| (began.0 / 1_000_000, it.placed)).collect();
        assert_eq!(last, [(1_030, 1), (1_020, 1), (1_010, 1), (1_000, 1), (990, 0)]);
        let ahead = trend.until(at(1_035), at(1_035 + year));
        assert_eq!(ahead.last().map(|(began, it)| (*began, it.placed)), Some((at(1_030 + year), 1)));
    }
}
