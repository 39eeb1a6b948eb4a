//! A setting.

use serde::Serialize;
use utoipa::ToSchema;

/// One setting in force.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Setting, example = json!({
    "name": "stock.low", "value": "25", "default": "10", "allowed": "a whole number from 0 to 1000000000",
    "meaning": "Products with this many units or fewer available are shown as low stock.",
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
