//! A setting.

use serde::Serialize;
use utoipa::ToSchema;

/// One setting in force.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Setting, example = json!({
    "name": "stock.low", "value": "25", "default": "10", "allowed": "a whole number from 0 to 1000000000",
    "meaning": "A product of which so many pieces or fewer are available runs low, which the console shows.",
}))]
pub struct SettingRow {
    /// Its name in a file.
    pub name: String,
    /// The value in force.
    pub value: String,
    /// The value where nothing else is said.
    pub default: String,
    /// What is allowed.
    pub allowed: String,
    /// What it is for.
    pub meaning: String,
}
