//! Admission: how many placements may be under way. Further ones are refused at once, before they cost anything.
//!
//! Whoever is let in waits for all who came before. Without this bound that is as long as the queues are, and by the
//! time its turn comes a client has given up. With it, what is taken is answered soon, and the rest is told soon to
//! come again.
//!
//! Callers share it as they share everything else ([`room`]). The whole is twice what one caller alone may have.
//!
//! A bulk counts as one placement and as its orders. It is let in while its caller has any room, so that the largest
//! one is not kept out by a stream of small ones, and counts as no more orders than the caller had room for: what it
//! has beyond that is not taken from others.

use std::sync::Arc;

use foldhash::{HashMap, HashMapExt};
use parking_lot::Mutex;

use crate::domain::origin::Origin;
use crate::domain::share::room;

/// Placements and orders that are under way.
pub(super) struct Admission {
    under_way: Mutex<UnderWay>,
    /// What one caller alone may have.
    max: Load,
}

struct UnderWay {
    /// All of it, as it is.
    load: Load,
    /// What of it counts against the bound.
    counted: Load,
    by_caller: HashMap<Origin, Load>,
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
    who: Origin,
    orders: usize,
    /// So many of them count.
    counted: usize,
}

impl Admission {
    /// At most `max` of one caller alone, and twice that of all of them together.
    pub(super) fn new(max: Load) -> Arc<Self> {
        let (load, counted) = (Load::default(), Load::default());
        Arc::new(Self { under_way: Mutex::new(UnderWay { load, counted, by_caller: HashMap::new() }), max })
    }

    /// Lets in a placement of `who` with this number of orders; `None` where there is no room for it.
    pub(super) fn enter(self: &Arc<Self>, who: &Origin, orders: usize) -> Option<Room> {
        let mut under_way = self.under_way.lock();
        let counted = under_way.room(self.max, who)?.min(orders);
        under_way.load.placements += 1;
        under_way.load.orders += orders;
        under_way.counted.placements += 1;
        under_way.counted.orders += counted;
        let held = under_way.by_caller.entry(who.clone()).or_default();
        held.placements += 1;
        held.orders += counted;
        Some(Room { admission: self.clone(), who: who.clone(), orders, counted })
    }

    /// Whether a placement of `who` would be refused now.
    pub(super) fn is_full(&self, who: &Origin) -> bool {
        self.under_way.lock().room(self.max, who).is_none()
    }

    /// What is under way now.
    pub(super) fn load(&self) -> Load {
        self.under_way.lock().load
    }
}

impl UnderWay {
    /// How many orders more of `who` there is room for; nothing where there is none, or none for a placement.
    fn room(&self, max: Load, who: &Origin) -> Option<usize> {
        let held = self.by_caller.get(who).copied().unwrap_or_default();
        let callers = self.by_caller.len();
        share(max.placements, self.counted.placements, held.placements, callers)?;
        share(max.orders, self.counted.orders, held.orders, callers)
    }
}

/// How much more somebody may have who holds `held`, where `callers` hold `given` of twice `max`; at least one, or
/// nothing.
fn share(max: usize, given: usize, held: usize, callers: usize) -> Option<usize> {
    let total = max.saturating_mul(2);
    let more = room(total, given, held, callers).filter(|more| *more > 0);
    // The last one is for who has none.
    more.or_else(|| (held == 0 && given < total).then_some(1))
}

impl Drop for Room {
    fn drop(&mut self) {
        let mut under_way = self.admission.under_way.lock();
        under_way.load.placements -= 1;
        under_way.load.orders -= self.orders;
        under_way.counted.placements -= 1;
        under_way.counted.orders -= self.counted;
        if let Some(held) = under_way.by_caller.get_mut(&self.who) {
            held.placements -= 1;
            held.orders -= self.counted;
            if held.placements == 0 {
                under_way.by_caller.remove(&self.who);
            }
        }
    }
}

impl std::fmt::Debug for Room {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Room").field("who", &self.who).field("orders", &self.orders).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn till(number: usize) -> Origin {
        Origin::Key(number.to_string().into())
    }

    fn is_empty(admission: &Admission) -> bool {
        let under_way = admission.under_way.lock();
        [under_way.load, under_way.counted] == [Load::default(); 2] && under_way.by_caller.is_empty()
    }

    #[test]
    fn lets_in_as_many_placements_of_one_caller_as_may_be_under_way() {
        for max in [1, 2, 7, 512] {
            let admission = Admission::new(Load { placements: max, orders: 100_000 });
            let mut held: Vec<_> = std::iter::from_fn(|| admission.enter(&till(1), 1)).collect();
            assert_eq!(held.len(), max);
            assert!(admission.is_full(&till(1)) && !admission.is_full(&till(2)));
            held.pop();
            assert!(!admission.is_full(&till(1)) && admission.enter(&till(1), 1).is_some());
            drop(held);
            assert!(is_empty(&admission));
        }
    }

    #[test]
    fn the_largest_bulk_gets_in_beside_small_ones_and_keeps_out_others_of_its_caller() {
        let admission = Admission::new(Load { placements: 10, orders: 100 });
        let small = admission.enter(&till(1), 99);
        let large = admission.enter(&till(1), 100_000);
        assert!(large.is_some() && admission.is_full(&till(1)) && admission.enter(&till(1), 1).is_none());
        assert_eq!(admission.load(), Load { placements: 2, orders: 100_099 });
        drop((small, large));
        assert!(is_empty(&admission));
    }

    #[test]
    fn bulks_of_one_caller_leave_room_for_the_orders_of_others() {
        let admission = Admission::new(Load { placements: 512, orders: 50_000 });
        let mut held: Vec<_> = std::iter::from_fn(|| admission.enter(&till(1), 50_000)).collect();
        assert_eq!(held.len(), 1);
        let singles: Vec<_> = std::iter::from_fn(|| admission.enter(&till(2), 1)).collect();
        assert!(singles.len() > 100, "{}", singles.len());
        // One greedy caller after the other takes less, and the next one still finds some.
        for number in 3..10 {
            held.extend(std::iter::from_fn(|| admission.enter(&till(number), 100_000)));
        }
        assert!(admission.enter(&till(10), 1).is_some());
        drop((held, singles));
        assert!(is_empty(&admission));
    }
}
