//! Listing orders: filters, sorting and pages.

use std::cmp::Ordering as Compare;
use std::collections::BinaryHeap;
use std::sync::Arc;

use super::orders::{PAGE_SIZE, page_of};
use super::statuses::Statuses;
use super::{ArchiveError, Slot, Term, View};
use crate::domain::ids::{OrderId, ProductId};
use crate::domain::money::Money;
use crate::domain::order::Order;
use crate::domain::time::Timestamp;

/// Which orders to list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct OrderFilter {
    /// Only those in one of these statuses.
    pub status: Option<Statuses>,
    /// Only those flagged as delayed, or only others.
    pub delayed: Option<bool>,
    /// Only those that hold every one of these terms, in any case, in status, customer name or e-mail.
    pub terms: Vec<Term>,
    /// Only those placed from this moment on.
    pub placed_from: Option<Timestamp>,
    /// Only those placed before this moment.
    pub placed_before: Option<Timestamp>,
    /// Only those with a line of this product.
    pub product: Option<ProductId>,
    /// Only those that hold this in the customer's name, e-mail or telephone number, of which the digits count.
    pub customer: Option<Term>,
}

/// The field to sort by; ties are broken by id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SortField {
    /// By id, which is the order of placing.
    #[default]
    Id,
    /// By the last change of any kind.
    UpdatedAt,
    /// By the last transition.
    MovedAt,
    /// By the total.
    Total,
    /// By the word of the status.
    Status,
    /// By the customer's name.
    CustomerName,
}

/// The direction of a listing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Ordering {
    /// Smallest first.
    Ascending,
    /// Largest first.
    #[default]
    Descending,
}

/// A page of a listing of orders. The default is the newest orders first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrderQuery {
    /// Which orders.
    pub filter: OrderFilter,
    /// Sorted by.
    pub sort: SortField,
    /// In this direction.
    pub direction: Ordering,
    /// Only what comes after this place in the listing, which is one of `sort`.
    pub after: Option<Place>,
    /// At most so many.
    pub limit: usize,
}

/// A part of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The items, in order.
    pub items: Vec<T>,
    /// Whether more follow.
    pub more: bool,
}

/// The value that an order is sorted by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SortKey {
    /// None but its id.
    Id,
    /// When it was changed, or moved.
    At(Timestamp),
    /// Its total.
    Total(Money),
    /// The word of its status, or the customer's name.
    Text(Box<str>),
}

/// A place in a listing: that of an order as it was when it was listed. The order may have gone from there since; the
/// place stays where it is, so that whoever goes on behind it meets every order once that did not move.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// What the order was sorted by.
    pub key: SortKey,
    /// Its id.
    pub id: OrderId,
}

impl SortField {
    /// The place of `order`, as it is, in a listing that is sorted by this.
    #[must_use]
    pub fn place(self, order: &Order) -> Place {
        Place { key: self.key(order), id: order.id }
    }

    fn key(self, order: &Order) -> SortKey {
        match self {
            Self::Id => SortKey::Id,
            Self::UpdatedAt => SortKey::At(order.updated_at),
            Self::MovedAt => SortKey::At(order.moved_at),
            Self::Total => SortKey::Total(order.total),
            Self::Status => SortKey::Text(order.status.as_str().into()),
            Self::CustomerName => SortKey::Text(order.contact.customer_name().into()),
        }
    }
}

impl OrderFilter {
    pub(super) fn accepts(&self, view: &View, order: &Order) -> bool {
        !order.archived
            && self.status.is_none_or(|status| status.has(order.status))
            && self.placed_from.is_none_or(|from| from <= order.placed_at)
            && self.placed_before.is_none_or(|before| order.placed_at < before)
            && self.product.is_none_or(|product| order.lines.iter().any(|line| line.product.product == product))
            && self.customer.as_ref().is_none_or(|term| term.is_in_contact(order))
            && self.terms.iter().all(|term| term.is_in(order))
            && self.delayed.is_none_or(|delayed| view.delay(order.id).is_some() == delayed)
    }
}

