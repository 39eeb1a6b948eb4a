//! What stays in memory, and for how long.

use std::time::Duration;

/// When checkpoints are written and what may leave memory.
#[derive(Clone, Debug)]
pub(super) struct Retention {
    pub(super) interval: Duration,
    pub(super) changes: usize,
    pub(super) ended_orders: Duration,
    pub(super) keys: Duration,
}
