//! Looking for orders without looking at all of them: a search stops when it has found enough, or has looked at enough,
//! and says where to go on.

use std::sync::Arc;

use super::orders::{PAGE_SIZE, page_of};
use super::{ArchiveError, OrderFilter, QueryOrdering, Slot, View};
use crate::domain::ids::OrderId;
use crate::domain::order::Order;
use crate::domain::time::Timestamp;

/// Looking at a page whose orders are all in another status costs so much.
const PAGE_COST: usize = 64;
/// Reading a pack of the archive costs as much as looking at so many orders in memory.
const PACK_COST: usize = 512;
/// Clocks are set back now and then: orders were placed in the order of their ids, give or take this.
const CLOCK_STEP_MICROS: i64 = 3_600_000_000;

/// A part of what a search finds, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The orders.
    pub items: Vec<Arc<Order>>,
    /// Orders with smaller ids than this were not looked at yet; none where all were.
    pub next: Option<OrderId>,
}

impl View {
    /// At most `limit` orders that `filter` accepts with ids below `below`, newest first. Looks at about `effort` orders.
    ///
    /// # Errors
    /// When the archive fails.
    pub fn search(
        &self,
        filter: &OrderFilter,
        below: Option<OrderId>,
        limit: usize,
        effort: usize,
    ) -> Result<Found, ArchiveError> {
        let mut found = Found::default();
        let Some(top) = self.top(filter, below)? else { return Ok(found) };
        let mut left = effort;
        let mut pack = None;
        for page in (0..=page_of(top)).rev() {
            if left == 0 {
                found.next = Some(
                    found
                        .items
                        .last()
                        .filter(|_| found.items.len() == limit)
                        .map_or_else(|| OrderId((page + 1) * PAGE_SIZE as u64), |order| order.id),
                );
                return Ok(found);
            }
            let listed = self.listed(page, filter, QueryOrdering::Descending);
            let is_skipped = listed.is_empty() && filter.status.is_some();
            left = left.saturating_sub(if is_skipped { PAGE_COST } else { PAGE_SIZE });
            for (id, slot) in listed.into_iter().filter(|(id, _)| *id <= top) {
                let order = match slot {
                    Slot::Here(order) => order,
                    Slot::Evicted | Slot::Absent => {
                        let held = pack.as_ref().map(|(number, _): &(u64, Vec<_>)| *number);
                        let order = self.archived(id, &mut pack)?;
                        if held != pack.as_ref().map(|(number, _)| *number) {
                            left = left.saturating_sub(PACK_COST);
                        }
                        order
                    }
                };
                if filter.placed_from.is_some_and(|from| order.placed_at.0 < from.0 - CLOCK_STEP_MICROS) {
                    return Ok(found);
                }
                if !filter.accepts(self, &order) {
                    continue;
                }
                if found.items.len() == limit {
                    found.next = found.items.last().map(|order| order.id);
                    return Ok(found);
                }
                found.items.push(order);
            }
        }
        Ok(found)
    }

    /// The largest id that has to be looked at.
    fn top(&self, filter: &OrderFilter, below: Option<OrderId>) -> Result<Option<OrderId>, ArchiveError> {
        let last = self.orders.last();
        let top = below.map_or(last.0, |below| below.0.saturating_sub(1)).min(last.0);
        let top = match filter.placed_before {
            Some(before) => top.min(self.last_placed(Timestamp(before.0.saturating_add(CLOCK_STEP_MICROS)))?),
            None => top,
        };
        Ok((top > 0).then_some(OrderId(top)))
    }

    /// The largest id of an order that was placed before `before`, found by halving.
    fn last_placed(&self, before: Timestamp) -> Result<u64, ArchiveError> {
        let (mut low, mut high) = (0, self.orders.last().0);
        while low < high {
            let middle = low + (high - low).div_ceil(2);
            match self.order(OrderId(middle))? {
                Some(order) if order.placed_at < before => low = middle,
                Some(_) | None => high = middle - 1,
            }
        }
        Ok(low)
    }
}
