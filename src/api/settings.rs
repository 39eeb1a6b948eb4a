//! `GET /api/settings/`: what the server runs with.

use serde::Serialize;
use utoipa::ToSchema;

use super::answer::{Answer, ok};
use super::call::Call;
use super::render::{self, List};

const SETTING_BYTES: usize = 256;

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

/// Lists the settings, section by section.
pub(super) async fn settings(call: Call) -> Answer {
    let settings = call.gate.settings();
    Ok(ok(render::json(&List(|| settings.iter()), settings.len() * SETTING_BYTES)))
}
