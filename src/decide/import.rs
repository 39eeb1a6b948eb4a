//! Importing a catalogue.

use super::{Context, Decided, Decision, State};
use crate::domain::inventory::{InventoryRejection, Opening};

/// Create categories and products with their opening stock, all or nothing.
#[derive(Clone, Debug)]
pub struct Import(pub Vec<Opening>);

/// Why an import was refused. Nothing of it stays behind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("row {row}: {reason}")]
pub struct ImportRejection {
    /// The first row that breaks a rule, counted from 0.
    pub row: usize,
    /// The rule.
    pub reason: InventoryRejection,
}

impl Decision for Import {
    type Outcome = ();
    type Rejection = ImportRejection;

    fn decide(self, state: State<'_>, _: Context<'_>) -> Result<Decided<()>, ImportRejection> {
        let events = state.inventory.decide_import(self.0);
        let events = events.map_err(|(row, reason)| ImportRejection { row, reason })?;
        Ok(Decided { events, outcome: () })
    }
}
