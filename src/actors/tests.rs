//! The actors, on one thread and a virtual clock, over the in-memory journal.

mod panics;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::time::Duration;

use actix::{Handler, Message, System};
use chrono_tz::Tz;
use tokio::time::{Instant, sleep};

use super::inventory::InventoryActor;
use super::messages::{Command, Decide};
use super::order::OrderActor;
use super::shard::OrderShard;
use super::*;
use crate::decide::Place;
use crate::domain::catalogue::ProductDetails;
use crate::domain::ids::{CategoryId, OrderId, ProductId};
use crate::domain::inventory::{LineRequest, OrderRequest, PlaceReason};
use crate::domain::money::Money;
use crate::domain::order::{After, Contact, Order, Policy, StageTimes, Status};
use crate::domain::origin::Origin;
use crate::domain::stock::Balance;
use crate::domain::text::{CategoryName, ProductName};
use crate::domain::time::Timestamp;
use crate::journal::{Journal, MemoryDisk, MemoryJournal, MemoryOptions, Poison};
use crate::telemetry::counters;
use crate::view::{Changes, NoArchive, View};

/// Checkpoints that nobody reads.
struct NoCheckpoints;

impl Checkpoints for NoCheckpoints {
    fn write(&mut self, _: &View, _: &Changes) -> Result<(), CheckpointError> {
        Ok(())
    }
}

/// Checkpoints of which the first few panic; counts those that were written.
struct Panicking(u32, Arc<AtomicU32>);

impl Checkpoints for Panicking {
    fn write(&mut self, _: &View, _: &Changes) -> Result<(), CheckpointError> {
        if self.0 > 0 {
            self.0 -= 1;
            panic!("a test");
        }
        self.1.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

/// The time of the paused runtime, and how far the wall clock is from it.
struct VirtualClock(Instant, AtomicI64);

/// A wall clock that panics when it is read.
const BROKEN: i64 = i64::MIN;

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        let step = self.1.load(Ordering::Relaxed);
        assert_ne!(step, BROKEN, "a test");
        Timestamp(i64::try_from(self.0.elapsed().as_micros()).unwrap() + step)
    }

    fn passed(&self) -> Duration {
        self.0.elapsed()
    }
}

struct House {
    fulfillment: Fulfillment,
    journal: Arc<MemoryJournal>,
    clock: Arc<VirtualClock>,
}

fn settings(policy: Policy) -> Settings {
    Settings {
        policy,
        zone: Tz::UTC,
        threads: 0,
        mailbox: 64,
        placing: Load { placements: 1_000, orders: 100_000 },
        watchdog_interval: Duration::from_secs(1),
        checkpoint_interval: Duration::from_secs(30),
        checkpoint_changes: 1_000_000,
        ended_orders_in_memory: Duration::from_hours(1),
        keys_kept: Duration::from_hours(1),
    }
}

fn manual() -> Policy {
    Policy::uniform(StageTimes { after: After::Manual, stale_after: Duration::from_mins(1) })
}

/// Runs `test` over an engine with one product, of which 10 units are on hand.
fn run<F: Future<Output = ()>>(policy: Policy, test: impl FnOnce(House) -> F) {
    run_over(Box::new(NoCheckpoints), policy, test);
}

fn run_over<F: Future<Output = ()>>(checkpoints: Box<dyn Checkpoints>, policy: Policy, test: impl FnOnce(House) -> F) {
    let system = System::with_tokio_rt(|| {
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap()
    });
    system.block_on(async {
        let view = Arc::new(View::new(Arc::new(NoArchive), 1_000));
        let options = MemoryOptions { stall_max: Duration::from_hours(1), ..MemoryOptions::default() };
        let (journal, durables) = MemoryJournal::open(options, MemoryDisk::default()).unwrap();
        let journal = Arc::new(journal);
        let clock = Arc::new(VirtualClock(Instant::now(), AtomicI64::new(0)));
        let parts = Parts { view, journal: journal.clone(), durables, checkpoints, clock: clock.clone() };
        let fulfillment = start(parts, &settings(policy)).await;
        let client = || Request::of(Origin::Client);
        fulfillment.create_category(client(), CategoryName::parse("Things").unwrap()).await.unwrap();
        let details = ProductDetails {
            name: ProductName::parse("Phone").unwrap(),
            description: "".into(),
            price: Money::from_minor(29_999).unwrap(),
            expiry_date: None,
            category: CategoryId(1),
            archived: false,
        };
        fulfillment.create_product(client(), details, 10).await.unwrap();
        test(House { fulfillment, journal, clock }).await;
    });
}

