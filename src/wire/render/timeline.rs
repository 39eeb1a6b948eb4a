//! What happened to an order.

use serde::ser::{Serialize, Serializer};
use utoipa::ToSchema;

use super::catalogue::Text;
use super::time::{Time, Times};
use super::words::{HappeningWord, WhoText};
use crate::domain::order::{FieldChange, Happening, Status, What};
use crate::domain::origin::Origin;

/// One thing that happened to an order.
#[derive(Debug, serde::Serialize, ToSchema)]
#[schema(as = Happening, example = json!({
    "sequence": 2, "timestamp": "2026-11-22T10:00:00.123456+06:00", "type": "contact_changed", "who": "user:ann",
    "reason": null, "data": {"customer_phone": {"before": "1234567890", "after": "555"}},
}))]
pub(crate) struct HappeningBody<'a> {
    /// Counts from 1 within the order: the version that the order had right after it.
    sequence: u32,
    #[schema(value_type = String, format = "date-time")]
    timestamp: Time<'a>,
    #[schema(value_type = HappeningWord)]
    r#type: &'static str,
    #[schema(value_type = WhoText)]
    who: Text<&'a Origin>,
    #[schema(required)]
    reason: Option<&'a str>,
    /// Of a move: `from`. Of a changed contact: each field that changed, with its text before and after.
    #[schema(value_type = HashMap<String, serde_json::Value>)]
    data: Data<'a>,
}

#[derive(Debug)]
enum Data<'a> {
    Nothing,
    From(Status),
    Changes(Changes<'a>),
}

/// Fields that changed: each with its text before and after.
#[derive(Debug)]
pub(crate) struct Changes<'a>(pub(crate) &'a [FieldChange]);

/// A text that changed.
#[derive(serde::Serialize)]
struct ChangeBody<'a> {
    before: &'a str,
    after: &'a str,
}

impl<'a> HappeningBody<'a> {
    /// `happening`, after which the order had the version `sequence`.
    pub(crate) fn new(sequence: u32, happening: Happening<'a>, times: &'a Times) -> Self {
        match happening {
            Happening::Step(step) => Self {
                sequence,
                timestamp: times.show(step.at),
                r#type: step.from.map_or("placed", |_| step.to.as_str()),
                who: Text(step.who()),
                reason: step.reason(),
                data: step.from.map_or(Data::Nothing, Data::From),
            },
            Happening::Incident(_, incident) => {
                let (r#type, data) = match &incident.what {
                    What::ContactChanged(changes) => ("contact_changed", Data::Changes(Changes(changes))),
                    What::Archived => ("archived", Data::Nothing),
                };
                let (timestamp, who) = (times.show(incident.at), Text(&incident.who));
                Self { sequence, timestamp, r#type, who, reason: None, data }
            }
        }
    }
}

impl Serialize for Data<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Nothing => serializer.collect_map::<&str, &str, _>([]),
            Self::From(status) => serializer.collect_map([("from", status.as_str())]),
            Self::Changes(changes) => changes.serialize(serializer),
        }
    }
}

impl Serialize for Changes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let changes = self.0.iter();
        serializer.collect_map(
            changes.map(|FieldChange { field, before, after }| (field.as_str(), ChangeBody { before, after })),
        )
    }
}
