//! The shards, wherever they are now: a successor has another address than its predecessor.

use std::sync::Arc;

use actix::Addr;
use arc_swap::ArcSwapOption;

use super::messages::LetGo;
use super::shard::OrderShard;
use super::tell::tell;
use crate::domain::order::Order;
use crate::view::View;

/// The shards. Clones share their addresses.
#[derive(Clone)]
pub(super) struct Shards(Arc<[ArcSwapOption<Addr<OrderShard>>]>);

/// A shard, and the orders that are its own.
pub(super) type Share = (Arc<Addr<OrderShard>>, Vec<Arc<Order>>);

impl Shards {
    /// `count` shards. None has started yet.
    pub(super) fn new(count: usize) -> Self {
        Self((0..count).map(|_| ArcSwapOption::empty()).collect())
    }

    /// How many there are.
    pub(super) fn count(&self) -> u64 {
        self.0.len() as u64
    }

    /// The shard `index` started, or started again.
    pub(super) fn set(&self, index: usize, shard: Addr<OrderShard>) {
        self.0[index].store(Some(Arc::new(shard)));
    }

    /// The one address that everybody shares, of the shard of the order with this id: actix lets each *clone* of an
    /// address send one message past the bound.
    pub(super) fn of(&self, order: u64) -> Arc<Addr<OrderShard>> {
        self.0[self.index(order)].load_full().expect("the shards are started before anybody calls them")
    }

    /// Tells all of them that nothing more becomes durable, and wakes who waits for a key of `view`.
    pub(super) fn let_go(&self, view: &View) {
        for shard in self.0.iter().filter_map(ArcSwapOption::load_full) {
            tell(&shard, LetGo);
        }
        view.keys().wake_waiters();
    }

    /// Deals `orders` out to their shards.
    pub(super) fn split(&self, orders: Vec<Arc<Order>>) -> Vec<Share> {
        let mut shares = vec![Vec::new(); self.0.len()];
        for order in orders {
            shares[self.index(order.id.0)].push(order);
        }
        let shares = shares.into_iter().enumerate().filter(|(_, orders)| !orders.is_empty());
        shares.map(|(shard, orders)| (self.of(shard as u64), orders)).collect()
    }

    fn index(&self, order: u64) -> usize {
        usize::try_from(order % self.count()).expect("there are few shards")
    }
}