impl House {
    fn rows(orders: usize, quantity: u32) -> Vec<OrderRequest> {
        let contact = Contact::new("Ann", "ann@example.com", "1", "Here").unwrap();
        let line = LineRequest { product: ProductId(1), quantity };
        vec![OrderRequest { contact, lines: [line].into_iter().collect() }; orders]
    }

    async fn place(&self, orders: usize, quantity: u32) -> Vec<Arc<Order>> {
        let request = Request::of(Origin::Client);
        self.fulfillment.place(request, Self::rows(orders, quantity)).await.unwrap().value
    }

    fn status(&self, id: u64) -> Status {
        self.order(id).status
    }

    fn order(&self, id: u64) -> Arc<Order> {
        self.fulfillment.order(OrderId(id)).unwrap().unwrap()
    }

    fn balance(&self) -> (u32, u32) {
        let Balance { on_hand, reserved } = self.fulfillment.view().products().get(ProductId(1)).unwrap().balance;
        (on_hand, reserved)
    }

    fn keyed(key: &str, request: u8) -> Request {
        Request { key: Some(IdempotencyKey { key: key.into(), request: [request; 16] }), ..Request::of(Origin::Client) }
    }
}

#[test]
fn timers_lead_an_order_from_pending_to_delivered() {
    run(Policy::default(), |house| async move {
        house.place(1, 2).await;
        assert_eq!((house.status(1), house.balance()), (Status::Pending, (10, 2)));
        let mut seen = Vec::new();
        for _ in 0..3 {
            sleep(Duration::from_millis(5_100)).await;
            seen.push((house.status(1), house.balance()));
        }
        assert_eq!(seen, [(Status::Processing, (10, 2)), (Status::Shipped, (8, 0)), (Status::Delivered, (8, 0))]);
        let order = house.order(1);
        let whom: Vec<_> = order.history.iter().map(|step| step.who().kind()).collect();
        assert_eq!(whom, ["client", "timer", "timer", "timer"]);
        sleep(Duration::from_hours(1)).await;
        assert_eq!(house.order(1), order, "what has ended stays ended");
    });
}

#[test]
fn an_operator_overtakes_the_timer_and_the_old_timer_does_nothing() {
    run(Policy::default(), |house| async move {
        house.place(1, 1).await;
        sleep(Duration::from_secs(4)).await;
        let request = Request::of(Origin::User("eve".into()));
        house.fulfillment.transition(request, OrderId(1), Status::Processing, None).await.unwrap();
        sleep(Duration::from_secs(4)).await;
        assert_eq!(house.status(1), Status::Processing, "the timer of pending is void");
        sleep(Duration::from_millis(1_100)).await;
        assert_eq!(house.status(1), Status::Shipped);
        assert_eq!(house.order(1).history[1].who(), &Origin::User("eve".into()));
    });
}

#[test]
fn an_edit_does_not_prolong_the_stage() {
    run(Policy::default(), |house| async move {
        house.place(1, 1).await;
        sleep(Duration::from_secs(4)).await;
        let mut patch = crate::domain::order::ContactPatch::default();
        patch.set(crate::domain::order::Field::CustomerName, "Bea").unwrap();
        house.fulfillment.edit_contact(Request::of(Origin::Client), OrderId(1), patch).await.unwrap();
        sleep(Duration::from_millis(1_100)).await;
        assert_eq!((house.status(1), house.order(1).contact.customer_name()), (Status::Processing, "Bea"));
    });
}

