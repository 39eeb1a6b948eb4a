//! An order is flagged when it has really outstayed its stage, and never before, whatever the wall clock showed
//! meanwhile.

use packhorse::domain::ids::OrderId;
use packhorse::journal::Journal;

use super::{Probe, ensure};
use crate::ages::{SLACK, micros, moment};

pub(super) fn check(probe: &Probe<'_>) -> Result<(), String> {
    if probe.engine.journal().poisoned().is_some() {
        return Ok(());
    }
    let (now, rounds) = (moment(probe.passed), 2 * micros(probe.watchdog));
    for (id, (status, since)) in &probe.ages.stages {
        let Some(stage) = status.stage() else { continue };
        let over = since + micros(probe.policy.0[stage].stale_after);
        let delay = probe.engine.view().delay(OrderId(*id));
        let ripe = over.max(probe.ages.life_began) + rounds + SLACK;
        ensure(delay.is_some() || now <= ripe, || {
            format!("order {id} outstays {status} for {} s and has no flag", (now - over) / 1_000_000)
        })?;
        ensure(delay.is_none() || over <= now + SLACK, || {
            format!("order {id} is flagged {} s before it outstays {status}", (over - now) / 1_000_000)
        })?;
        let is_calm = now > probe.ages.clock_calm + rounds;
        ensure(!is_calm || delay.is_none_or(|delay| delay.since <= probe.wall), || {
            format!("the flag of order {id} is dated in the future")
        })?;
    }
    Ok(())
}
