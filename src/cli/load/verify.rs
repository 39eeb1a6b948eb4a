//! Whether what the server says agrees with what it acknowledged.
//!
//! What is compared holds whatever the stages do meanwhile: shipping lowers what is on hand and what is reserved
//! together, so that what is *available* falls by exactly what was placed. It does not hold beside other clients, or
//! where orders are cancelled. A request that got no answer may have been carried out or not, which widens what is
//! accepted. Deliberately absent: the ledger row by row, which `packhorse check` refolds from the journal.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use super::server::Snapshot;
use super::tally::Tally;
use super::workload::Workload;

/// Orders that are asked for by id at the end, at most.
const SAMPLE_MAX: usize = 200;
/// Products that are named, at most.
const NAMED_MAX: usize = 10;

/// What does not agree, as sentences.
pub(super) fn compare(before: &Snapshot, after: &Snapshot, workload: &Workload, tally: &Tally) -> Vec<String> {
    let mut mismatches = Vec::new();
    if tally.miscounted > 0 {
        let count = tally.miscounted;
        mismatches.push(format!("{count} acknowledgements name another number of orders than were asked for"));
    }
    mismatches.extend(ids(before, after, &tally.ids));
    mismatches.extend(orders(before, after, workload, tally));
    let acknowledged = workload.units(&tally.acknowledged);
    mismatches.extend(stock(before, after, &acknowledged, &workload.units(&tally.unknown)));
    mismatches
}

/// Some of `ids`, from the first to the last.
pub(super) fn sample(ids: &[u64]) -> Vec<u64> {
    let step = ids.len().div_ceil(SAMPLE_MAX).max(1);
    let mut sample: Vec<_> = ids.iter().copied().step_by(step).collect();
    sample.extend(ids.last());
    sample.sort_unstable();
    sample.dedup();
    sample
}

fn ids(before: &Snapshot, after: &Snapshot, ids: &[u64]) -> Vec<String> {
    let mut sorted = ids.to_vec();
    sorted.sort_unstable();
    let twice = sorted.windows(2).filter(|pair| pair[0] == pair[1]).count();
    let outside = sorted.iter().filter(|id| **id <= before.order_newest || **id > after.order_newest).count();
    let mut mismatches = Vec::new();
    if twice > 0 {
        mismatches.push(format!("{twice} order ids were given out more than once"));
    }
    if outside > 0 {
        let (from, to) = (before.order_newest, after.order_newest);
        mismatches.push(format!("{outside} acknowledged orders are not among the new ones, {from} to {to}"));
    }
    mismatches
}

fn orders(before: &Snapshot, after: &Snapshot, workload: &Workload, tally: &Tally) -> Option<String> {
    let unknown = tally.unanswered * u64::from(workload.bulk);
    let expected = tally.orders..=tally.orders + unknown;
    let new = after.order_newest.saturating_sub(before.order_newest);
    (!expected.contains(&new)).then(|| format!("the server has {new} new orders instead of {}", Span(&expected)))
}

fn stock(
    before: &Snapshot,
    after: &Snapshot,
    acknowledged: &BTreeMap<u64, u64>,
    unknown: &BTreeMap<u64, u64>,
) -> Vec<String> {
    let of = |units: &BTreeMap<u64, u64>, product| units.get(product).copied().unwrap_or(0);
    let mut mismatches = Vec::new();
    for (id, was) in &before.products {
        let Some(is) = after.products.get(id) else {
            mismatches.push(format!("product {id} is gone"));
            continue;
        };
        let least = of(acknowledged, id);
        let expected = least..=least + of(unknown, id);
        let fell = i128::from(was.available()) - i128::from(is.available());
        if !u64::try_from(fell).is_ok_and(|fell| expected.contains(&fell)) {
            let expected = Span(&expected);
            mismatches.push(format!("what is available of product {id} fell by {fell} instead of {expected}"));
        }
        if is.on_hand > was.on_hand || is.reserved > is.on_hand {
            let (on_hand, reserved) = (is.on_hand, is.reserved);
            mismatches.push(format!("product {id} has {on_hand} on hand after {}, {reserved} reserved", was.on_hand));
        }
    }
    let more = mismatches.len().saturating_sub(NAMED_MAX);
    if more > 0 {
        mismatches.truncate(NAMED_MAX);
        mismatches.push(format!("and {more} more about stock"));
    }
    mismatches
}