#[test]
fn cancelling_gives_the_stock_back_before_it_is_answered() {
    run(manual(), |house| async move {
        house.place(1, 4).await;
        assert_eq!(house.balance(), (10, 4));
        let cancelled = house.fulfillment.cancel(Request::of(Origin::Client), OrderId(1), "oops".into()).await.unwrap();
        assert_eq!((cancelled.value.status, house.balance()), (Status::Cancelled, (10, 0)));
        let again = house.fulfillment.cancel(Request::of(Origin::Client), OrderId(1), "oops".into()).await;
        assert!(matches!(again, Err(Failure::Rejected(OrderFailure::Rejected(_)))), "{again:?}");
        house.fulfillment.archive(Request::of(Origin::Client), OrderId(1)).await.unwrap();
        assert!(house.order(1).archived, "an ended order's actor is started on demand");
    });
}

#[test]
fn an_ended_order_has_one_actor_however_its_commands_fall() {
    run(manual(), |house| async move {
        for pause in 0..12 {
            let id = house.place(1, 1).await[0].id;
            let cancel = || house.fulfillment.cancel(Request::of(Origin::Client), id, "oops".into());
            let archive = |pause| {
                let archived = house.fulfillment.archive(Request::of(Origin::Client), id);
                async move {
                    for _ in 0..pause {
                        tokio::task::yield_now().await;
                    }
                    archived.await
                }
            };
            cancel().await.unwrap();
            let before = house.journal.watermark();
            let (late, one, two) = tokio::join!(cancel(), archive(pause), archive(2 * pause));
            assert!(matches!(late, Err(Failure::Rejected(_))), "{late:?}");
            assert_eq!((one.unwrap().value.version, two.unwrap().value.version), (3, 3));
            sleep(Duration::from_millis(1)).await;
            assert_eq!(house.journal.watermark(), before + 1, "archived once, after {pause} polls");
        }
    });
}

#[test]
fn a_bulk_is_placed_whole_or_not_at_all() {
    run(manual(), |house| async move {
        let refused = house.fulfillment.place(Request::of(Origin::Client), House::rows(11, 1)).await.unwrap_err();
        let Failure::Rejected(rejection) = refused else { panic!("{refused:?}") };
        assert_eq!(rejection.row, 10);
        assert!(matches!(rejection.reason, PlaceReason::InsufficientStock { wanted: 1, available: 0, .. }));
        assert_eq!(house.balance(), (10, 0));
        let placed = house.place(10, 1).await;
        assert_eq!(placed.iter().map(|order| order.id.0).collect::<Vec<_>>(), (1..=10).collect::<Vec<_>>());
        assert_eq!(house.balance(), (10, 10));
    });
}

#[test]
fn a_key_has_one_effect_also_when_both_arrive_at_once() {
    run(manual(), |house| async move {
        let one = house.fulfillment.place(House::keyed("k", 1), House::rows(1, 1));
        let two = house.fulfillment.place(House::keyed("k", 1), House::rows(1, 1));
        let (one, two) = tokio::join!(one, two);
        let (one, two) = (one.unwrap(), two.unwrap());
        assert_eq!((one.replayed, two.replayed), (false, true));
        assert_eq!(one.value, two.value);
        assert_eq!(house.balance(), (10, 1));
        let other = house.fulfillment.place(House::keyed("k", 2), House::rows(1, 1)).await;
        assert!(matches!(other, Err(Failure::KeyReused)), "{other:?}");
        let refused = house.fulfillment.place(House::keyed("big", 3), House::rows(1, 99)).await;
        assert!(matches!(refused, Err(Failure::Rejected(_))));
        let retried = house.fulfillment.place(House::keyed("big", 3), House::rows(1, 9)).await.unwrap();
        assert!(!retried.replayed, "a refused request leaves its key free");
        let moved = || house.fulfillment.transition(House::keyed("m", 4), OrderId(1), Status::Processing, None);
        let (first, second) = (moved().await.unwrap(), moved().await.unwrap());
        assert_eq!((first.replayed, second.replayed), (false, true));
        assert_eq!(first.value, second.value);
    });
}

