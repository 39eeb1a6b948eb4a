//! The actor of one order: it owns the order's state and decides its transitions.
//!
//! Invariants: the state is durable; at most one entry is on its way, and until it is durable nothing else is decided;
//! the timer is derived from the state and carries the version that it was armed at.

use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Context, Handler};
use tokio::time::Instant;

use super::failure::{Failure, OrderFailure};
use super::messages::{Applied, Caller, Command, Crashed, Idle, LetGo, OrderReply, TimerFired};
use super::shard_context::{ROOM_AFTER, ShardContext};
use crate::decide;
use crate::domain::entry::Answer;
use crate::domain::order::{self, Order, OrderCommand};
use crate::domain::origin::Origin;
use crate::journal::Refused;
use crate::telemetry::counters;

/// How many commands may wait at one order while an entry of it is on its way.
const COMMANDS_WAITING_MAX: usize = 64;
/// A timer that finds the journal's queue full tries again after this.
const DEFERRED_BY: Duration = Duration::from_millis(25);

/// See the module.
pub(super) struct OrderActor {
    order: Arc<Order>,
    context: Rc<ShardContext>,
    generation: u64,
    /// When the timer that is armed goes off.
    timer: Option<Instant>,
    job: Option<Box<Job>>,
    begins: Begins,
    /// How many commands it is done with, or has an entry on its way for.
    commands: u64,
}

/// When the stage begins that an actor finds its order in. The wall clock is asked once, by a start: what happens while
/// the process runs goes by time that passes (decision 17).
#[derive(Clone, Copy, Debug)]
pub(super) enum Begins {
    /// When the order says: it is of another life of the process.
    AsDated,
    /// Now: what led to it has just become durable.
    Now,
    /// Its timer was armed before, by an actor that panicked.
    Before(Option<Instant>),
}

/// An entry on its way, and what waits behind it.
struct Job {
    version: u32,
    reply: Option<OrderReply>,
    waiting: VecDeque<Command>,
}

impl OrderActor {
    /// An actor for `order`. With `in_flight`, an entry that its predecessor submitted is still on its way.
    pub(super) fn new(
        order: Arc<Order>,
        context: Rc<ShardContext>,
        generation: u64,
        in_flight: Option<u32>,
        begins: Begins,
    ) -> Self {
        let job = in_flight
            .filter(|version| *version > order.version)
            .map(|version| Box::new(Job { version, reply: None, waiting: VecDeque::new() }));
        Self { order, context, generation, timer: None, job, begins, commands: 0 }
    }

    /// Arms the timer that the state asks for, in place of the one before.
    fn arm_timer(&mut self) {
        self.disarm_timer();
        let policy = &self.context.policy;
        let at = match self.begins {
            Begins::AsDated => {
                order::left(&self.order, policy, self.context.clock.now()).map(|left| Instant::now() + left)
            }
            Begins::Now => order::span(&self.order, policy).map(|span| Instant::now() + span),
            Begins::Before(at) => at,
        };
        self.timer = at.map(|at| self.context.arm_timer(self.order.id, self.order.version, at));
    }

    fn disarm_timer(&mut self) {
        if let Some(at) = self.timer.take() {
            self.context.disarm_timer(self.order.id, at);
        }
    }

    /// Decides one command and submits its entry, or answers at once.
    fn carry_out(&mut self, command: OrderCommand, caller: Caller, reply: Option<OrderReply>) -> Result<(), Refused> {
        let now = self.order.not_before(self.context.clock.now());
        match decide::entry_for_order(&self.order, command, now, &caller.who) {
            // Before anybody can know of the answer, the idempotency key is free.
            Err(rejection) => {
                drop(caller);
                answer(reply, Err(Failure::Rejected(OrderFailure::Rejected(rejection))));
            }
            Ok(None) => {
                drop(caller);
                answer(reply, Ok(self.order.clone()));
            }
            Ok(Some((events, next))) => {
                let version = next.version;
                let kept = Some(Answer::Order(Arc::new(next).as_answered()));
                // What has ended may leave memory meanwhile, or has.
                let has_ended = self.order.status.is_terminal();
                if has_ended {
                    self.context.view.hold(&self.order);
                }
                if let Err(refused) = caller.submit(&*self.context.journal, now, events, kept) {
                    if has_ended {
                        self.context.view.let_go(self.order.id);
                    }
                    self.refuse(reply, refused);
                    return Err(refused);
                }
                self.job = Some(Box::new(Job { version, reply, waiting: VecDeque::new() }));
            }
        }
        Ok(())
    }

