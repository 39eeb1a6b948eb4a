//! The trend counts every order that was placed within its hour of time that really passed.

use super::{Probe, ensure};
use crate::ages::moment;

/// A little less than the trend holds.
const SPAN: i64 = 59 * 60 * 1_000_000;

pub(super) fn check(probe: &Probe<'_>) -> Result<(), String> {
    let now = moment(probe.passed);
    let placed = probe.ages.placed.iter().rev().take_while(|at| **at >= now - SPAN).count();
    let trend = probe.engine.view().trend().until(probe.engine.present(), probe.wall);
    let counted: u64 = trend.iter().map(|(_, interval)| u64::from(interval.placed)).sum();
    ensure(placed as u64 <= counted, || {
        format!("{placed} orders were placed within the hour, and {counted} are counted")
    })
}
