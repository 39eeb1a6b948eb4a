//! The overview: what is where, what is stuck, what runs low, and how the engine is.

use actix_web::HttpResponse;
use actix_web::http::header;
use minijinja::context;
use minijinja::value::Serde;
use serde::Serialize;

use super::catalogue::ProductRow;
use super::orders::OrderRow;
use super::visit::{Answer, Visit};
use crate::actors::Readiness;
use crate::domain::order::Status;
use crate::telemetry::counters;
use crate::view::{Interval, ProductFilter};

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

/// The series of the charts: each point is one interval, times in seconds since 1970.
#[derive(Serialize)]
struct TrendBody {
    at: Vec<i64>,
    placed: Vec<f64>,
    delivered: Vec<f64>,
    cancelled: Vec<f64>,
    pending: Vec<Option<f64>>,
    processing: Vec<Option<f64>>,
    shipped: Vec<Option<f64>>,
}

/// `GET /admin/`.
pub(super) async fn show(visit: Visit) -> Answer {
    let available_max = Some(visit.low_stock());
    let scanned = visit.scan(move |engine| {
        let low = ProductFilter { available_max, archived: Some(false), ..ProductFilter::default() };
        (engine.health(), engine.view().products().lowest(&low, ROWS))
    });
    let (health, (low, low_count)) = scanned.await?;
    let view = visit.view();
    let counts = view.counts();
    let delayed = Status::OPEN.map(|stage| view.delayed_in(stage, ROWS));
    let stages = Status::ALL.map(|status| StageBody {
        status: status.as_str(),
        label: status.label(),
        count: counts[status as usize - 1],
        delayed: Status::OPEN.iter().position(|open| *open == status).map_or(0, |at| delayed[at].1),
    });
    let delayed_count: usize = delayed.iter().map(|(_, count)| count).sum();
    let mut longest: Vec<_> = delayed.into_iter().flat_map(|(orders, _)| orders).collect();
    longest.sort_by_key(|order| (order.moved_at, order.id));
    longest.truncate(ROWS);
    let (state, good) = match visit.engine.readiness() {
        Readiness::Ready => ("Takes orders", true),
        Readiness::NoSpace => ("The disk is full: nothing is taken until there is room", false),
        Readiness::Stopping => ("Is being stopped", false),
        Readiness::Poisoned(_) => ("The journal failed: nothing is taken, see the log", false),
    };
    let context = context! {
        stages => Serde(&stages),
        total => counts.iter().sum::<u64>(),
        delayed => Serde(longest.iter().map(|order| OrderRow::new(order, view.delay(order.id))).collect::<Vec<_>>()),
        delayed_count,
        low => Serde(ProductRow::all(&low, &visit)),
        low_count,
        low_stock => visit.low_stock(),
        is_empty => view.products().is_empty(),
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
        checkpoint_at => health.checkpoint.map(|mark| mark.at.0),
        checkpoint_behind => health.checkpoint.map(|mark| view.applied().saturating_sub(mark.sequence)),
        refused => counters::REQUESTS_REFUSED_BUSY.get(),
        restarts => counters::ACTOR_RESTARTS.get(),
    };
    visit.page("overview.html", context)
}

/// `GET /admin/overview/trend/`: what the charts show.
pub(super) async fn trend(visit: Visit) -> Answer {
    let trend = visit.view().trend();
    let intervals = trend.until(visit.now());
    let minute = 60.0 / trend.width().as_secs_f64();
    let rate = |count: fn(&Interval) -> u32| -> Vec<f64> {
        intervals.iter().map(|(_, interval)| f64::from(count(interval)) * minute).collect()
    };
    let stay = |stage: usize| -> Vec<Option<f64>> { intervals.iter().map(|(_, it)| mean_seconds(it, stage)).collect() };
    let body = TrendBody {
        at: intervals.iter().map(|(at, _)| at.0 / 1_000_000).collect(),
        placed: rate(|interval| interval.placed),
        delivered: rate(|interval| interval.entered[Status::Delivered as usize - 1]),
        cancelled: rate(|interval| interval.entered[Status::Cancelled as usize - 1]),
        pending: stay(0),
        processing: stay(1),
        shipped: stay(2),
    };
    let body = serde_json::to_vec(&body).expect("numbers are JSON");
    let answer = HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .content_type("application/json")
        .body(body);
    Ok(answer)
}

/// How long the orders that left `stage` had stayed in it, on average, in seconds.
fn mean_seconds(interval: &Interval, stage: usize) -> Option<f64> {
    let mean = interval.stayed_micros[stage].checked_div(u64::from(interval.left[stage]))?;
    #[expect(clippy::cast_precision_loss, reason = "a chart shows no more than a few digits")]
    Some(mean as f64 / 1e6)
}