#[test]
fn the_watchdog_flags_each_open_stage_and_touches_nothing() {
    run(manual(), |house| async move {
        house.place(1, 1).await;
        for to in [Status::Processing, Status::Shipped, Status::Delivered] {
            let before = house.order(1);
            assert_eq!(house.fulfillment.view().delay(OrderId(1)), None);
            sleep(Duration::from_secs(62)).await;
            let delay = house.fulfillment.view().delay(OrderId(1)).expect("it is flagged");
            assert_eq!((delay.stage, delay.since), (before.status, before.moved_at.plus(Duration::from_mins(1))));
            assert_eq!(house.order(1), before);
            assert_eq!(house.fulfillment.view().delayed(0, 10).len(), 1);
            house.fulfillment.transition(Request::of(Origin::Client), OrderId(1), to, None).await.unwrap();
        }
        assert_eq!(house.fulfillment.view().delayed_count(), 0);
    });
}

#[test]
fn a_watchdog_that_panics_goes_on_and_flags_what_got_late_meanwhile() {
    run(manual(), |house| async move {
        house.place(1, 1).await;
        sleep(Duration::from_millis(58_500)).await;
        let restarts = counters::ACTOR_RESTARTS.get();
        house.clock.1.store(BROKEN, Ordering::Relaxed);
        sleep(Duration::from_secs(5)).await;
        house.clock.1.store(0, Ordering::Relaxed);
        assert_eq!(house.fulfillment.view().delayed_count(), 0);
        assert!(counters::ACTOR_RESTARTS.get() >= restarts + 4, "each panic is counted");
        sleep(Duration::from_secs(2)).await;
        assert_eq!(house.fulfillment.view().delayed_count(), 1, "it looks again");
        house.place(1, 1).await;
        sleep(Duration::from_secs(62)).await;
        assert_eq!(house.fulfillment.view().delayed_count(), 2, "and again");
    });
}

#[test]
fn a_clock_that_is_wrong_while_the_watchdog_looks_hurries_and_delays_no_flag() {
    const YEAR: i64 = 365 * 86_400 * 1_000_000;
    for step in [YEAR, -YEAR] {
        run(manual(), |house| async move {
            let delay = || house.fulfillment.view().delay(OrderId(1));
            house.place(1, 1).await;
            house.clock.1.store(step, Ordering::Relaxed);
            sleep(Duration::from_secs(30)).await;
            assert_eq!(delay(), None, "half of the time has passed");
            sleep(Duration::from_secs(32)).await;
            assert!(delay().expect("it is delayed").since <= house.clock.now());
        });
    }
}

#[test]
fn a_clock_that_was_wrong_for_a_moment_leaves_no_mark() {
    const YEAR: i64 = 365 * 86_400 * 1_000_000;
    for step in [YEAR, -YEAR, 1_000_000] {
        run(manual(), |house| async move {
            let view = || house.fulfillment.view();
            let cancel =
                |id: u64| house.fulfillment.cancel(House::keyed(&format!("k{id}"), 1), OrderId(id), "no more".into());
            house.place(4, 1).await;
            for id in 1..=3 {
                // The second one ends while the clock is wrong, and the fourth one stays open.
                house.clock.1.store(if id == 2 { step } else { 0 }, Ordering::Relaxed);
                if id == 2 {
                    house.place(1, 1).await;
                }
                cancel(id).await.unwrap();
            }
            house.clock.1.store(0, Ordering::Relaxed);
            assert_eq!((view().keys().len(), view().orders_in_memory()), (3, 5));
            let trend = view().trend().until(house.fulfillment.present(), house.clock.now());
            let sum = |count: fn(&crate::view::Interval) -> u32| trend.iter().map(|(_, it)| count(it)).sum::<u32>();
            assert_eq!((sum(|it| it.placed), sum(|it| it.entered[Status::Cancelled])), (5, 3));
            sleep(Duration::from_secs(30)).await;
            assert_eq!(view().keys().len(), 3, "they are remembered");
            sleep(Duration::from_secs(62)).await;
            let delays: Vec<_> = [4, 5].map(|id| view().delay(OrderId(id))).into_iter().flatten().collect();
            assert_eq!(delays.len(), 2, "both are delayed");
            assert!(delays.iter().all(|delay| delay.since <= house.clock.now()));
            sleep(Duration::from_mins(62)).await;
            assert_eq!((view().keys().len(), view().orders_in_memory()), (0, 2), "what is old is gone");
        });
    }
}

