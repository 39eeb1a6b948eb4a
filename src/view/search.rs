//! Looking for orders without looking at all of them: a search stops when it has found enough, or has looked at enough,
//! and says where to go on.

use std::sync::Arc;

use super::orders::{PAGE_SIZE, page_of};
use super::{ArchiveError, OrderFilter, QueryOrdering, Slot, View};
use crate::domain::ids::OrderId;
use crate::domain::order::Order;

/// Passing over a page of which no order was placed on the days that are asked for costs so much.
const PASSED_COST: usize = 1;
/// Looking at a page whose orders are all in another status costs so much.
const PAGE_COST: usize = 64;
/// Reading a pack of the archive costs as much as looking at so many orders in memory.
const PACK_COST: usize = 512;

/// A part of what a search finds, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The orders.
    pub items: Vec<Arc<Order>>,
    /// Orders with smaller ids than this were not looked at yet; none where all were.
    pub next: Option<OrderId>,
}

impl View {
    /// At most `limit` orders that `filter` accepts with ids below `below`, newest first. Looks at about `effort`
    /// orders.
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
        let (bottom, top) = self.range(below);
        let mut left = effort;
        let mut pack = None;
        for page in (page_of(bottom)..=page_of(top)).rev() {
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
            if !self.may_hold(page, filter) {
                left = left.saturating_sub(PASSED_COST);
                continue;
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

    /// The ids below `below`, from the smallest to the largest.
    pub(super) fn range(&self, below: Option<OrderId>) -> (OrderId, OrderId) {
        let last = self.orders.last().0;
        (OrderId(1), OrderId(below.map_or(last, |below| below.0.saturating_sub(1)).min(last)))
    }

    /// Whether an order of `page` may have been placed on the days that `filter` asks for. Dates are not in the order
    /// of ids where a clock was wrong.
    pub(super) fn may_hold(&self, page: u64, filter: &OrderFilter) -> bool {
        if filter.placed_from.is_none() && filter.placed_before.is_none() {
            return true;
        }
        let page = self.orders.page(page);
        page.is_some_and(|page| page.read().placed().may_touch(filter.placed_from, filter.placed_before))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::money::Money;
    use crate::domain::order::{Contact, OrderChange, OrderEvent, Status};
    use crate::domain::origin::Origin;
    use crate::domain::time::Timestamp;
    use crate::view::NoArchive;

    const ORDERS: u64 = 3_000;

    /// Orders 1 to 3,000, placed a second after each other; every hundredth is Zoe's, every tenth is cancelled.
    fn view() -> View {
        let view = View::new(Arc::new(NoArchive), 1);
        let order = |id: u64| {
            let name = if id.is_multiple_of(100) { "Zoe" } else { "Ann" };
            let contact = Contact::new(name, "a@example.com", "1", "Here").unwrap();
            let at = at(id);
            let placed = Order::placed(OrderId(id), contact, Box::new([]), Money::ZERO, at, &Origin::Client);
            let cancelled = OrderChange::Moved { to: Status::Cancelled, reason: None };
            let ended = placed.after(&OrderEvent { version: 2, change: cancelled }, at, &Origin::Client);
            Arc::new(if id.is_multiple_of(10) { ended } else { placed })
        };
        view.orders.publish((1..=ORDERS).map(order).collect::<Vec<_>>().iter(), &view.present);
        view
    }

    fn at(second: u64) -> Timestamp {
        Timestamp(i64::try_from(second).unwrap() * 10_000_000)
    }

    fn ids(found: &Found) -> Vec<u64> {
        found.items.iter().map(|order| order.id.0).collect()
    }

    /// Follows a search to its end; answers with what it found and how many parts that took.
    fn all(view: &View, filter: &OrderFilter, limit: usize, effort: usize) -> (Vec<u64>, usize) {
        let (mut seen, mut below, mut parts) = (Vec::new(), None, 0);
        loop {
            let found = view.search(filter, below, limit, effort).unwrap();
            assert!(found.items.len() <= limit);
            seen.extend(ids(&found));
            parts += 1;
            assert!(found.next.is_none() || found.next != below, "each part leads on");
            below = found.next;
            if below.is_none() {
                return (seen, parts);
            }
        }
    }

    #[test]
    fn parts_hold_each_order_once_however_small_they_are() {
        let view = view();
        let zoe = OrderFilter { customer: Some(crate::view::Term::new("zoe")), ..OrderFilter::default() };
        let ended = OrderFilter { status: Some(Status::Cancelled.into()), ..OrderFilter::default() };
        let expected = |step: usize| -> Vec<u64> { (1..=ORDERS).rev().filter(|id| id % step as u64 == 0).collect() };
        for (limit, effort) in [(1, 1), (7, 1), (50, 1_024), (50, 1_000_000), (5_000, 1), (5_000, 1_000_000)] {
            for (filter, step) in [(OrderFilter::default(), 1), (zoe.clone(), 100), (ended.clone(), 10)] {
                assert_eq!(all(&view, &filter, limit, effort).0, expected(step), "{limit}, {effort}, {step}");
            }
        }
    }

    #[test]
    fn a_search_stops_when_it_looked_at_enough() {
        let view = view();
        let nobody = OrderFilter { customer: Some(crate::view::Term::new("nobody")), ..OrderFilter::default() };
        assert_eq!(all(&view, &nobody, 50, 1), (Vec::new(), 3), "a page of ids for each part");
        assert_eq!(all(&view, &nobody, 50, 1_000_000), (Vec::new(), 1));
        let open = OrderFilter { status: Some(Status::Shipped.into()), ..OrderFilter::default() };
        assert_eq!(all(&view, &open, 50, PAGE_COST * 3), (Vec::new(), 1), "pages without any are passed over quickly");
    }

    #[test]
    fn days_are_found_without_looking_at_the_others() {
        let view = view();
        let day = |from: Option<u64>, before: Option<u64>| OrderFilter {
            placed_from: from.map(at),
            placed_before: before.map(at),
            ..OrderFilter::default()
        };
        assert_eq!(all(&view, &day(Some(2_990), None), 50, 1).0, (2_990..=3_000).rev().collect::<Vec<_>>());
        assert_eq!(all(&view, &day(None, Some(4)), 50, 1).0, [3, 2, 1]);
        assert_eq!(all(&view, &day(Some(100), Some(103)), 50, 1).0, [102, 101, 100]);
        assert_eq!(all(&view, &day(Some(9_000), None), 50, 4), (Vec::new(), 1));
        assert_eq!(all(&view, &day(None, Some(1)), 50, 4), (Vec::new(), 1));
        let found = view.search(&day(None, Some(1_000)), None, 1, 1_026).unwrap();
        assert_eq!(ids(&found), [999], "two pages are passed over");
    }

    #[test]
    fn a_day_holds_its_orders_also_where_a_clock_was_wrong_for_a_while() {
        let view = View::new(Arc::new(NoArchive), 1);
        let placed = |id: u64| {
            let contact = Contact::new("Ann", "a@example.com", "1", "Here").unwrap();
            let ahead = if (1_000..3_000).contains(&id) { 100_000 } else { 0 };
            Arc::new(Order::placed(OrderId(id), contact, Box::new([]), Money::ZERO, at(id + ahead), &Origin::Client))
        };
        view.orders.publish((1..=5_000).map(placed).collect::<Vec<_>>().iter(), &view.present);
        let right = OrderFilter { placed_before: Some(at(6_000)), ..OrderFilter::default() };
        let ahead = OrderFilter { placed_from: Some(at(6_000)), ..OrderFilter::default() };
        let expected: Vec<_> = (3_000..=5_000).rev().chain((1..1_000).rev()).collect();
        assert_eq!(all(&view, &right, 50, 1_000).0, expected);
        assert_eq!(all(&view, &ahead, 50, 1_000).0, (1_000..3_000).rev().collect::<Vec<_>>());
        for direction in [QueryOrdering::Ascending, QueryOrdering::Descending] {
            let query =
                crate::view::OrderQuery { filter: right.clone(), direction, limit: 9_000, ..Default::default() };
            assert_eq!(view.orders(&query).unwrap().items.len(), expected.len());
        }
    }
}
