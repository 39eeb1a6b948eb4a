//! Keys are forgotten and ended orders leave memory when they are old enough by time that really passes.

use packhorse::journal::Journal;
use packhorse::view::PACK_SIZE;

use super::{Probe, ensure};
use crate::ages::{Moment, SLACK, micros, moment};

pub(super) fn check(probe: &Probe<'_>) -> Result<(), String> {
    if probe.engine.journal().poisoned().is_some() {
        return Ok(());
    }
    let ages = probe.ages;
    let now = moment(probe.passed);
    // It is looked after each of these; what no checkpoint held yet, when the one after is written.
    let rounds = 3 * micros(probe.checkpoints) + SLACK;
    let is_young = |since: Moment, keep: Moment, begin: Moment| now <= (since + keep).max(begin) + rounds;
    let kept = micros(probe.keys_kept);
    let young = ages.keys.iter().filter(|since| is_young(**since, kept, ages.life_began)).count();
    let under_way =
        probe.operations.iter().filter(|operation| operation.key.is_some() && operation.under_way > 0).count();
    let keys = probe.engine.view().keys().len();
    ensure(keys <= young + under_way || now <= ages.gave_up + SLACK, || {
        format!("{keys} keys are remembered, of which {young} are young and {under_way} under way")
    })?;
    let kept = micros(probe.ended_kept);
    let settled = |id: u64| ages.packs.get(&(id / PACK_SIZE)).copied().unwrap_or(ages.life_began).max(ages.store_calm);
    let young = ages.ended.iter().filter(|(id, since)| is_young(**since, kept, settled(**id))).count();
    let open = probe.model.open().count();
    let here = probe.engine.view().orders_in_memory();
    ensure(here <= (young + open) as u64, || {
        format!("{here} orders are in memory, of which {open} are open and {young} ended lately")
    })
}
