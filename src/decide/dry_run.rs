//! What would become of orders, without placing them.

use std::convert::Infallible;

use super::{Context, Decided, Decision, State};
use crate::domain::entry::Events;
use crate::domain::inventory::{OrderRequest, RowOutcome};

/// Say what would become of each of these rows if they were placed; nothing happens.
#[derive(Clone, Debug)]
pub struct DryRun(pub Vec<OrderRequest>);

impl Decision for DryRun {
    type Outcome = Vec<RowOutcome>;
    /// What is wrong with a row is in its outcome.
    type Rejection = Infallible;

    fn decide(self, state: State<'_>, context: Context<'_>) -> Result<Decided<Self::Outcome>, Infallible> {
        let rows = state.inventory.dry_run(self.0, context.now, context.zone, context.who);
        Ok(Decided { events: Events::new(), outcome: rows })
    }
}
