//! Placing the orders of a file, in parts: each part is placed as a whole, so that one entry of the journal holds it.

use std::sync::Arc;
use std::time::Duration;

use super::super::people::sentence;
use super::{Outcome, Phase, Upload};
use crate::actors::{Failure, Fulfillment, IdempotencyKey, Request};
use crate::domain::entry::RequestHash;
use crate::domain::inventory::{OrderRequest, PlaceRejection};
use crate::domain::order::Order;
use crate::domain::who::Who;

/// Orders of one part.
const PART: usize = 250;
/// How often a part is tried again while too much is waiting.
const TRIES_MAX: usize = 100;

/// Places what can be placed of `upload` for `who`.
pub(super) async fn run(engine: Fulfillment, who: Who, upload: Arc<Upload>) {
    let good: Vec<usize> = {
        let state = upload.state.lock();
        (0..upload.rows.len()).filter(|i| matches!(state.outcomes[*i], Outcome::Good(_))).collect()
    };
    for (number, part) in good.chunks(PART).enumerate() {
        let request = request(&who, &upload.key, number);
        let stopped = place(&engine, &request, &upload, part.to_vec()).await.err();
        let mut state = upload.state.lock();
        state.done += part.len();
        if let Some(why) = stopped {
            for outcome in &mut state.outcomes {
                if matches!(outcome, Outcome::Good(_)) {
                    *outcome = Outcome::Refused("Was not tried: the run ended before.".into());
                }
            }
            state.stopped = Some(why);
            break;
        }
    }
    let mut state = upload.state.lock();
    state.phase = Phase::Over;
    let placed = state.outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Placed(_))).count();
    tracing::info!(%who, orders = placed, rows = upload.rows.len(), "a file of orders was placed");
}

fn request(who: &Who, key: &str, part: usize) -> Request {
    let mut request = RequestHash::default();
    request.copy_from_slice(&blake3::hash(key.as_bytes()).as_bytes()[..16]);
    let key = IdempotencyKey { key: format!("upload:{key}:{part}").into(), request };
    Request { key: Some(key), ..Request::of(who.clone()) }
}

/// Places the rows `part`, without those that turn out to break a rule; an error ends the run.
async fn place(engine: &Fulfillment, request: &Request, upload: &Upload, mut part: Vec<usize>) -> Result<(), String> {
    let mut tries = 0;
    while !part.is_empty() {
        let rows: Vec<OrderRequest> =
            part.iter().filter_map(|i| upload.rows[*i].order.as_ref().ok().cloned()).collect();
        match engine.place(request.clone(), rows).await {
            Ok(placed) => {
                settle(upload, &part, &placed.value);
                return Ok(());
            }
            Err(Failure::Rejected(PlaceRejection { row, reason })) => {
                let row = part.remove(row.min(part.len() - 1));
                upload.state.lock().outcomes[row] = Outcome::Refused(sentence(&reason));
            }
            Err(Failure::Busy { retry_after }) if tries < TRIES_MAX => {
                tries += 1;
                actix_web::rt::time::sleep(retry_after.max(Duration::from_millis(10))).await;
            }
            Err(failure) => return Err(sentence(&failure)),
        }
    }
    Ok(())
}

/// Notes which row became which order. A part that was placed before answers with the orders of that time.
fn settle(upload: &Upload, part: &[usize], placed: &[Arc<Order>]) {
    let mut state = upload.state.lock();
    let mut placed = placed.iter().peekable();
    for row in part {
        let is_it = |order: &&Arc<Order>| {
            upload.rows[*row].order.as_ref().is_ok_and(|request| request.contact == order.contact)
        };
        state.outcomes[*row] = match placed.next_if(is_it) {
            Some(order) => Outcome::Placed(order.id),
            None => Outcome::Refused("Was left out when this file was placed before.".into()),
        };
    }
}
