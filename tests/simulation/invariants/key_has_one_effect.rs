//! A key has one effect while it is remembered, and every answer to it is the same.

use std::collections::BTreeMap;

use packhorse::decide::{self, Outcome};
use packhorse::domain::entry::{Answer, Entry};

use super::{Probe, ensure};
use crate::ages::{SLACK, micros};
use crate::client::Given;

pub(super) fn check(probe: &Probe<'_>) -> Result<(), String> {
    let mut effects: BTreeMap<&str, usize> = BTreeMap::new();
    for (nth, effect) in probe.model.keys.iter().enumerate() {
        if let Some(nth_before) = effects.insert(&effect.key, nth) {
            let before = &probe.model.keys[nth_before];
            let (first, second) = (probe.ages.effects[nth_before].0, probe.ages.effects[nth].1);
            // A start goes by the wall clock: one that ran ahead makes the engine forget.
            let is_recalled = nth_before < probe.ages.recalled && before.at.plus(probe.keys_kept) < before.latest;
            let is_old = first + micros(probe.keys_kept) < second + SLACK;
            ensure(is_recalled || is_old, || {
                format!(
                    "key {} had an effect in entry {} and again in {}",
                    effect.key, before.sequence, effect.sequence
                )
            })?;
        }
    }
    for (number, operation) in probe.operations() {
        let Some(key) = &operation.key else { continue };
        let entries = probe.model.by_operation.get(&(number as u64)).map_or(&[][..], Vec::as_slice);
        // What could be done without an entry may have been done anew, with nothing to be kept.
        for (given, replayed) in operation.done().filter(|(_, replayed)| *replayed || operation.has_effect()) {
            ensure(!replayed || !entries.is_empty(), || format!("operation {number} was replayed and has no entry"))?;
            if let [sequence] = entries {
                let at = usize::try_from(sequence - 1).expect("a sequence fits");
                let entry = &probe.model.log[at].entry;
                let kept = decide::kept(entry, &key.key);
                ensure(kept.is_none_or(|kept| is_same(entry, kept, given)), || {
                    format!("operation {number} was answered {given:?}, and entry {sequence} keeps {kept:?}")
                })?;
            }
        }
    }
    Ok(())
}

fn is_same(entry: &Entry, kept: &Answer, given: &Given) -> bool {
    match (kept, given) {
        (Answer::Placed, Given::Orders(given)) => Outcome::replay(entry, kept).as_ref() == Some(given),
        (Answer::Order(kept), Given::Order(given)) => kept == given,
        (Answer::Product(revision, balance), Given::Product(given)) => {
            (revision, balance) == (&given.revision, &given.balance)
        }
        (Answer::Category(kept), Given::Category(given)) => kept == given,
        _ => false,
    }
}
