//! How long an order stays in each open stage.

use std::time::Duration;

use super::section::section;
use crate::domain::order::{After, PerStage, Policy, Stage, StageTimes};

section! {
    /// `[stages.pending]`, `[stages.processing]` and `[stages.shipped]`.
    Stages {
        /// How long an order stays pending before its timer moves it; `manual`: an operator does.
        pending_after: After = Ending("5s", "0s" to "365days") in "PACKHORSE_STAGES__PENDING__AFTER";
        /// From when on a pending order is flagged as delayed.
        pending_stale_after: Duration = Span("1h", "1ms" to "365days") in "PACKHORSE_STAGES__PENDING__STALE_AFTER";
        /// How long an order stays in processing before its timer moves it; `manual`: an operator does.
        processing_after: After = Ending("5s", "0s" to "365days") in "PACKHORSE_STAGES__PROCESSING__AFTER";
        /// From when on an order in processing is flagged as delayed.
        processing_stale_after: Duration = Span("1h", "1ms" to "365days") in "PACKHORSE_STAGES__PROCESSING__STALE_AFTER";
        /// How long an order stays shipped before its timer moves it; `manual`: an operator does.
        shipped_after: After = Ending("5s", "0s" to "365days") in "PACKHORSE_STAGES__SHIPPED__AFTER";
        /// From when on a shipped order is flagged as delayed.
        shipped_stale_after: Duration = Span("1h", "1ms" to "365days") in "PACKHORSE_STAGES__SHIPPED__STALE_AFTER";
    }
}

impl Stages {
    /// The same as the domain takes it.
    #[must_use]
    pub fn policy(&self) -> Policy {
        Policy(PerStage::from_fn(|stage| {
            let (after, stale_after) = match stage {
                Stage::Pending => (self.pending_after, self.pending_stale_after),
                Stage::Processing => (self.processing_after, self.processing_stale_after),
                Stage::Shipped => (self.shipped_after, self.shipped_stale_after),
            };
            StageTimes { after, stale_after }
        }))
    }
}
