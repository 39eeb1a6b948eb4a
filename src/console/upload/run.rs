//! Placing the orders of a file: each is an entry of its own, with a key of its own, so that it has its effect once
//! whatever becomes of the others.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

use super::super::words::failed;
use super::identity::{Earlier, ROUNDS};
use super::kept::{Outcome, Phase, Upload};
use crate::access::Right;
use crate::actors::{Failure, Fulfillment, Request};
use crate::domain::origin::Origin;
use crate::web::error::sentence;

/// Orders that are on their way at the same time; they share commits of the journal.
const WINDOW: usize = 64;
/// How often an order is tried again while too much is waiting.
const TRIES_MAX: usize = 100;

/// A run that has begun. When it is dropped, it is over.
pub(super) struct Run {
    upload: Arc<Upload>,
    /// Which rows are to be placed, and each in which round.
    wanted: Vec<(usize, u8)>,
}

impl Run {
    /// Begins to place what can be placed of `upload`, and what was placed before where `again` says so; `None` where
    /// that is going on, or was done.
    pub(super) fn begin(upload: &Arc<Upload>, again: bool) -> Option<Self> {
        let mut state = upload.state.lock();
        if !state.may_run() {
            return None;
        }
        let round = |outcome: &Outcome| match outcome {
            Outcome::Good(_) => Some(0),
            Outcome::Unknown(round) => Some(*round),
            Outcome::Earlier(Earlier { next, .. }) => (again && *next < ROUNDS).then_some(*next),
            Outcome::Refused(_) | Outcome::Placed(_) => None,
        };
        let rounds = state.outcomes.iter().enumerate();
        let wanted: Vec<_> = rounds.filter_map(|(row, outcome)| Some((row, round(outcome)?))).collect();
        (state.phase, state.wanted, state.done, state.stopped) = (Phase::Running, wanted.len(), 0, None);
        Some(Self { upload: upload.clone(), wanted })
    }

    /// Goes through with it for `who`, as long as their `right` lasts.
    pub(super) async fn go(self, engine: Fulfillment, who: Origin, right: Right) {
        for window in self.wanted.chunks(WINDOW) {
            let places = window.iter().map(|(row, round)| place(&engine, &who, &right, &self.upload, *row, *round));
            let stopped = join_all(places).await.into_iter().find_map(Result::err);
            let mut state = self.upload.state.lock();
            state.done += window.len();
            if stopped.is_some() {
                state.stopped = stopped;
                break;
            }
        }
        let mut state = self.upload.state.lock();
        state.phase = Phase::Over;
        let placed = state.outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Placed(_))).count();
        tracing::info!(%who, orders = placed, rows = self.upload.contents.rows.len(), "a file of orders was placed");
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let mut state = self.upload.state.lock();
        if state.phase == Phase::Running {
            state.phase = Phase::Over;
            state.stopped = Some("The run was interrupted.".into());
        }
    }
}

/// Places one row; an error ends the run.
async fn place(
    engine: &Fulfillment,
    who: &Origin,
    right: &Right,
    upload: &Upload,
    row: usize,
    round: u8,
) -> Result<(), String> {
    let contents = &upload.contents.rows[row];
    let (Ok(order), Some(identity)) = (&contents.order, &contents.identity) else { return Ok(()) };
    let request = Request { key: Some(identity.key(round)), ..Request::of(who.clone()) };
    // As long as it is on its way, and where this run ends meanwhile, that is all there is to say of it.
    let set = |outcome| std::mem::replace(&mut upload.state.lock().outcomes[row], outcome);
    let mut before = None;
    let mut tries = 0;
    let outcome = loop {
        if let Some(why) = right.ended() {
            if let Some(outcome) = before {
                set(outcome);
            }
            return Err(why);
        }
        before = before.or_else(|| Some(set(Outcome::Unknown(round))));
        match engine.place(request.clone(), vec![order.clone()]).await {
            Ok(answered) => {
                let order = answered.value.first().ok_or("An order was placed and is not there.")?;
                break if answered.replayed {
                    let (id, at, next) = (order.id, order.placed_at, round + 1);
                    Outcome::Earlier(Earlier { id, at, is_same: true, next })
                } else {
                    Outcome::Placed(order.id)
                };
            }
            Err(Failure::Rejected(rejection)) => break Outcome::Refused(sentence(&rejection.reason).into()),
            Err(Failure::KeyReused) => {
                let text =
                    "An order with this text in \"order\" was placed meanwhile. Upload the file again to see it.";
                break Outcome::Refused(text.into());
            }
            Err(Failure::Busy { retry_after }) if tries < TRIES_MAX => {
                tries += 1;
                actix_web::rt::time::sleep(retry_after.max(Duration::from_millis(10))).await;
            }
            Err(failure) => {
                if let Some(outcome) = before.filter(|_| !failure.is_unsure()) {
                    set(outcome);
                }
                return Err(failed(&failure));
            }
        }
    };
    set(outcome);
    Ok(())
}
