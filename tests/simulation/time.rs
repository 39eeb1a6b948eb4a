//! Clocks that step and calendars that change, one test for each: no timer is lost, none fires twice, and days end when
//! they end in their zone.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use actix::System;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use packhorse::actors::{Failure, Request};
use packhorse::app::MemoryEngine;
use packhorse::config::Settings;
use packhorse::domain::catalogue::ProductDetails;
use packhorse::domain::ids::{CategoryId, OrderId, ProductId};
use packhorse::domain::inventory::{LineRequest, OrderRequest, PlaceReason};
use packhorse::domain::money::Money;
use packhorse::domain::order::{After, Contact, ContactPatch, Field, Order};
use packhorse::domain::origin::Origin;
use packhorse::domain::text::{CategoryName, ProductName};
use packhorse::domain::time::Timestamp;
use packhorse::journal::{MemoryDisk, MemoryOptions};
use packhorse::store::MemoryKv;
use tokio::time::sleep;

use super::clock::Clocks;
use super::plan::STRANGE;

const SECOND: i64 = 1_000_000;
const HOUR: i64 = 3_600 * SECOND;
const YEAR: i64 = 365 * 24 * HOUR;
/// How long each stage lasts.
const STAGE: Duration = Duration::from_hours(2);

pub(crate) struct House {
    pub(crate) engine: MemoryEngine,
    pub(crate) clocks: Arc<Clocks>,
}

/// Runs `test` over an engine that begins at `begin` on the wall clock of `zone`, with one product, whose last day is
/// that day.
fn run<F: Future<Output = ()>>(begin: Timestamp, zone: Tz, test: impl FnOnce(House) -> F) {
    let system = System::with_tokio_rt(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        runtime.expect("a runtime needs only memory")
    });
    let mut settings = Settings::default();
    settings.general.time_zone = zone;
    settings.stages.pending_after = After::Span(STAGE);
    settings.stages.processing_after = After::Span(STAGE);
    settings.stages.shipped_after = After::Span(STAGE);
    system.block_on(async {
        let clocks = Arc::new(Clocks::go_on(Duration::ZERO, begin));
        let (options, disk) = (MemoryOptions::default(), MemoryDisk::default());
        let engine = MemoryEngine::open(&settings, options, disk, Arc::new(MemoryKv::default()), clocks.clone()).await;
        let engine = engine.expect("an empty disk is opened");
        stock_up(&engine, begin, zone).await;
        test(House { engine, clocks }).await;
    });
}

/// Makes a product of which there are 100, and whose last day is that of `now`.
pub(crate) async fn stock_up(engine: &MemoryEngine, now: Timestamp, zone: Tz) {
    let category = CategoryName::parse("Things").expect("it is short");
    engine.create_category(client(), category).await.expect("the first category");
    let today = DateTime::<Utc>::from_timestamp_micros(now.0).expect("on the calendar").with_timezone(&zone);
    let details = ProductDetails {
        name: ProductName::parse("Milk").expect("it is short"),
        description: "".into(),
        price: Money::from_minor(199).expect("it has few digits"),
        expiry_date: Some(today.date_naive()),
        category: CategoryId(1),
        archived: false,
    };
    engine.create_product(client(), details, 100).await.expect("the first product");
}

pub(crate) fn client() -> Request {
    Request::of(Origin::Client)
}

fn row() -> OrderRequest {
    let contact = Contact::new("Ann", "ann@example.com", "1", "Here").expect("it is well-formed");
    OrderRequest { contact, lines: [LineRequest { product: ProductId(1), quantity: 1 }].into_iter().collect() }
}

fn instant(text: &str) -> Timestamp {
    Timestamp(text.parse::<DateTime<Utc>>().expect("an instant").timestamp_micros())
}

impl House {
    pub(crate) async fn place(&self) -> OrderId {
        self.engine.place(client(), vec![row()]).await.expect("there is enough").value[0].id
    }

    pub(crate) fn order(&self, id: OrderId) -> Arc<Order> {
        self.engine.order(id).expect("it can be read").expect("it was placed")
    }

    /// Waits until `id` has left its stage, and says how long that took, to the minute.
    async fn minutes_in_stage(&self, id: OrderId) -> u64 {
        let version = self.order(id).version;
        let mut minutes = 0;
        while self.order(id).version == version {
            sleep(Duration::from_mins(1)).await;
            minutes += 1;
            assert!(minutes < 60 * 24 * 800, "its timer is lost");
        }
        minutes
    }
}