/// An order on its way into a sorted page: the heap drops the one that comes last.
struct Ranked {
    place: Place,
    order: Arc<Order>,
    direction: Ordering,
}

impl Ordering {
    fn rank(self, one: &Place, other: &Place) -> Compare {
        match self {
            Self::Ascending => one.cmp(other),
            Self::Descending => other.cmp(one),
        }
    }
}

impl PartialEq for Ranked {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Compare::Equal
    }
}

impl Eq for Ranked {}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<Compare> {
        Some(self.cmp(other))
    }
}

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> Compare {
        self.direction.rank(&self.place, &other.place)
    }
}

impl View {
    /// A page of the orders that `query` asks for.
    ///
    /// Listing by id stops when the page is full. Sorting by anything else looks at every order that the filter may
    /// accept.
    ///
    /// # Errors
    /// When the archive fails.
    pub fn orders(&self, query: &OrderQuery) -> Result<Page<Arc<Order>>, ArchiveError> {
        if query.filter.delayed == Some(true) {
            return self.sorted(query, &mut self.delayed(0, usize::MAX).into_iter().map(Ok));
        }
        match query.sort {
            SortField::Id => self.by_id(query),
            SortField::UpdatedAt
            | SortField::MovedAt
            | SortField::Total
            | SortField::Status
            | SortField::CustomerName => self.sorted(query, &mut self.walk(&query.filter, Ordering::Descending, None)),
        }
    }

    fn by_id(&self, query: &OrderQuery) -> Result<Page<Arc<Order>>, ArchiveError> {
        let mut items = Vec::new();
        for order in self.walk(&query.filter, query.direction, query.after.as_ref().map(|place| place.id)) {
            let order = order?;
            if !query.filter.accepts(self, &order) {
                continue;
            }
            if items.len() == query.limit {
                return Ok(Page { items, more: true });
            }
            items.push(order);
        }
        Ok(Page { items, more: false })
    }

    fn sorted(
        &self,
        query: &OrderQuery,
        orders: &mut dyn Iterator<Item = Result<Arc<Order>, ArchiveError>>,
    ) -> Result<Page<Arc<Order>>, ArchiveError> {
        let direction = query.direction;
        let mut heap = BinaryHeap::new();
        for order in orders {
            let order = order?;
            if !query.filter.accepts(self, &order) {
                continue;
            }
            let place = query.sort.place(&order);
            if query.after.as_ref().is_some_and(|after| direction.rank(&place, after) != Compare::Greater) {
                continue;
            }
            heap.push(Ranked { place, order, direction });
            if heap.len() > query.limit + 1 {
                heap.pop();
            }
        }
        let more = heap.len() > query.limit;
        let items = heap.into_sorted_vec().into_iter().take(query.limit).map(|ranked| ranked.order).collect();
        Ok(Page { items, more })
    }

    /// Every listed order that `filter` accepts, by id in `direction`, from beside `after` on. Those that left memory
    /// are not looked at yet.
    fn walk(
        &self,
        filter: &OrderFilter,
        direction: Ordering,
        after: Option<OrderId>,
    ) -> impl Iterator<Item = Result<Arc<Order>, ArchiveError>> {
        let (first, last) = match (direction, after) {
            (Ordering::Descending, below) => self.range(below),
            (Ordering::Ascending, after) => {
                let (first, last) = self.range(None);
                // Above the last id that there can be is nothing: so is above the last one that there is.
                (after.map_or(first, |after| first.max(after.above().unwrap_or(after))), last)
            }
        };
        let pages = page_of(first)..=page_of(last);
        let pages: Box<dyn Iterator<Item = u64>> = match direction {
            Ordering::Descending => Box::new(pages.rev()),
            Ordering::Ascending => Box::new(pages),
        };
        let mut pack: Option<(u64, Vec<Arc<Order>>)> = None;
        let pages = pages.filter(|page| self.may_hold(*page, filter));
        let listed = pages.flat_map(move |page| self.listed(page, filter, direction));
        listed.filter(move |(id, _)| (first..=last).contains(id)).map(move |(id, slot)| match slot {
            Slot::Here(order) => Ok(order),
            Slot::Evicted | Slot::Absent => self.archived(id, &mut pack),
        })
    }

