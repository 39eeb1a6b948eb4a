//! The inventory actor as the follower of the journal: what became durable is taken over, published and answered.

use std::sync::Arc;

use actix::Handler;

use super::inventory::{InventoryActor, InventoryState};
use super::messages::{Follow, LetGo, Published};
use super::tell::tell;
use crate::decide::Waiting;
use crate::domain::entry::{Entry, Event};
use crate::domain::order::Order;
use crate::journal::Durable;

impl InventoryState {
    /// Takes over a durable batch: stock, view, shards, answers, in this order.
    fn follow(&mut self, batch: &[Durable]) {
        self.applying = true;
        let mut answers = Vec::new();
        for durable in batch {
            match self.waiting.settle(&durable.entry) {
                Some(parked) => answers.extend(parked),
                None => self.apply_foreign(&durable.entry),
            }
        }
        self.view.pass_to(self.ageing.now());
        let changed = self.view.apply(batch).unwrap_or_else(|error| {
            // What changes is in memory, or held there: this ends like any other fault while a durable entry is
            // applied.
            panic!("{error}; see to the disk, then start again: the journal has everything")
        });
        self.publish(changed);
        for release in answers {
            release();
        }
        self.applying = false;
    }

    /// What an order's own actor decided has its effect on stock once it is durable.
    fn apply_foreign(&mut self, entry: &Entry) {
        for event in &entry.events {
            let Event::Order(id, event) = event else {
                panic!("only order actors submit entries beside the inventory actor")
            };
            if event.changes_stock() {
                let order = self.view.order_at_hand(*id).flatten().expect("an open order is in memory");
                self.inventory.apply_order(&order, event, &mut ());
            }
        }
    }

    fn publish(&self, changed: Vec<Arc<Order>>) {
        if self.feed.receiver_count() > 0 {
            for order in &changed {
                // Nobody may listen any more.
                self.feed.send(order.clone()).ok();
            }
        }
        for (shard, orders) in self.shards.split(changed) {
            tell(&shard, Published(orders));
        }
    }
}

impl Handler<Follow> for InventoryActor {
    type Result = ();

    fn handle(&mut self, Follow(batch): Follow, ctx: &mut Self::Context) {
        self.state.follow(&batch);
        if self.state.view.changes_waiting() >= self.state.retention.changes {
            self.tidy(ctx);
        }
    }
}

impl Handler<LetGo> for InventoryActor {
    type Result = ();

    fn handle(&mut self, _: LetGo, _: &mut Self::Context) {
        self.state.is_over = true;
        self.state.waiting = Waiting::default();
    }
}