    fn refuse(&self, reply: Option<OrderReply>, refused: Refused) {
        answer(reply, Err(self.context.failure(refused)));
    }

    fn tell_idle(&self) {
        if self.order.status.is_terminal() && self.job.is_none() {
            let (order, generation, commands) = (self.order.id, self.generation, self.commands);
            self.context.is_idle(Idle { order, generation, commands });
        }
    }
}

fn answer(reply: Option<OrderReply>, result: Result<Arc<Order>, Failure<OrderFailure>>) {
    if let Some(reply) = reply {
        // A client that is gone does not need its answer.
        reply.send(result).ok();
    }
}

impl Actor for OrderActor {
    type Context = Context<Self>;

    fn started(&mut self, _: &mut Self::Context) {
        self.arm_timer();
    }
}

impl Drop for OrderActor {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let timer = self.timer;
            self.disarm_timer();
            let in_flight = self.job.as_ref().map(|job| job.version);
            let timer = (self.order.version, timer);
            self.context.has_crashed(Crashed { order: self.order.id, in_flight, timer });
        }
    }
}

impl Handler<TimerFired> for OrderActor {
    type Result = ();

    fn handle(&mut self, TimerFired { version }: TimerFired, _: &mut Self::Context) {
        if self.job.is_some() {
            // When the entry on its way is durable, the timer is derived anew.
            return;
        }
        let caller = Caller { who: Origin::Timer, claim: None };
        match self.carry_out(OrderCommand::TimerFired { version }, caller, None) {
            Ok(()) => counters::TIMERS_FIRED.increment(),
            Err(refused @ (Refused::Full | Refused::NoSpace)) => {
                counters::TIMERS_DEFERRED.increment();
                let later = if refused == Refused::Full { DEFERRED_BY } else { ROOM_AFTER };
                self.timer = Some(self.context.arm_timer(self.order.id, version, Instant::now() + later));
            }
            // The process is stopping; the next start finds the timer overdue.
            Err(Refused::Poisoned | Refused::Closed) => {}
        }
    }
}

impl Handler<Command> for OrderActor {
    type Result = ();

    fn handle(&mut self, message: Command, _: &mut Self::Context) {
        if let Some(job) = &mut self.job {
            if job.waiting.len() < COMMANDS_WAITING_MAX {
                job.waiting.push_back(message);
            } else {
                self.commands += 1;
                drop(message.caller);
                answer(Some(message.reply), Err(self.context.failure(Refused::Full)));
            }
            return;
        }
        self.commands += 1;
        // A refusal was answered already.
        self.carry_out(message.what, message.caller, Some(message.reply)).ok();
        self.tell_idle();
    }
}

impl Handler<LetGo> for OrderActor {
    type Result = ();

    fn handle(&mut self, _: LetGo, _: &mut Self::Context) {
        self.job = None;
    }
}

impl Handler<Applied> for OrderActor {
    type Result = ();

    fn handle(&mut self, Applied(order): Applied, ctx: &mut Self::Context) {
        if order.version <= self.order.version {
            return self.tell_idle();
        }
        // A change that leaves the order in its stage leaves the timer what it was, whatever the wall clock says now.
        let stays = (order.status, order.moved_at) == (self.order.status, self.order.moved_at);
        self.begins = if stays { Begins::Before(self.timer) } else { Begins::Now };
        self.order = order;
        self.arm_timer();
        let settled = self.job.take_if(|job| job.version <= self.order.version);
        if let Some(job) = settled {
            answer(job.reply, Ok(self.order.clone()));
            for command in job.waiting {
                self.handle(command, ctx);
            }
        }
        self.tell_idle();
    }
}
