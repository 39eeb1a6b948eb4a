//! How often the state is written down so that the next start is fast.

use std::time::Duration;

use super::section::section;

section! {
    /// `[checkpoint]`. One is also written when the process stops.
    Checkpoint {
        /// How often a checkpoint is written while anything changes.
        interval: Duration = Span("30s", "100ms" to "1day") in "PACKHORSE_CHECKPOINT__INTERVAL";
        /// Changes after which a checkpoint is written without waiting for the interval.
        changes: u64 = Count("500000", "1" to "100000000") in "PACKHORSE_CHECKPOINT__CHANGES";
    }
}
