//! Starting the actors, each on its thread, each with a supervisor.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use actix::{Actor, Arbiter, ArbiterHandle};
use chrono_tz::Tz;
use parking_lot::Mutex;
use tokio::sync::{broadcast, mpsc, oneshot};

use super::Fulfillment;
use super::addresses::{Addresses, SUCCESSOR_PAUSE};
use super::admission::{Admission, Load};
use super::checkpointer::{Checkpointer, Checkpoints};
use super::clock::{Ageing, Clock};
use super::handle::Inner;
use super::inventory::{InventoryActor, InventoryState};
use super::messages::{Follow, Recalled};
use super::retention::Retention;
use super::shard::{OrderShard, ShardState};
use super::shard_context::ShardContext;
use super::tell::tell;
use super::verified;
use super::watchdog::Watchdog;
use crate::decide::{self, Waiting};
use crate::domain::entry::Entry;
use crate::domain::order::{self, Order, OrderCommand, Policy};
use crate::domain::origin::Origin;
use crate::journal::{Durables, Journal, Refused};
use crate::telemetry::counters;
use crate::view::View;

/// How many changes of orders a slow listener of the feed may be behind.
const FEED_CAPACITY: usize = 4096;

/// How the engine behaves.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The times of the stages.
    pub policy: Policy,
    /// The zone of calendar days.
    pub zone: Tz,
    /// How many threads the order actors are spread over; 0 runs every actor on the calling thread.
    pub threads: usize,
    /// How many messages may wait at an actor.
    pub mailbox: usize,
    /// How much may be placed at once.
    pub placing: Load,
    /// How often the watchdog looks.
    pub watchdog_interval: Duration,
    /// How often a checkpoint is written.
    pub checkpoint_interval: Duration,
    /// After how many changes one is written before its time.
    pub checkpoint_changes: usize,
    /// How long an ended order stays in memory.
    pub ended_orders_in_memory: Duration,
    /// How long an idempotency key is remembered.
    pub keys_kept: Duration,
}

/// What the engine is put together from. The view contains everything that is durable.
pub struct Parts {
    /// What readers see.
    pub view: Arc<View>,
    /// Where entries become durable.
    pub journal: Arc<dyn Journal>,
    /// Where they come back.
    pub durables: Durables,
    /// Where checkpoints go.
    pub checkpoints: Box<dyn Checkpoints>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

/// Starts all actors over `parts` inside the running actix System. Open orders get their actors, the longest in their
/// stage first, with their timers armed.
pub async fn start(mut parts: Parts, settings: &Settings) -> Fulfillment {
    let ageing = Ageing::begin(parts.clock.clone());
    parts.view.pass_to(ageing.now());
    parts.view.keys().pass_to(ageing.now(), settings.keys_kept);
    catch_up(&mut parts, settings).await;
    let shards = settings.threads.max(1);
    let addresses = Arc::new(Addresses::new(shards));
    let mut arbiters = Vec::new();
    let mut arbiter = || -> ArbiterHandle {
        if settings.threads == 0 {
            return Arbiter::current();
        }
        let arbiter = Arbiter::new();
        let handle = arbiter.handle();
        arbiters.push(arbiter);
        handle
    };
    for shard in 0..shards {
        start_shard(&arbiter(), shard, &addresses, &parts, settings).await;
    }
    let checkpointer = {
        let (view, addresses) = (parts.view.clone(), addresses.clone());
        let checkpoints = parts.checkpoints;
        Checkpointer::start_in_arbiter(&arbiter(), move |_| Checkpointer { checkpoints, view, addresses }).recipient()
    };
    let (feed, _) = broadcast::channel(FEED_CAPACITY);
    let state = InventoryState {
        inventory: parts.view.products().inventory(),
        access: parts.view.access().as_ref().clone(),
        waiting: Waiting::default(),
        view: parts.view.clone(),
        journal: parts.journal.clone(),
        clock: parts.clock.clone(),
        ageing: ageing.clone(),
        shards: addresses.shards().clone(),
        feed: feed.clone(),
        checkpointer,
        retention: Retention {
            interval: settings.checkpoint_interval,
            changes: settings.checkpoint_changes,
            ended_orders: settings.ended_orders_in_memory,
            keys: settings.keys_kept,
        },
        zone: settings.zone,
        mailbox: settings.mailbox,
        writing: false,
        checkpoint_waiters: Vec::new(),
        is_over: false,
        applying: false,
    };
    let drained = start_inventory(&arbiter(), state, parts.durables, &addresses).await;
    for (shard, orders) in addresses.shards().split(parts.view.open_orders()) {
        tell(&shard, Recalled(orders));
    }
    let watchdog = Watchdog {
        view: parts.view.clone(),
        clock: parts.clock.clone(),
        ageing: ageing.clone(),
        policy: settings.policy,
        interval: settings.watchdog_interval,
    };
    watchdog.start();
    Fulfillment::new(Inner {
        addresses,
        view: parts.view,
        journal: parts.journal,
        ageing,
        admission: Admission::new(settings.placing),
        dry_runs: Admission::new(settings.placing),
        feed,
        drained: Mutex::new(Some(drained)),
        arbiters: Mutex::new(arbiters),
        stopping: AtomicBool::new(false),
        verified: verified::Latest::default(),
    })
}

/// Fires every timer that ran out while nobody was there: once, in the order in which they were due. The actors do not
/// run yet, so that this is the journal's follower.
async fn catch_up(parts: &mut Parts, settings: &Settings) {
    let now = parts.clock.now();
    let due = |order: Arc<Order>| Some((order::due(&order, &settings.policy).filter(|due| *due <= now)?, order));
    let mut overdue: Vec<_> = parts.view.open_orders().into_iter().filter_map(due).collect();
    overdue.sort_by_key(|(due, order)| (*due, order.id));
    let mut target = parts.view.applied();
    if !overdue.is_empty() {
        tracing::info!(timers = overdue.len(), "timers ran out while the engine was stopped; they fire now");
    }
    for (_, order) in overdue {
        let fired = OrderCommand::TimerFired { version: order.version };
        let at = order.not_before(now);
        let Ok(Some((events, _))) = decide::entry_for_order(&order, fired, at, &Origin::Timer) else { continue };
        let entry = Arc::new(Entry { at, who: Origin::Timer, key: None, events });
        let mut submitted = parts.journal.submit(entry.clone());
        while submitted == Err(Refused::Full) {
            if !take_over(parts).await {
                return;
            }
            submitted = parts.journal.submit(entry.clone());
        }
        if submitted.is_err() {
            // Without room, the actors of the remaining orders fire their timers when there is some.
            break;
        }
        target += 1;
        counters::TIMERS_FIRED.increment();
    }
    while parts.view.applied() < target && take_over(parts).await {}
}

/// Takes one durable batch over; `false` when none will come any more, because the journal is poisoned.
async fn take_over(parts: &mut Parts) -> bool {
    let batch = parts.durables.recv().await;
    let Some(batch) = batch else { return false };
    parts.view.apply(&batch).expect("only open orders change here, and those are in memory");
    true
}

/// Runs `make` on the thread of `arbiter` and answers with what it made.
async fn on<T: Send + 'static>(arbiter: &ArbiterHandle, make: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = oneshot::channel();
    arbiter.spawn_fn(move || drop(sender.send(make())));
    receiver.await.expect("an arbiter that was just made runs what it is given")
}

