//! The checkpointer: writes checkpoints on a thread of its own, so that nobody waits for the store.
//!
//! A checkpoint that panics is one that failed: the checkpointer goes on, and the inventory actor gets the changes
//! back, also when that is just being started again.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use actix::{Actor, Context, Handler};

use super::addresses::{Addresses, SUCCESSOR_PAUSE};
use super::messages::{Settled, Write};
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
pub(super) struct Checkpointer {
    pub(super) checkpoints: Box<dyn Checkpoints>,
    pub(super) view: Arc<View>,
    pub(super) addresses: Arc<Addresses>,
}

impl Actor for Checkpointer {
    type Context = Context<Self>;
}

impl Handler<Write> for Checkpointer {
    type Result = ();

    fn handle(&mut self, Write(changes): Write, _: &mut Self::Context) {
        let sequence = changes.sequence;
        // What a panic leaves of the store is what a crash leaves: it is written all or nothing.
        let written = catch_unwind(AssertUnwindSafe(|| self.checkpoints.write(&self.view, &changes)));
        let result = match written.unwrap_or_else(|panic| Err(said(&*panic).into())) {
            Ok(()) => {
                tracing::debug!(sequence, packs = changes.packs.len(), "checkpoint written");
                Ok(sequence)
            }
            Err(error) => {
                tracing::error!(sequence, %error, "the checkpoint failed; it is tried again");
                Err(changes)
            }
        };
        actix::spawn(tell(self.addresses.clone(), Settled::with(result)));
    }
}

/// What a panic said.
pub(super) fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    format!("it panicked: {}", text.unwrap_or("without a text"))
}

/// Tells the inventory actor, again to its successor where it died before it knew.
async fn tell(addresses: Arc<Addresses>, settled: Settled) {
    while !settled.is_taken() && addresses.inventory().send(settled.clone()).await.is_err() {
        if addresses.is_broken() {
            return;
        }
        tokio::time::sleep(SUCCESSOR_PAUSE).await;
    }
}
