//! The stock ledger of a product.

use serde::Serialize;
use utoipa::ToSchema;

use super::catalogue::Text;
use super::time::{Time, Times};
use super::words::{CauseWord, WhoText};
use crate::domain::origin::Origin;
use crate::domain::stock::Movement;

/// One row of the ledger.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Movement, example = json!({
    "sequence": 3, "timestamp": "2026-11-22T10:00:00.123456+06:00", "cause": "reserved", "quantity": 2, "on_hand": 10,
    "reserved": 2, "available": 8, "order": 1, "who": "client", "reason": null,
}))]
pub(crate) struct MovementBody<'a> {
    sequence: u64,
    #[schema(value_type = String, format = "date-time")]
    timestamp: Time<'a>,
    #[schema(value_type = CauseWord)]
    cause: &'static str,
    quantity: i64,
    on_hand: u32,
    reserved: u32,
    available: u32,
    #[schema(required)]
    order: Option<u64>,
    #[schema(value_type = WhoText)]
    who: Text<&'a Origin>,
    #[schema(required)]
    reason: Option<&'a str>,
}

impl<'a> MovementBody<'a> {
    /// `movement`, with the numbers after it.
    pub(crate) fn new(movement: &'a Movement, times: &'a Times) -> Self {
        Self {
            sequence: movement.sequence,
            timestamp: times.show(movement.at),
            cause: movement.change.cause(),
            quantity: movement.change.quantity(),
            on_hand: movement.after.on_hand,
            reserved: movement.after.reserved,
            available: movement.after.available(),
            order: movement.order.map(|order| order.0),
            who: Text(&movement.who),
            reason: movement.reason.as_deref(),
        }
    }
}
