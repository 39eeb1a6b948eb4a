//! Commands on one order.

use smallvec::smallvec;

use crate::domain::entry::{Event, Events};
use crate::domain::order::{Order, OrderCommand, OrderRejection};
use crate::domain::origin::Origin;
use crate::domain::time::Timestamp;

/// Decides `command` against `order`: the entry and the order after it; `None` when nothing has to happen.
pub fn entry_for_order(
    order: &Order,
    command: OrderCommand,
    now: Timestamp,
    who: &Origin,
) -> Result<Option<(Events, Order)>, OrderRejection> {
    let Some(event) = order.decide(command, now)? else { return Ok(None) };
    let next = order.after(&event, now, who);
    Ok(Some((smallvec![Event::Order(order.id, Box::new(event))], next)))
}
