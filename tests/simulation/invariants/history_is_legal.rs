//! Every history is legal: a path through the table of transitions, in the order of time, each automatic step out of a
//! stage that ends by itself.

use packhorse::domain::order::Status;
use packhorse::domain::origin::Origin;

use super::{Probe, ensure};

pub(super) fn check(probe: &Probe<'_>) -> Result<(), String> {
    for (id, order_model) in probe.orders() {
        let mut at = None;
        for (nth, (from, to, when, who)) in order_model.path.iter().enumerate() {
            ensure(legal(*from, *to), || format!("order {id} went from {from:?} to {to}"))?;
            let before = nth.checked_sub(1).map(|before| order_model.path[before].1);
            ensure(*from == before, || format!("order {id} left {from:?} while it was {before:?}"))?;
            ensure(at.is_none_or(|at| at <= *when), || format!("the history of order {id} goes back in time"))?;
            at = Some(*when);
            if *who == Origin::Timer {
                let span = from.and_then(|from| probe.timers.span(from));
                let cancelled = *to == Status::Cancelled;
                ensure(span.is_some() && !cancelled, || format!("a timer moved order {id} from {from:?} to {to}"))?;
            }
        }
    }
    Ok(())
}

/// The table, written down a second time.
fn legal(from: Option<Status>, to: Status) -> bool {
    use Status::{Cancelled, Delivered, Pending, Processing, Shipped};
    matches!(
        (from, to),
        (None, Pending)
            | (Some(Pending), Processing | Cancelled)
            | (Some(Processing), Shipped | Cancelled)
            | (Some(Shipped), Delivered)
    )
}