async fn start_shard(
    arbiter: &ArbiterHandle,
    index: usize,
    addresses: &Arc<Addresses>,
    parts: &Parts,
    settings: &Settings,
) {
    let share = (index as u64, addresses.shards().count());
    let addresses = addresses.clone();
    let (view, journal, clock) = (parts.view.clone(), parts.journal.clone(), parts.clock.clone());
    let (policy, mailbox) = (settings.policy, settings.mailbox);
    on(arbiter, move || {
        let context = Rc::new(ShardContext {
            policy,
            clock,
            journal,
            view,
            shard: RefCell::new(None),
            timers: RefCell::default(),
        });
        let (successors, mut crashes) = mpsc::unbounded_channel();
        let state = ShardState::new(context, share);
        let addr = OrderShard::new(state, successors.clone(), mailbox, false).start();
        addresses.shards().set(index, addr);
        actix::spawn(async move {
            while let Some(state) = crashes.recv().await {
                counters::ACTOR_RESTARTS.increment();
                tracing::error!(shard = index, "a shard panicked and is started again");
                let addr = OrderShard::new(state, successors.clone(), mailbox, true).start();
                addresses.shards().set(index, addr);
            }
        });
    })
    .await;
}

/// Starts the inventory actor and what feeds it. The answer fires when the journal was closed and everything durable
/// was taken over.
async fn start_inventory(
    arbiter: &ArbiterHandle,
    state: InventoryState,
    durables: Durables,
    addresses: &Arc<Addresses>,
) -> oneshot::Receiver<()> {
    let (addresses, view) = (addresses.clone(), state.view.clone());
    let (drained, receiver) = oneshot::channel();
    on(arbiter, move || {
        let (successors, crashes) = mpsc::unbounded_channel();
        let addr = InventoryActor::new(state, successors.clone()).start();
        addresses.set_inventory(addr);
        actix::spawn(supervise_inventory(crashes, successors, addresses.clone()));
        actix::spawn(async move {
            feed_inventory(durables, &addresses).await;
            // Closed, the journal left nobody waiting; poisoned, it did.
            addresses.let_go(&view);
            // Nobody may wait for the end.
            drained.send(()).ok();
        });
    })
    .await;
    receiver
}

async fn supervise_inventory(
    mut crashes: mpsc::UnboundedReceiver<InventoryState>,
    successors: mpsc::UnboundedSender<InventoryState>,
    addresses: Arc<Addresses>,
) {
    while let Some(state) = crashes.recv().await {
        counters::ACTOR_RESTARTS.increment();
        if state.applying {
            tracing::error!(
                "the inventory actor panicked while it took over a durable entry: stopping, the next start reads the journal"
            );
            addresses.set_broken();
            return;
        }
        tracing::error!("the inventory actor panicked while deciding and is started again");
        let addr = InventoryActor::new(state, successors.clone()).start();
        addresses.set_inventory(addr);
    }
}

/// Passes every durable batch on, again to the successor where the inventory actor died before it took it. When it
/// ends early, the journal notices that nobody follows it, and poisons itself.
async fn feed_inventory(mut durables: Durables, addresses: &Addresses) {
    while let Some(batch) = durables.recv().await {
        let batch = Arc::new(batch);
        while addresses.inventory().send(Follow(batch.clone())).await.is_err() {
            if addresses.is_broken() {
                return;
            }
            tokio::time::sleep(SUCCESSOR_PAUSE).await;
        }
    }
}
