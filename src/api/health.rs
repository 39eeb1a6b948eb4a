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

/// 200 when commands are taken, otherwise 503 and why not.
pub(super) async fn readyz(request: HttpRequest) -> Answer {
    let readiness = Gate::of(&request).engine().map(Fulfillment::readiness);
    let word = readiness.as_ref().map_or("starting", word);
    let status = match readiness {
        Some(Readiness::Ready) => StatusCode::OK,
        Some(Readiness::Stopping | Readiness::NoSpace | Readiness::Poisoned(_)) | None => {
            StatusCode::SERVICE_UNAVAILABLE
        }
    };
    Ok(json(status, format!(r#"{{"status":"{word}"}}"#).into_bytes()))
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
