//! A value for each status or stage, as an object whose members are named by the words of [`Status`].

use std::borrow::Cow;

use serde::ser::{Serialize, Serializer};
use serde_json::{Map, Value, json};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::domain::order::{PerStage, PerStatus, Stage, Status};

/// A count for each status.
pub(crate) struct ByStatus(pub(crate) PerStatus<u64>);

/// A count for each stage.
pub(crate) struct ByStage(pub(crate) PerStage<usize>);

impl Serialize for ByStatus {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(status, value)| (status.as_str(), value)))
    }
}

impl Serialize for ByStage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(stage, value)| (stage.status().as_str(), value)))
    }
}

impl PartialSchema for ByStatus {
    fn schema() -> RefOr<Schema> {
        counts("Orders in each status.", &Status::ALL)
    }
}

impl ToSchema for ByStatus {
    fn name() -> Cow<'static, str> {
        "Counts".into()
    }
}

impl PartialSchema for ByStage {
    fn schema() -> RefOr<Schema> {
        counts("Orders that outstayed each stage.", &Stage::ALL.map(Stage::status))
    }
}

impl ToSchema for ByStage {
    fn name() -> Cow<'static, str> {
        "Delayed".into()
    }
}

fn counts(description: &str, statuses: &[Status]) -> RefOr<Schema> {
    let count = json!({"type": "integer", "format": "int64", "minimum": 0});
    members(description, statuses.iter().map(|status| (status.as_str(), count.clone(), json!(3))))
}

/// An object with these `members`, all of them required: name, schema and example of each.
pub(crate) fn members<'a>(
    description: &str,
    members: impl IntoIterator<Item = (&'a str, Value, Value)>,
) -> RefOr<Schema> {
    let (mut properties, mut example) = (Map::new(), Map::new());
    for (name, schema, shown) in members {
        properties.insert(name.to_owned(), schema);
        example.insert(name.to_owned(), shown);
    }
    let required: Vec<_> = properties.keys().collect();
    let object = json!({
        "type": "object", "description": description, "required": required, "properties": properties, "example": example,
    });
    serde_json::from_value(object).expect("the schema is well formed")
}
