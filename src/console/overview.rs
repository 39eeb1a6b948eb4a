//! The overview: what is where, what is stuck, what runs low, and how the engine is.

use std::time::Duration;

use minijinja::context;
use minijinja::value::Serde;
use serde::Serialize;

use super::catalogue::ProductRow;
use super::orders::OrderRow;
use super::page_request::{Answer, PageRequest};
use crate::actors::Readiness;
use crate::domain::order::{After, PerStage, Policy, Stage, Status};
use crate::telemetry::counters;
use crate::view::ProductFilter;

/// Rows of each list.
const ROWS: usize = 8;

/// Orders in one stage.
#[derive(Serialize)]
struct StageBody {
    status: &'static str,
    label: &'static str,
    count: u64,
    delayed: usize,
}

/// A stage that ends sooner by itself is no stage that people work in: who set nothing ought to know.
const HASTY: Duration = Duration::from_mins(1);

/// The stages that end by themselves before anybody could do anything, and when.
fn hasty(policy: &Policy) -> Vec<String> {
    let ends = Stage::ALL.into_iter().filter_map(|stage| match policy.0[stage].after {
        After::Span(span) if span < HASTY => {
            Some(format!("{} after {}", stage.status().label(), humantime::format_duration(span)))
        }
        After::Span(_) | After::Manual => None,
    });
    ends.collect()
}

/// `GET /admin/`.
pub(super) async fn show(request: PageRequest) -> Answer {
    let low = ProductFilter::running_low(request.low_stock());
    let scanned = request.scan(move |engine| (engine.health(), engine.view().products().lowest(&low, ROWS)));
    let (health, (low, low_count)) = scanned.await?;
    let view = request.view();
    let counts = view.counts();
    let delayed = PerStage::from_fn(|stage| view.delayed_in(stage, ROWS));
    let stages = Status::ALL.map(|status| StageBody {
        status: status.as_str(),
        label: status.label(),
        count: counts[status],
        delayed: status.stage().map_or(0, |stage| delayed[stage].1),
    });
    let delayed_count: usize = delayed.values().map(|(_, count)| count).sum();
    let mut longest: Vec<_> = delayed.into_values().flat_map(|(orders, _)| orders).collect();
    longest.sort_by_key(|order| (order.moved_at, order.id));
    longest.truncate(ROWS);
    let (state, good) = match request.engine.readiness() {
        Readiness::Ready => ("Accepting orders", true),
        Readiness::NoSpace => ("The disk is full: no orders are accepted until there is room", false),
        Readiness::Stopping => ("Stopping", false),
        Readiness::Poisoned(_) => ("The journal failed: no orders are accepted; see the log", false),
    };
    let context = context! {
        stages => Serde(&stages),
        total => counts.values().sum::<u64>(),
        delayed => Serde(longest.iter().map(|order| OrderRow::new(order, view.delay(order.id))).collect::<Vec<_>>()),
        delayed_count,
        low => Serde(ProductRow::all(&low, &request)),
        low_count,
        low_stock => request.low_stock(),
        is_empty => view.products().is_empty(),
        hasty => hasty(&request.console.0.policy),
        state,
        good,
        commit_last => health.journal.commit_micros_last,
        commit_mean => health.journal.commit_micros_mean,
        commits => health.journal.groups,
        queue => health.queue,
        journal_bytes => health.journal_bytes,
        applied => view.applied(),
        placing => health.placing.placements,
        in_memory => view.orders_in_memory(),
        idempotency_keys => view.keys().len(),
        idempotency_keys_max => view.keys().max(),
        is_damaged => health.verified.is_damaged,
        sound_at => health.verified.sound_at.map(|at| at.0),
        checkpoint_at => health.checkpoint.map(|mark| mark.at.0),
        checkpoint_behind => health.checkpoint.map(|mark| view.applied().saturating_sub(mark.sequence)),
        refused => counters::REQUESTS_REFUSED_BUSY.get(),
        restarts => counters::ACTOR_RESTARTS.get(),
    };
    request.page("overview.html", context)
}
