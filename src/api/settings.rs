//! `GET /api/settings/`: what the server runs with.

use crate::web::answer::{Answer, ok};
use crate::web::request::ApiRequest;
use crate::wire::render::{self, List};

const SETTING_BYTES: usize = 256;

/// Lists the settings, section by section.
pub(super) async fn settings(call: ApiRequest) -> Answer {
    let settings = call.app.settings();
    Ok(ok(render::json(&List(|| settings.iter()), settings.len() * SETTING_BYTES)))
}
