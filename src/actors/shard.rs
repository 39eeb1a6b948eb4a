//! A shard: the orders of one thread. It starts an order's actor, passes on what concerns it, and starts it again from
//! the durable state when it panicked.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Addr, AsyncContext, Context, Handler, SpawnHandle};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::failure::{Failure, OrderFailure};
use super::handoff::CrashHandoff;
use super::messages::{Applied, Command, Crashed, Idle, LetGo, LookAtTimers, Published, Recalled, TimerFired};
use super::order::{Begins, OrderActor};
use super::shard_context::{OwnShard, ShardContext};
use super::tell::tell;
use crate::domain::ids::OrderId;
use crate::domain::order::Order;
use crate::telemetry::counters;

/// How many timers of a shard fire before what came meanwhile has its turn.
const TIMERS_AT_ONCE: usize = 1024;
/// The pause after so many.
const TIMERS_PAUSE: Duration = Duration::from_millis(1);

/// What a successor of a shard takes over.
pub(super) struct ShardState {
    context: Rc<ShardContext>,
    /// In a tree, which grows evenly: a table of a million that doubles is a pause for everybody.
    running: BTreeMap<OrderId, Running>,
    generation_last: u64,
    /// Which of how many shards this is.
    share: (u64, u64),
}

struct Running {
    addr: Addr<OrderActor>,
    generation: u64,
    /// How many commands it was sent.
    commands: u64,
}

impl ShardState {
    pub(super) fn new(context: Rc<ShardContext>, share: (u64, u64)) -> Self {
        Self { context, running: BTreeMap::new(), generation_last: 0, share }
    }

    /// Starts the actor of `order`, whose stage `begins` so.
    fn start(&mut self, order: Arc<Order>, in_flight: Option<u32>, begins: Begins) {
        self.generation_last += 1;
        let (id, generation) = (order.id, self.generation_last);
        let addr = OrderActor::new(order, self.context.clone(), generation, in_flight, begins).start();
        self.running.insert(id, Running { addr, generation, commands: 0 });
    }

    fn publish(&mut self, order: Arc<Order>) {
        match self.running.get(&order.id) {
            Some(running) => tell(&running.addr, Applied(order)),
            None if !order.status.is_terminal() => self.start(order, None, Begins::Now),
            None => {}
        }
    }

    /// Tells the orders whose timers are due, and answers with when to look again.
    fn fire_timers(&mut self, now: Instant) -> Option<Instant> {
        let mut timers = self.context.timers.borrow_mut();
        for (order, version) in timers.take_due(now, TIMERS_AT_ONCE) {
            if let Some(running) = self.running.get(&order) {
                tell(&running.addr, TimerFired { version });
            }
        }
        timers.next()
    }

    /// Brings every actor to the durable state: what was sent to a shard that panicked is lost.
    fn resync(&mut self) {
        let (mine, shards) = self.share;
        let running: Vec<_> = self.running.keys().copied().collect();
        let behind = running.into_iter().filter_map(|id| self.context.view.order(id).ok().flatten());
        let behind: Vec<_> = behind.chain(self.context.view.open_orders()).collect();
        for order in behind {
            if order.id.0 % shards == mine {
                self.publish(order);
            }
        }
    }

    fn command(&mut self, mut message: Command) {
        let id = message.order;
        if !self.running.contains_key(&id) {
            let known = message.known.take().map(Some);
            // What was read back is as good as ever, unless it is in memory again: then somebody changed it meanwhile.
            let found = self.context.view.order_at_hand(id).or(known);
            match found.map_or_else(|| self.context.view.order(id), Ok) {
                Ok(Some(order)) => self.start(order, None, Begins::AsDated),
                Ok(None) => return reject(message, Failure::Rejected(OrderFailure::Missing(id))),
                Err(error) => {
                    counters::STORE_READ_FAILURES.increment();
                    return reject(message, Failure::Archive(error));
                }
            }
        }
        let running = self.running.get_mut(&id).expect("it runs, or was just started");
        running.commands += 1;
        tell(&running.addr, message);
    }
}