struct Span<'a>(&'a RangeInclusive<u64>);

impl std::fmt::Display for Span<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (start, end) = (self.0.start(), self.0.end());
        if start == end { write!(f, "{start}") } else { write!(f, "{start} to {end}") }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::wire::Caller;
    use super::*;

    fn snapshot(on_hand: u64, reserved: u64, order_newest: u64) -> Snapshot {
        let text = format!(r#"{{"id":1,"archived":false,"on_hand":{on_hand},"reserved":{reserved}}}"#);
        let product = serde_json::from_str(&text).unwrap();
        Snapshot { products: BTreeMap::from([(1, product)]), order_newest }
    }

    fn workload() -> Workload {
        let caller = Caller { host: "h".into(), key: None };
        Workload::new(&caller, &[1], 10.try_into().unwrap(), 2.try_into().unwrap(), None)
    }

    /// Two acknowledged bulks of two, with ids 8 to 11.
    fn tally() -> Tally {
        let mut tally = Tally::new(1);
        tally.answered(0, 2, 201, br#"[{"id":8},{"id":9}]"#, Duration::ZERO);
        tally.answered(0, 2, 201, br#"[{"id":10},{"id":11}]"#, Duration::ZERO);
        tally
    }

    #[test]
    fn agrees_whatever_was_shipped_meanwhile() {
        for (on_hand, reserved) in [(50, 7), (48, 5), (43, 0)] {
            let after = snapshot(on_hand, reserved, 11);
            assert_eq!(compare(&snapshot(50, 3, 7), &after, &workload(), &tally()), [""; 0]);
        }
    }

    #[test]
    fn says_what_does_not_agree() {
        let check = |after: Snapshot, tally: Tally, expected: &[&str]| {
            assert_eq!(compare(&snapshot(50, 3, 7), &after, &workload(), &tally), expected);
        };
        check(snapshot(50, 6, 11), tally(), &["what is available of product 1 fell by 3 instead of 4"]);
        check(snapshot(50, 8, 11), tally(), &["what is available of product 1 fell by 5 instead of 4"]);
        check(snapshot(50, 7, 12), tally(), &["the server has 5 new orders instead of 4"]);
        check(
            snapshot(50, 7, 10),
            tally(),
            &["1 acknowledged orders are not among the new ones, 7 to 10", "the server has 3 new orders instead of 4"],
        );
        check(snapshot(51, 8, 11), tally(), &["product 1 has 51 on hand after 50, 8 reserved"]);
        check(Snapshot { order_newest: 11, ..Snapshot::default() }, tally(), &["product 1 is gone"]);
        let mut twice = tally();
        twice.ids[3] = 10;
        check(snapshot(50, 7, 11), twice, &["1 order ids were given out more than once"]);
        let mut miscounted = tally();
        miscounted.miscounted = 1;
        let expected = "1 acknowledgements name another number of orders than were asked for";
        check(snapshot(50, 7, 11), miscounted, &[expected]);
    }

    #[test]
    fn a_request_without_an_answer_may_have_been_carried_out_or_not() {
        let lost = || {
            let mut tally = tally();
            tally.unanswered(0);
            tally
        };
        let compared = |after| compare(&snapshot(50, 3, 7), &after, &workload(), &lost());
        assert_eq!(compared(snapshot(50, 7, 11)), [""; 0]);
        assert_eq!(compared(snapshot(50, 9, 13)), [""; 0]);
        assert_eq!(compared(snapshot(50, 10, 13)), ["what is available of product 1 fell by 7 instead of 4 to 6"]);
    }

    #[test]
    fn samples_from_the_first_to_the_last() {
        assert_eq!(sample(&[]), [0; 0]);
        assert_eq!(sample(&[4, 2]), [2, 4]);
        let many: Vec<_> = (1..=100_001).collect();
        let sample = sample(&many);
        assert_eq!((sample.first(), sample.last()), (Some(&1), Some(&100_001)));
        assert!(sample.len() <= SAMPLE_MAX + 1);
    }
}
