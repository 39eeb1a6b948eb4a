//! Admission: how many placements may be under way. Further ones are refused at once, before they cost anything.
//!
//! Whoever is let in waits for all who came before. Without this bound that is as long as the queues are, and by the time
//! its turn comes a client has given up. With it, what is taken is answered soon, and the rest is told soon to come again.
//!
//! A bulk counts as one placement and as its orders. It is let in while there is any room, so that the largest one is not
//! kept out by a stream of small ones; it may go beyond the bound, once.

use std::sync::Arc;

use parking_lot::Mutex;

/// Placements and orders that are under way.
pub(super) struct Admission {
    under_way: Mutex<Load>,
    max: Load,
}

/// How much is under way, or may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Placements, single orders and bulks alike.
    pub placements: usize,
    /// Orders in them.
    pub orders: usize,
}

/// The right to be under way. It ends when the answer is given.
pub(super) struct Room {
    admission: Arc<Admission>,
    orders: usize,
}

impl Admission {
    pub(super) fn new(max: Load) -> Arc<Self> {
        Arc::new(Self { under_way: Mutex::default(), max })
    }

    /// Lets a placement of so many orders in; nothing where there is no room.
    pub(super) fn enter(self: &Arc<Self>, orders: usize) -> Option<Room> {
        let mut load = self.under_way.lock();
        if self.is_reached(*load) {
            return None;
        }
        load.placements += 1;
        load.orders += orders;
        Some(Room { admission: self.clone(), orders })
    }

    /// Whether a placement would be refused now.
    pub(super) fn is_full(&self) -> bool {
        self.is_reached(*self.under_way.lock())
    }

    /// What is under way now.
    pub(super) fn load(&self) -> Load {
        *self.under_way.lock()
    }

    fn is_reached(&self, load: Load) -> bool {
        load.placements >= self.max.placements || load.orders >= self.max.orders
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let mut load = self.admission.under_way.lock();
        load.placements -= 1;
        load.orders -= self.orders;
    }
}

impl std::fmt::Debug for Room {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Room").field("orders", &self.orders).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lets_in_as_many_placements_as_may_be_under_way() {
        let admission = Admission::new(Load { placements: 2, orders: 100 });
        let first = admission.enter(1).unwrap();
        let second = admission.enter(1);
        assert!(second.is_some() && admission.is_full() && admission.enter(1).is_none());
        drop(first);
        assert!(!admission.is_full() && admission.enter(1).is_some());
    }

    #[test]
    fn the_largest_bulk_gets_in_beside_small_ones_and_keeps_others_out() {
        let admission = Admission::new(Load { placements: 10, orders: 100 });
        let small = admission.enter(99);
        let large = admission.enter(100_000);
        assert!(large.is_some() && admission.is_full() && admission.enter(1).is_none());
        drop((small, large));
        assert_eq!(*admission.under_way.lock(), Load::default());
    }
}
