//! Where the actors can be reached now: a successor has another address than its predecessor.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix::Addr;
use arc_swap::ArcSwapOption;

use super::inventory::InventoryActor;
use super::messages::LetGo;
use super::shards::Shards;
use super::tell::tell;
use crate::view::View;

/// A successor that cannot be reached yet is tried again after this.
pub(super) const SUCCESSOR_PAUSE: Duration = Duration::from_millis(1);

/// The addresses of the actors that others call.
pub(super) struct Addresses {
    inventory: ArcSwapOption<Addr<InventoryActor>>,
    shards: Shards,
    /// The follower died in the middle of an entry: nobody may go on from there.
    broken: AtomicBool,
}

impl Addresses {
    /// The addresses of an engine with this number of shards. Nothing has started yet.
    pub(super) fn new(shards: usize) -> Self {
        Self { inventory: ArcSwapOption::empty(), shards: Shards::new(shards), broken: AtomicBool::new(false) }
    }

    /// The one address that everybody shares: actix lets each *clone* of an address send one message past the bound.
    pub(super) fn inventory(&self) -> Arc<Addr<InventoryActor>> {
        self.inventory.load_full().expect("the inventory actor is started before anybody calls it")
    }

    /// The inventory actor started, or started again.
    pub(super) fn set_inventory(&self, actor: Addr<InventoryActor>) {
        self.inventory.store(Some(Arc::new(actor)));
    }

    /// The shards.
    pub(super) fn shards(&self) -> &Shards {
        &self.shards
    }

    /// Whether the follower died in the middle of an entry: there is no successor then.
    pub(super) fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Acquire)
    }

    /// The follower died in the middle of an entry.
    pub(super) fn set_broken(&self) {
        self.broken.store(true, Ordering::Release);
    }

    /// Tells all actors that nothing more becomes durable, and wakes who waits for a key of `view`.
    pub(super) fn let_go(&self, view: &View) {
        tell(&self.inventory(), LetGo);
        self.shards.let_go(view);
    }
}
