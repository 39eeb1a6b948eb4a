//! `GET live/`: tells a page that something changed, so that it fetches what it shows. At most one word a second, and
//! nothing of what changed: whoever listens asks again, with the rights that he has then.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::{Method, StatusCode, header};
use bytes::Bytes;
use futures_util::stream;

use super::page_error::PageError;
use super::page_request::{Answer, PageRequest};
use crate::access::{self, Holder, Share};
use crate::actors::Readiness;
use crate::view::View;

/// How often it is looked whether anything changed.
const LOOKS_EVERY: Duration = Duration::from_secs(1);
/// Something is sent at least so often, in looks: otherwise nobody notices that the other end is gone.
const BEAT_LOOKS: u32 = 15;
/// A stream ends after so many looks. The browser comes again by itself, and has to say anew who it is.
const LOOKS_MAX: u32 = 300;

/// What is another text whenever pages show something else.
pub(super) fn mark(view: &View) -> String {
    format!("{}-{}", view.applied(), view.delayed_count())
}

struct Following {
    request: PageRequest,
    seen: String,
    looks: u32,
    _place: Share,
}

impl Following {
    /// What to send next; nothing when it is over.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            let engine = &self.request.engine;
            if self.looks == LOOKS_MAX || self.request.console.0.app.is_stopping() {
                return None;
            }
            // A session, a key, or open access: whatever lets somebody listen can end.
            if access::ended(&self.request.http).is_some() {
                return None;
            }
            self.looks += 1;
            let now = mark(engine.view());
            if self.seen != now {
                self.seen.clone_from(&now);
                return Some(format!("retry: 2000\nevent: change\ndata: {now}\n\n").into());
            }
            if self.looks.is_multiple_of(BEAT_LOOKS) {
                return Some(Bytes::from_static(b": still here\n\n"));
            }
            if matches!(engine.readiness(), Readiness::Stopping | Readiness::Poisoned(_)) {
                return None;
            }
            tokio::time::sleep(LOOKS_EVERY).await;
        }
    }
}

/// Follows what happens, as server-sent events.
pub(super) async fn follow(request: PageRequest) -> Answer {
    let mut answer = HttpResponse::Ok();
    answer
        .insert_header((header::CONTENT_TYPE, "text/event-stream"))
        .insert_header((header::CACHE_CONTROL, "no-store"));
    // An answer to HEAD ends with its head.
    if request.http.method() == Method::HEAD {
        return Ok(answer.finish());
    }
    let place = request.console.0.followers.take(&Holder::of(&request.http), 1);
    let crowded =
        || PageError::new(StatusCode::SERVICE_UNAVAILABLE, "Too many of your pages follow what happens already.");
    let place = place.ok_or_else(crowded)?;
    let following = Following { request, seen: String::new(), looks: 0, _place: place };
    let events = stream::unfold(following, |mut following| async move {
        let sent = following.next().await?;
        // A change is followed by a pause, so that a busy engine does not keep a page busy.
        tokio::time::sleep(if following.looks == 1 { Duration::ZERO } else { LOOKS_EVERY }).await;
        Some((Ok::<_, actix_web::Error>(sent), following))
    });
    Ok(answer.streaming(events))
}
