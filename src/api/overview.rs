//! `GET /api/overview/` and `overview/trend/`: what is where, what is stuck, what runs low, and how the engine is.

use std::borrow::Cow;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Value, json};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::health::word;
use crate::actors::{Fulfillment, Health};
use crate::domain::order::{PerStage, Stage, Status};
use crate::telemetry::counters;
use crate::view::{Interval, ProductFilter};
use crate::web::answer::{Answer, ok};
use crate::web::request::ApiRequest;
use crate::wire::render::{self, ByStage, ByStatus, ReadinessWord, Time, Times};

const OVERVIEW_BYTES: usize = 768;
const TREND_BYTES: usize = 16 << 10;

/// The whole at a glance.
#[derive(serde::Serialize, ToSchema)]
#[schema(as = Overview, example = json!({
    "status": "ready",
    "orders": {"pending": 12, "processing": 3, "shipped": 8, "delivered": 990, "cancelled": 4},
    "delayed": {"pending": 1, "processing": 0, "shipped": 0},
    "low_stock": {"limit": 10, "products": 2},
    "engine": {
        "commits": 700, "commit_micros_last": 350, "commit_micros_mean": 310, "queue": 0, "placing": 1,
        "journal_bytes": 67_108_864, "journal_entries": 1042, "journal_damaged": false,
        "journal_sound_at": "2026-11-22T09:00:00.123456+06:00", "orders_in_memory": 27,
        "idempotency_keys": 1042, "idempotency_keys_max": 10_000_000, "refused_busy": 0, "actor_restarts": 0,
        "checkpoint": {"sequence": 1000, "taken_at": "2026-11-22T10:00:00.123456+06:00"},
    },
}))]
pub(crate) struct OverviewBody<'a> {
    #[schema(value_type = ReadinessWord)]
    status: &'static str,
    /// Orders in each status.
    orders: ByStatus,
    /// Orders that outstayed each stage.
    delayed: ByStage,
    low_stock: LowStock,
    engine: EngineBody<'a>,
}

/// Products that run low.
#[derive(serde::Serialize, ToSchema)]
struct LowStock {
    /// Products with this many units or fewer available: the setting stock.low.
    limit: u32,
    products: usize,
}

/// How the engine is. What is counted is so since its start.
#[derive(serde::Serialize, ToSchema)]
#[schema(as = Engine)]
struct EngineBody<'a> {
    /// Group commits.
    commits: u64,
    /// How long the last one took, write and sync.
    commit_micros_last: u64,
    commit_micros_mean: u64,
    /// Entries that wait for a commit.
    queue: usize,
    /// Placements under way.
    placing: usize,
    journal_bytes: u64,
    journal_entries: u64,
    /// Whether the journal's files were found damaged when they were last read again; the log says where.
    journal_damaged: bool,
    /// When all of the journal's files were last read again and found sound; null before the first time.
    #[schema(required, value_type = Option<String>, format = "date-time")]
    journal_sound_at: Option<Time<'a>>,
    orders_in_memory: u64,
    /// Idempotency keys that are remembered.
    idempotency_keys: usize,
    /// How many there may be, of all callers together: the setting `retention.idempotency_keys_max`.
    idempotency_keys_max: usize,
    /// Requests that were answered 503 because too many were under way.
    refused_busy: u64,
    /// Actors that were started again after a fault.
    actor_restarts: u64,
    #[schema(required)]
    checkpoint: Option<CheckpointBody<'a>>,
}

/// The last checkpoint.
#[derive(serde::Serialize, ToSchema)]
#[schema(as = Checkpoint)]
struct CheckpointBody<'a> {
    /// The last entry of the journal that is in it.
    sequence: u64,
    #[schema(value_type = String, format = "date-time")]
    taken_at: Time<'a>,
}

/// The last hour in steps of ten seconds, oldest first: one value a step in each list.
pub(crate) struct TrendBody {
    /// When the step began, in seconds since 1970.
    at: Vec<i64>,
    /// Orders a minute.
    placed: Vec<f64>,
    /// Orders a minute that ended in each status in which one can.
    ended: Vec<(Status, Vec<f64>)>,
    /// Seconds that the orders which left the stage had been in it, on average; null where none did.
    stayed: PerStage<Vec<Option<f64>>>,
}

/// The statuses in which an order ends.
fn ends() -> impl Iterator<Item = Status> {
    Status::ALL.into_iter().filter(|status| status.is_terminal())
}

