//! Keys are forgotten and ended orders leave memory when they are old enough by time that really passes.

use packhorse::journal::Journal;
use packhorse::view::PACK_SIZE;

use super::{Probe, ensure};
use crate::ages::{Moment, SLACK, micros, moment};

pub(super) fn check(sight: &Probe<'_>) -> Result<(), String> {
    if sight.engine.journal().poisoned().is_some() {
        return Ok(());
    }
    let ages = sight.ages;
    let now = moment(sight.passed);
    // It is looked after each of these; what no checkpoint held yet, when the one after is written.
    let rounds = 3 * micros(sight.checkpoints) + SLACK;
    let is_young = |since: Moment, keep: Moment, begin: Moment| now <= (since + keep).max(begin) + rounds;
    let kept = micros(sight.keys_kept);
    let young = ages.keys.iter().filter(|since| is_young(**since, kept, ages.life_began)).count();
    let under_way =
        sight.operations.iter().filter(|operation| operation.key.is_some() && operation.under_way > 0).count();
    let keys = sight.engine.view().keys().len();
    ensure(keys <= young + under_way || now <= ages.gave_up + SLACK, || {
        format!("{keys} keys are remembered, of which {young} are young and {under_way} under way")
    })?;
    let kept = micros(sight.ended_kept);
    let settled = |id: u64| ages.packs.get(&(id / PACK_SIZE)).copied().unwrap_or(ages.life_began).max(ages.store_calm);
    let young = ages.ended.iter().filter(|(id, since)| is_young(**since, kept, settled(**id))).count();
    let open = sight.model.open().count();
    let here = sight.engine.view().orders_in_memory();
    ensure(here <= (young + open) as u64, || {
        format!("{here} orders are in memory, of which {open} are open and {young} ended lately")
    })
}
