//! Which orders lie together: in a pack, and in a page of statuses.

use crate::domain::ids::OrderId;

/// How many neighbouring orders share a pack.
pub const PACK_ORDERS: u64 = 8;
/// How many neighbouring orders share a status page.
pub const PAGE_ORDERS: u64 = 1024;

/// The number of the pack that `order` belongs to: its id divided by [`PACK_ORDERS`].
#[must_use]
pub fn pack_of(order: OrderId) -> u64 {
    order.0 / PACK_ORDERS
}

/// The number of the status page that `order` belongs to: its id divided by [`PAGE_ORDERS`].
#[must_use]
pub fn page_of(order: OrderId) -> u64 {
    order.0 / PAGE_ORDERS
}

/// The place of `order` in its status page: 0 to 1,023.
#[must_use]
pub fn slot_of(order: OrderId) -> usize {
    usize::try_from(order.0 % PAGE_ORDERS).unwrap_or_else(|_| unreachable!("a slot is below 1,024"))
}
