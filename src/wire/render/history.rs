//! The history of an order.

use serde::Serialize;
use utoipa::ToSchema;

use super::catalogue::Text;
use super::time::{Time, Times};
use super::words::{PreviousStatusWord, StatusWord, WhoText};
use crate::domain::order::{Status, Step};
use crate::domain::origin::Origin;

/// One row of a history.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Step, example = json!({
    "previous_status": "", "new_status": "pending", "timestamp": "2026-11-22T10:00:00.123456+06:00", "who": "client",
    "reason": null,
}))]
pub(crate) struct StepBody<'a> {
    #[schema(value_type = PreviousStatusWord)]
    previous_status: &'static str,
    #[schema(value_type = StatusWord)]
    new_status: &'static str,
    #[schema(value_type = String, format = "date-time")]
    timestamp: Time<'a>,
    #[schema(value_type = WhoText)]
    who: Text<&'a Origin>,
    #[schema(required)]
    reason: Option<&'a str>,
}

impl<'a> StepBody<'a> {
    /// `step`; an order came from nowhere before it was placed.
    pub(crate) fn new(step: &'a Step, times: &'a Times) -> Self {
        Self {
            previous_status: step.from.map_or("", Status::as_str),
            new_status: step.to.as_str(),
            timestamp: times.show(step.at),
            who: Text(step.who()),
            reason: step.reason(),
        }
    }
}