#[test]
fn a_wall_clock_that_steps_neither_hurries_nor_delays_nor_doubles_a_timer() {
    for step in [HOUR, -HOUR, YEAR, -YEAR, -SECOND] {
        for stage in 0..3 {
            run(instant("2026-05-05T05:00:00Z"), Tz::UTC, |house| async move {
                let id = house.place().await;
                for passed in 0..3 {
                    sleep(Duration::from_mins(30)).await;
                    if passed == stage {
                        house.clocks.step(step);
                    }
                    let minutes = house.minutes_in_stage(id).await;
                    assert!((90..=91).contains(&minutes), "step {step} in stage {stage}: {minutes} min in {passed}");
                }
                sleep(Duration::from_hours(24)).await;
                let order = house.order(id);
                assert_eq!(order.history.len(), 4, "step {step} in stage {stage}: each timer fired once");
                assert!(order.history.is_sorted_by_key(|step| step.at), "its history goes forward");
            });
        }
    }
}

#[test]
fn an_edit_after_a_step_of_the_wall_clock_neither_hurries_nor_delays_the_timer() {
    for step in [HOUR, -HOUR, YEAR, -YEAR, -SECOND] {
        run(instant("2026-05-05T05:00:00Z"), Tz::UTC, |house| async move {
            let id = house.place().await;
            sleep(Duration::from_mins(30)).await;
            house.clocks.step(step);
            for name in ["Bea", "Cy"] {
                let mut patch = ContactPatch::default();
                patch.set(Field::CustomerName, name).expect("it is short");
                house.engine.edit_contact(client(), id, patch).await.expect("it is pending");
                sleep(Duration::from_mins(10)).await;
            }
            let minutes = house.minutes_in_stage(id).await;
            assert!((70..=71).contains(&minutes), "step {step}: {minutes} min");
        });
    }
}

#[test]
fn a_step_of_the_wall_clock_before_an_order_is_durable_neither_hurries_nor_delays_its_timer() {
    for step in [HOUR, -HOUR, YEAR, -YEAR, -SECOND] {
        run(instant("2026-05-05T05:00:00Z"), Tz::UTC, |house| async move {
            house.engine.journal().slow_down(Duration::from_secs(5));
            let stepping = async {
                sleep(Duration::from_secs(2)).await;
                house.clocks.step(step);
            };
            let (id, ()) = tokio::join!(house.place(), stepping);
            let minutes = house.minutes_in_stage(id).await;
            assert!((120..=121).contains(&minutes), "step {step}: {minutes} min");
        });
    }
}

#[test]
fn a_timer_across_a_strange_hour_lasts_as_long_as_any_other() {
    for (strange, zone) in STRANGE {
        run(instant(strange).minus(Duration::from_hours(1)), zone, |house| async move {
            let id = house.place().await;
            for _ in 0..3 {
                let minutes = house.minutes_in_stage(id).await;
                assert!((120..=121).contains(&minutes), "{strange}: {minutes} min");
            }
            assert_eq!(house.order(id).history.len(), 4, "{strange}");
        });
    }
}

#[test]
fn a_day_of_23_25_or_24_and_a_half_hours_ends_when_it_ends_in_its_zone() {
    // When each day begins there, and how many minutes it has.
    let days = [
        ("2026-03-28T23:00:00Z", Tz::Europe__Berlin, 23 * 60),
        ("2026-10-24T22:00:00Z", Tz::Europe__Berlin, 25 * 60),
        ("2026-03-08T05:00:00Z", Tz::America__New_York, 23 * 60),
        ("2026-11-01T04:00:00Z", Tz::America__New_York, 25 * 60),
        ("2026-04-04T13:00:00Z", Tz::Australia__Lord_Howe, 24 * 60 + 30),
        ("2026-10-03T13:30:00Z", Tz::Australia__Lord_Howe, 23 * 60 + 30),
        ("2016-12-31T00:00:00Z", Tz::UTC, 24 * 60),
    ];
    for (begin, zone, minutes) in days {
        run(instant(begin), zone, |house| async move {
            sleep(Duration::from_mins(minutes - 1)).await;
            house.place().await;
            sleep(Duration::from_mins(1)).await;
            let refused = house.engine.place(client(), vec![row()]).await;
            let Err(Failure::Rejected(rejection)) = refused else { panic!("{begin}: the day is over: {refused:?}") };
            assert!(matches!(rejection.reason, PlaceReason::ProductExpired { .. }), "{begin}: {rejection}");
        });
    }
}
