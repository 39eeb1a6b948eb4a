//! The keeper: writes checkpoints on a thread of its own, so that nobody waits for the store.

use std::sync::Arc;

use actix::{Actor, Context, Handler};

use super::messages::{Settled, Write};
use super::start::Switchboard;
use crate::view::{Changes, View};

/// Where checkpoints are written to.
pub trait Checkpoints: Send {
    /// Writes `changes` and the orders of their packs, which it reads from `view`. On an error the checkpoint before is
    /// still readable.
    fn write(&mut self, view: &View, changes: &Changes) -> Result<(), CheckpointError>;
}

/// Why a checkpoint could not be written.
pub type CheckpointError = Box<dyn std::error::Error + Send + Sync>;

/// See the module.
pub(super) struct Keeper {
    pub(super) checkpoints: Box<dyn Checkpoints>,
    pub(super) view: Arc<View>,
    pub(super) switchboard: Arc<Switchboard>,
}

impl Actor for Keeper {
    type Context = Context<Self>;
}

impl Handler<Write> for Keeper {
    type Result = ();

    fn handle(&mut self, Write(changes): Write, _: &mut Self::Context) {
        let sequence = changes.sequence;
        let result = match self.checkpoints.write(&self.view, &changes) {
            Ok(()) => {
                tracing::debug!(sequence, packs = changes.packs.len(), "checkpoint written");
                Ok(sequence)
            }
            Err(error) => {
                tracing::error!(sequence, %error, "the checkpoint failed; it is tried again");
                Err(changes)
            }
        };
        self.switchboard.inventory().do_send(Settled(result));
    }
}
