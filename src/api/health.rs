//! `/healthz`: the process answers. `/readyz`: it takes commands.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;

use super::answer::{Answer, json, ok};
use super::gate::Gate;
use crate::actors::{Fulfillment, Readiness};

/// 200 as long as the process answers at all.
pub(super) async fn healthz() -> Answer {
    Ok(ok(br#"{"status":"ok"}"#.to_vec()))
}

/// 200 when commands are taken, otherwise 503 and why not. A journal that was found damaged on the disk is told beside
/// that: the engine goes on with what is in memory, and a restart would be refused.
pub(super) async fn readyz(request: HttpRequest) -> Answer {
    let gate = Gate::of(&request);
    let readiness = gate.engine().map(Fulfillment::readiness);
    let word = readiness.as_ref().map_or("starting", word);
    let status = match readiness {
        Some(Readiness::Ready) => StatusCode::OK,
        Some(Readiness::Stopping | Readiness::NoSpace | Readiness::Poisoned(_)) | None => {
            StatusCode::SERVICE_UNAVAILABLE
        }
    };
    let is_damaged = gate.engine().is_some_and(|engine| engine.verified().is_damaged);
    let journal = if is_damaged { "damaged" } else { "sound" };
    Ok(json(status, format!(r#"{{"status":"{word}","journal":"{journal}"}}"#).into_bytes()))
}

/// What is said of a running engine.
pub(super) fn word(readiness: &Readiness) -> &'static str {
    match readiness {
        Readiness::Ready => "ready",
        Readiness::Stopping => "stopping",
        Readiness::NoSpace => "disk full",
        // Why is in the log: it names files of this machine.
        Readiness::Poisoned(_) => "journal failed",
    }
}
