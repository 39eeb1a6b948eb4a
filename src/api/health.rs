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
    let (status, word) = match readiness {
        Some(Readiness::Ready) => (StatusCode::OK, "ready"),
        Some(Readiness::Stopping) => (StatusCode::SERVICE_UNAVAILABLE, "stopping"),
        Some(Readiness::NoSpace) => (StatusCode::SERVICE_UNAVAILABLE, "disk full"),
        // Why is in the log: it names files of this machine.
        Some(Readiness::Poisoned(_)) => (StatusCode::SERVICE_UNAVAILABLE, "journal failed"),
        None => (StatusCode::SERVICE_UNAVAILABLE, "starting"),
    };
    Ok(json(status, format!(r#"{{"status":"{word}"}}"#).into_bytes()))
}
