//! `/healthz`: the process answers. `/readyz`: it takes commands.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;

use crate::actors::{Fulfillment, Readiness, Verified};
use crate::web::AppState;
use crate::web::answer::{Answer, json, ok};

/// 200 as long as the process answers at all.
pub(super) async fn healthz() -> Answer {
    Ok(ok(br#"{"status":"ok"}"#.to_vec()))
}

/// 200 when commands are taken, otherwise 503 and why not. What came of reading the journal's files again is told
/// beside that: when they are damaged the engine goes on with what is in memory, and a restart would be refused.
pub(super) async fn readyz(request: HttpRequest) -> Answer {
    let app = AppState::of(&request);
    let readiness = app.engine().map(Fulfillment::readiness);
    let word = readiness.as_ref().map_or("starting", word);
    let status = match readiness {
        Some(Readiness::Ready) => StatusCode::OK,
        Some(Readiness::Stopping | Readiness::NoSpace | Readiness::Poisoned(_)) | None => {
            StatusCode::SERVICE_UNAVAILABLE
        }
    };
    let journal = journal(app.engine().map(Fulfillment::verified).unwrap_or_default());
    Ok(json(status, format!(r#"{{"status":"{word}","journal":"{journal}"}}"#).into_bytes()))
}

/// What is said of the journal's files: nothing good before they were read from front to back.
fn journal(verified: Verified) -> &'static str {
    match verified {
        Verified { is_damaged: true, .. } => "damaged",
        Verified { sound_at: Some(_), .. } => "sound",
        Verified { sound_at: None, .. } => "unverified",
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Timestamp;

    #[test]
    fn a_journal_is_sound_only_after_it_was_read() {
        let check = |sound_at, is_damaged, word| assert_eq!(journal(Verified { sound_at, is_damaged }), word);
        check(None, false, "unverified");
        check(Some(Timestamp(1)), false, "sound");
        check(Some(Timestamp(1)), true, "damaged");
        check(None, true, "damaged");
    }
}