#[test]
fn nothing_is_acknowledged_once_the_journal_is_poisoned() {
    run(manual(), |house| async move {
        house.journal.fail(Poison::Failed { operation: "sync", reason: "unplugged".into() });
        let refused = house.fulfillment.place(Request::of(Origin::Client), House::rows(1, 1)).await.unwrap_err();
        assert!(matches!(refused, Failure::Stopped(_) | Failure::Interrupted), "{refused:?}");
        assert!(matches!(house.fulfillment.readiness(), Readiness::Poisoned(_)));
        assert!(house.fulfillment.order(OrderId(1)).unwrap().is_none());
    });
}

#[test]
fn whoever_waits_for_a_journal_that_fails_is_answered() {
    // It comes back from its call and ends, or is stuck in it beyond the next look.
    for (call, answered_within) in [(Duration::from_secs(5), 6), (Duration::from_mins(30), 31)] {
        run(manual(), |house| async move {
            house.place(1, 1).await;
            house.journal.slow_down(call);
            let place = |request| house.fulfillment.place(request, House::rows(1, 1));
            let cancel = || house.fulfillment.cancel(Request::of(Origin::Client), OrderId(1), "no more".into());
            let fails = async {
                sleep(Duration::from_secs(1)).await;
                house.journal.fail(Poison::Failed { operation: "sync", reason: "unplugged".into() });
            };
            // The second of each pair waits for the first one.
            let placing = async { tokio::join!(place(House::keyed("k", 1)), place(House::keyed("k", 1))) };
            let cancelling = async { tokio::join!(cancel(), cancel()) };
            let begun = Instant::now();
            let (placed, cancelled, ()) = tokio::join!(placing, cancelling, fails);
            for refused in [placed.0.unwrap_err(), placed.1.unwrap_err()] {
                assert!(matches!(&refused, Failure::Stopped(why) if why.contains("unplugged")), "{refused:?}");
            }
            for refused in [cancelled.0.unwrap_err(), cancelled.1.unwrap_err()] {
                assert!(matches!(&refused, Failure::Stopped(why) if why.contains("unplugged")), "{refused:?}");
            }
            assert!(begun.elapsed() < Duration::from_secs(answered_within), "{:?}", begun.elapsed());
            // What was decided and never became durable is no ground for an answer, be it a refusal or a dry run.
            let refused =
                house.fulfillment.place(Request::of(Origin::Client), House::rows(1, 1_000)).await.unwrap_err();
            assert!(matches!(refused, Failure::Stopped(_)), "{refused:?}");
            let refused = house.fulfillment.dry_run(Origin::Client, House::rows(1, 1)).await.unwrap_err();
            assert!(matches!(refused, Failure::Stopped(_)), "{refused:?}");
        });
    }
}

#[test]
fn closing_answers_what_was_taken_and_takes_nothing_more() {
    run(manual(), |house| async move {
        let placing = house.fulfillment.place(Request::of(Origin::Client), House::rows(1, 1));
        let (placed, ()) = tokio::join!(placing, async {
            tokio::task::yield_now().await;
            house.fulfillment.close().await;
        });
        assert_eq!(placed.unwrap().value.len(), 1);
        let refused = house.fulfillment.place(Request::of(Origin::Client), House::rows(1, 1)).await;
        assert!(matches!(refused, Err(Failure::Stopped(_))), "{refused:?}");
        assert_eq!(house.journal.watermark(), 3);
    });
}

#[test]
fn full_mailboxes_refuse_and_lose_nothing() {
    run(manual(), |house| async move {
        let calls = (0..200).map(|_| house.fulfillment.place(Request::of(Origin::Client), House::rows(1, 1)));
        let answers = futures_util::future::join_all(calls).await;
        let placed = answers.iter().filter(|answer| answer.is_ok()).count();
        let busy = answers.iter().filter(|answer| matches!(answer, Err(Failure::Busy { .. }))).count();
        assert!(busy > 0, "200 at once are more than a mailbox of 64 takes");
        assert_eq!(placed, 10);
        assert_eq!(house.balance(), (10, 10));
        assert_eq!(house.fulfillment.view().counts()[Status::Pending], 10);
    });
}

#[test]
fn messages_can_be_sent_between_threads() {
    fn is_send<T: Send>() {}
    is_send::<Decide<Place>>();
    is_send::<Command>();
}