    pub(super) fn listed(&self, page: u64, filter: &OrderFilter, direction: Ordering) -> Vec<(OrderId, Slot)> {
        let Some(slots) = self.orders.page(page) else { return Vec::new() };
        let slots = slots.read();
        let first = page * PAGE_SIZE as u64;
        let wanted = |order: &Order| filter.accepts(self, order);
        let listed =
            (0..PAGE_SIZE).filter_map(|i| Some((OrderId(first + i as u64), slots.listed(i, filter.status, wanted)?)));
        let mut listed: Vec<_> = listed.collect();
        if direction == Ordering::Descending {
            listed.reverse();
        }
        listed
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::order::{Contact, OrderChange, OrderEvent};
    use crate::domain::origin::Origin;
    use crate::view::NoArchive;

    const ORDERS: u64 = 12;

    fn contact(name: u8) -> Contact {
        Contact::new(&format!("Name {name}"), "a@example.com", "1", "Here").unwrap()
    }

    fn placed(id: u64, name: u8, total: u8) -> Arc<Order> {
        let (total, at) = (Money::from_minor(total.into()).unwrap(), Timestamp(i64::try_from(id).unwrap() / 3));
        Arc::new(Order::placed(OrderId(id), contact(name), Box::new([]), total, at, &Origin::Client))
    }

    /// Renames an order or moves it on.
    fn change(view: &View, id: u64, name: u8, at: i64) {
        let order = view.orders.here(OrderId(id)).unwrap();
        let change = match order.status.next_by_timer() {
            Some(to) if name.is_multiple_of(2) => OrderChange::Moved { to, reason: None },
            Some(_) | None => OrderChange::ContactChanged(contact(name)),
        };
        let event = OrderEvent { version: order.version + 1, change };
        view.orders.publish([&Arc::new(order.after(&event, Timestamp(at), &Origin::Client))], &view.present);
    }

    proptest! {
        #[test]
        fn whoever_goes_on_from_place_to_place_meets_each_order_once_that_does_not_change(
            orders in prop::collection::vec((0..4u8, 0..4u8), 12),
            changes in prop::collection::vec(prop::collection::vec((1..=ORDERS, 0..9u8, 0..9i64), 0..3), 0..8),
            limit in 1..5usize,
            is_ascending: bool,
        ) {
            use SortField as S;
            for sort in [S::Id, S::UpdatedAt, S::MovedAt, S::Total, S::Status, S::CustomerName] {
                let view = View::new(Arc::new(NoArchive), 1);
                let placed: Vec<_> = (1..).zip(&orders).map(|(id, (name, total))| placed(id, *name, *total)).collect();
                view.orders.publish(&placed, &view.present);
                let direction = if is_ascending { Ordering::Ascending } else { Ordering::Descending };
                let mut query = OrderQuery { sort, direction, limit, ..OrderQuery::default() };
                let (mut seen, mut changed, mut changes) = (Vec::new(), Vec::new(), changes.iter());
                loop {
                    let page = view.orders(&query).unwrap();
                    seen.extend(page.items.iter().map(|order| order.id.0));
                    let Some(last) = page.items.last().filter(|_| page.more) else { break };
                    query.after = Some(sort.place(last));
                    for (id, name, at) in changes.next().into_iter().flatten() {
                        change(&view, *id, *name, *at);
                        changed.push(*id);
                    }
                }
                for id in (1..=ORDERS).filter(|id| !changed.contains(id)) {
                    prop_assert_eq!(seen.iter().filter(|seen| **seen == id).count(), 1, "{} by {:?}", id, sort);
                }
            }
        }
    }
}