impl Serialize for TrendBody {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("at", &self.at)?;
        map.serialize_entry("placed", &self.placed)?;
        for (status, rates) in &self.ended {
            map.serialize_entry(status.as_str(), rates)?;
        }
        for (stage, seconds) in &self.stayed {
            map.serialize_entry(stage.status().as_str(), seconds)?;
        }
        map.end()
    }
}

impl PartialSchema for TrendBody {
    fn schema() -> RefOr<Schema> {
        let list = |text: &str, items: Value| json!({"type": "array", "description": text, "items": items});
        let at = list("When the step began, in seconds since 1970.", json!({"type": "integer", "format": "int64"}));
        let rate = list("Orders a minute.", json!({"type": "number", "format": "double"}));
        let stay = list(
            "Seconds that the orders which left the stage had been in it, on average; null where none did.",
            json!({"type": ["number", "null"], "format": "double"}),
        );
        let members = [("at", at, json!([1_795_341_600])), ("placed", rate.clone(), json!([12.0]))]
            .into_iter()
            .chain(ends().map(|status| (status.as_str(), rate.clone(), json!([6.0]))))
            .chain(Stage::ALL.into_iter().map(|stage| (stage.status().as_str(), stay.clone(), json!([5.1]))));
        render::members("The last hour in steps of ten seconds, oldest first: one value a step in each list.", members)
    }
}

impl ToSchema for TrendBody {
    fn name() -> Cow<'static, str> {
        "Trend".into()
    }
}

/// Shows the whole at a glance.
pub(super) async fn overview(call: ApiRequest) -> Answer {
    let low_stock = call.app.low_stock();
    let engine = call.engine.clone();
    let figures =
        move || (engine.health(), engine.view().products().lowest(&ProductFilter::running_low(low_stock), 0).1);
    let (health, low) = call.app.scan(figures).await?;
    let times = call.times();
    let view = call.view();
    let body = OverviewBody {
        status: word(&call.engine.readiness()),
        orders: ByStatus(view.counts()),
        delayed: ByStage(PerStage::from_fn(|stage| view.delayed_in(stage, 0).1)),
        low_stock: LowStock { limit: low_stock, products: low },
        engine: EngineBody::new(&call.engine, &health, &times),
    };
    Ok(ok(render::json(&body, OVERVIEW_BYTES)))
}

impl<'a> EngineBody<'a> {
    fn new(engine: &Fulfillment, health: &Health, times: &'a Times) -> Self {
        let checkpoint = health.checkpoint;
        Self {
            commits: health.journal.groups,
            commit_micros_last: health.journal.commit_micros_last,
            commit_micros_mean: health.journal.commit_micros_mean,
            queue: health.queue,
            placing: health.placing.placements,
            journal_bytes: health.journal_bytes,
            journal_entries: engine.view().applied(),
            journal_damaged: health.verified.is_damaged,
            journal_sound_at: health.verified.sound_at.map(|at| times.show(at)),
            orders_in_memory: engine.view().orders_in_memory(),
            idempotency_keys: engine.view().keys().len(),
            idempotency_keys_max: engine.view().keys().max(),
            refused_busy: counters::REQUESTS_REFUSED_BUSY.get(),
            actor_restarts: counters::ACTOR_RESTARTS.get(),
            checkpoint: checkpoint
                .map(|mark| CheckpointBody { sequence: mark.sequence, taken_at: times.show(mark.at) }),
        }
    }
}

/// Shows the last hour.
pub(super) async fn trend(call: ApiRequest) -> Answer {
    let trend = call.view().trend();
    let intervals = trend.until(call.engine.present(), call.app.now());
    let minute = 60.0 / trend.width().as_secs_f64();
    let rate = |count: &dyn Fn(&Interval) -> u32| -> Vec<f64> {
        intervals.iter().map(|(_, interval)| f64::from(count(interval)) * minute).collect()
    };
    let body = TrendBody {
        at: intervals.iter().map(|(at, _)| at.0 / 1_000_000).collect(),
        placed: rate(&|interval| interval.placed),
        ended: ends().map(|status| (status, rate(&|interval| interval.entered[status]))).collect(),
        stayed: PerStage::from_fn(|stage| intervals.iter().map(|(_, it)| mean_seconds(it, stage)).collect()),
    };
    Ok(ok(render::json(&body, TREND_BYTES)))
}

/// How long the orders that left `stage` had stayed in it, on average, in seconds.
fn mean_seconds(interval: &Interval, stage: Stage) -> Option<f64> {
    let mean = interval.stayed_micros[stage].checked_div(u64::from(interval.left[stage]))?;
    #[expect(clippy::cast_precision_loss, reason = "a chart shows no more than a few digits")]
    Some(mean as f64 / 1e6)
}
