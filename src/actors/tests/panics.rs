//! Actors that panic.

use super::*;

/// A fault that strikes whoever handles it.
#[derive(Message)]
#[rtype(result = "()")]
struct Fault;

impl Handler<Fault> for InventoryActor {
    type Result = ();

    fn handle(&mut self, _: Fault, _: &mut Self::Context) {
        panic!("a fault for a test");
    }
}

impl Handler<Fault> for OrderShard {
    type Result = ();

    fn handle(&mut self, _: Fault, _: &mut Self::Context) {
        panic!("a fault for a test");
    }
}

impl Handler<Fault> for OrderActor {
    type Result = ();

    fn handle(&mut self, _: Fault, _: &mut Self::Context) {
        panic!("a fault for a test");
    }
}

/// Strikes the actor of an order, through its shard.
#[derive(Message)]
#[rtype(result = "()")]
struct FaultAt(OrderId);

impl Handler<FaultAt> for OrderShard {
    type Result = ();

    fn handle(&mut self, FaultAt(order): FaultAt, _: &mut Self::Context) {
        self.running(order).expect("the order is open").do_send(Fault);
    }
}

#[test]
fn an_order_actor_that_panics_is_started_again_from_the_durable_state() {
    run(Policy::default(), |house| async move {
        house.place(2, 1).await;
        sleep(Duration::from_secs(6)).await;
        let restarts = counters::ACTOR_RESTARTS.get();
        house.fulfillment.shard_of(OrderId(1)).send(FaultAt(OrderId(1))).await.unwrap();
        sleep(Duration::from_secs(1)).await;
        assert!(counters::ACTOR_RESTARTS.get() > restarts, "the restart is counted");
        assert_eq!(house.status(1), Status::Processing);
        sleep(Duration::from_secs(9)).await;
        assert_eq!([house.status(1), house.status(2)], [Status::Delivered; 2], "its timer was armed again");
        assert_eq!(house.order(1).history.len(), 4);
    });
}

#[test]
fn a_timer_goes_on_over_a_panic_and_a_step_of_the_wall_clock() {
    for step in [3_600_000_000, -2_000_000] {
        run(Policy::default(), |house| async move {
            house.place(1, 1).await;
            sleep(Duration::from_secs(2)).await;
            house.clock.1.store(step, Ordering::Relaxed);
            house.fulfillment.shard_of(OrderId(1)).send(FaultAt(OrderId(1))).await.unwrap();
            sleep(Duration::from_millis(2_900)).await;
            assert_eq!(house.status(1), Status::Pending, "step {step}: it is hurried");
            sleep(Duration::from_millis(200)).await;
            assert_eq!(house.status(1), Status::Processing, "step {step}: it is delayed");
        });
    }
}

#[test]
fn a_shard_that_panics_loses_no_order() {
    run(Policy::default(), |house| async move {
        house.place(3, 1).await;
        assert!(house.fulfillment.shard_of(OrderId(1)).send(Fault).await.is_err());
        sleep(Duration::from_millis(10)).await;
        let cancelled = house.fulfillment.cancel(Request::of(Origin::Client), OrderId(2), "late".into()).await.unwrap();
        assert_eq!(cancelled.value.status, Status::Cancelled);
        house.place(1, 1).await;
        sleep(Duration::from_secs(16)).await;
        assert_eq!([1, 3, 4].map(|id| house.status(id)), [Status::Delivered; 3]);
        assert_eq!(house.order(1).history.len(), 4, "each timer fired once");
    });
}

#[test]
fn an_inventory_actor_that_panics_keeps_what_it_decided() {
    run(manual(), |house| async move {
        house.place(1, 4).await;
        let under_way = house.fulfillment.place(Request::of(Origin::Client), House::rows(1, 3));
        let (under_way, fault) = tokio::join!(under_way, async { house.fulfillment.inventory().send(Fault).await });
        assert!(fault.is_err());
        assert_eq!(under_way.unwrap().value[0].id, OrderId(2), "what was submitted is answered by the successor");
        let refused = house.fulfillment.place(Request::of(Origin::Client), House::rows(1, 4)).await;
        assert!(matches!(refused, Err(Failure::Rejected(_))), "3 are left: {refused:?}");
        assert_eq!(house.place(1, 3).await[0].id, OrderId(3));
        assert_eq!(house.balance(), (10, 10));
    });
}

#[test]
fn a_checkpoint_that_panics_is_tried_again_and_holds_up_no_end() {
    let written = Arc::new(AtomicU32::new(0));
    let checkpoints = Panicking(1, written.clone());
    run_over(Box::new(checkpoints), manual(), async |house| {
        house.place(1, 1).await;
        sleep(Duration::from_secs(31)).await;
        assert_eq!(written.load(Ordering::Relaxed), 0, "the first one panicked");
        sleep(Duration::from_secs(31)).await;
        assert_eq!(written.load(Ordering::Relaxed), 1, "the second one has what the first one was to write");
        house.place(1, 1).await;
        house.fulfillment.close().await;
        assert_eq!(written.load(Ordering::Relaxed), 2);
    });
}

#[test]
fn an_end_comes_although_the_last_checkpoint_panics() {
    let checkpoints = Panicking(1, Arc::default());
    run_over(Box::new(checkpoints), manual(), async |house| {
        house.place(1, 1).await;
        house.fulfillment.close().await;
    });
}