fn reject(message: Command, failure: Failure<OrderFailure>) {
    // Before anybody can know of the answer, the idempotency key is free.
    drop(message.caller);
    // A client that is gone does not need its answer.
    message.reply.send(Err(failure)).ok();
}

/// See the module.
pub(super) struct OrderShard {
    state: CrashHandoff<ShardState>,
    mailbox: usize,
    successor: bool,
    looking: Option<SpawnHandle>,
}

impl OrderShard {
    pub(super) fn new(
        state: ShardState,
        successors: mpsc::UnboundedSender<ShardState>,
        mailbox: usize,
        successor: bool,
    ) -> Self {
        Self { state: CrashHandoff::new(state, successors), mailbox, successor, looking: None }
    }

    /// Fires what is due, and sleeps until the next timer is.
    fn look_at_timers(&mut self, ctx: &mut Context<Self>) {
        if let Some(looking) = self.looking.take() {
            ctx.cancel_future(looking);
        }
        let now = Instant::now();
        if let Some(next) = self.state.fire_timers(now) {
            let pause = next.saturating_duration_since(now).max(TIMERS_PAUSE);
            self.looking = Some(ctx.notify_later(LookAtTimers, pause));
        }
    }
}

#[cfg(test)]
impl OrderShard {
    pub(super) fn running(&self, order: OrderId) -> Option<&Addr<OrderActor>> {
        self.state.running.get(&order).map(|running| &running.addr)
    }
}

impl Actor for OrderShard {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(self.mailbox);
        let (looks, idle, crashed) = (ctx.address().recipient(), ctx.address().recipient(), ctx.address().recipient());
        self.state.context.shard.replace(Some(OwnShard { looks, idle, crashed }));
        if self.successor {
            self.state.resync();
            self.look_at_timers(ctx);
        }
    }
}

impl Handler<Recalled> for OrderShard {
    type Result = ();

    fn handle(&mut self, Recalled(orders): Recalled, _: &mut Self::Context) {
        for order in orders {
            // It may have moved since, and run already.
            if !self.state.running.contains_key(&order.id) {
                self.state.start(order, None, Begins::AsDated);
            }
        }
    }
}

impl Handler<Published> for OrderShard {
    type Result = ();

    fn handle(&mut self, Published(orders): Published, _: &mut Self::Context) {
        for order in orders {
            self.state.publish(order);
        }
    }
}

impl Handler<Command> for OrderShard {
    type Result = ();

    fn handle(&mut self, message: Command, _: &mut Self::Context) {
        self.state.command(message);
    }
}

impl Handler<LetGo> for OrderShard {
    type Result = ();

    fn handle(&mut self, let_go: LetGo, _: &mut Self::Context) {
        for running in self.state.running.values().filter(|running| running.commands > 0) {
            tell(&running.addr, let_go);
        }
    }
}

impl Handler<LookAtTimers> for OrderShard {
    type Result = ();

    fn handle(&mut self, LookAtTimers: LookAtTimers, ctx: &mut Self::Context) {
        self.look_at_timers(ctx);
    }
}

impl Handler<Idle> for OrderShard {
    type Result = ();

    fn handle(&mut self, Idle { order, generation, commands }: Idle, _: &mut Self::Context) {
        let running = self.state.running.get(&order);
        if running.is_some_and(|running| (running.generation, running.commands) == (generation, commands)) {
            // Without an address the actor stops.
            self.state.running.remove(&order);
        }
    }
}

impl Handler<Crashed> for OrderShard {
    type Result = ();

    fn handle(&mut self, Crashed { order, in_flight, timer: (version, timer) }: Crashed, _: &mut Self::Context) {
        counters::ACTOR_RESTARTS.increment();
        tracing::error!(order.id = order.0, "an order's actor panicked and is started again");
        self.state.running.remove(&order);
        match self.state.context.view.order(order) {
            Ok(Some(state)) if !state.status.is_terminal() => {
                // What moved since has a stage that begins now.
                let begins = if state.version == version { Begins::Before(timer) } else { Begins::Now };
                self.state.start(state, in_flight, begins);
            }
            Ok(_) => {}
            Err(error) => tracing::error!(order.id = order.0, %error, "its state could not be read"),
        }
    }
}
