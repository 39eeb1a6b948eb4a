//! How what the handle was asked reaches an actor, and how the answer comes back.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use actix::prelude::SendError;
use tokio::sync::oneshot;

use super::admission::Admission;
use super::failure::{Failure, OrderFailure};
use super::handle::{Answered, IdempotencyKey, Inner, Request};
use super::messages::{Caller, Command, Decide, Decided};
use super::shard_context::{RETRY_AFTER, failure, read_back};
use crate::decide::{self, Decision, Outcome};
use crate::domain::entry::{Answer, Entry};
use crate::domain::ids::OrderId;
use crate::domain::order::{Order, OrderCommand};
use crate::domain::origin::Origin;
use crate::journal::{Position, Refused};
use crate::view::{ArchiveError, Claim};

/// What a claim on an idempotency key led to.
enum Claimed {
    Go(Caller),
    /// The entry that carries the key, and what is kept beside it.
    Replay(Arc<Entry>, Answer),
}

impl Inner {
    /// The outcome of `decision`, by the inventory actor. Where an `admission` is given, room for its orders is taken
    /// there first.
    pub(super) async fn decide<D: Decision>(
        &self,
        request: Request,
        decision: D,
        admission: Option<(&Arc<Admission>, usize)>,
    ) -> Result<Answered<D::Outcome>, Failure<D::Rejection>> {
        let caller = match self.claim(request).await? {
            Claimed::Replay(entry, answer) => {
                let value = D::Outcome::replay(&entry, &answer).ok_or(Failure::KeyReused)?;
                return Ok(Answered { value, replayed: true });
            }
            Claimed::Go(caller) => caller,
        };
        // What is sent is not kept while the answer is waited for.
        let answer = self.send(caller, decision, admission)?;
        self.answered(answer).await
    }

    /// Hands `decision` to the inventory actor, whose answer comes through what this returns.
    fn send<D: Decision>(
        &self,
        caller: Caller,
        decision: D,
        admission: Option<(&Arc<Admission>, usize)>,
    ) -> Result<oneshot::Receiver<Decided<D>>, Failure<D::Rejection>> {
        let room = match admission {
            None => None,
            Some((admission, orders)) => {
                let room = admission.enter(&caller.who, orders);
                Some(room.ok_or(Failure::Busy { retry_after: RETRY_AFTER })?)
            }
        };
        let (reply, answer) = oneshot::channel();
        self.taken(self.addresses.inventory().try_send(Decide { caller, decision, room, reply }))?;
        Ok(answer)
    }

    /// What the actor of `order` makes of `command`.
    pub(super) async fn command(
        &self,
        request: Request,
        order: OrderId,
        command: OrderCommand,
    ) -> Result<Answered<Arc<Order>>, Failure<OrderFailure>> {
        let command = if request.expected.is_anything() {
            command
        } else {
            OrderCommand::Expecting(request.expected.clone(), Box::new(command))
        };
        let caller = match self.claim(request).await? {
            Claimed::Replay(_, Answer::Order(order)) => return Ok(Answered { value: order, replayed: true }),
            Claimed::Replay(..) => return Err(Failure::KeyReused),
            Claimed::Go(caller) => caller,
        };
        let known = match self.view.order_at_hand(order) {
            Some(_) => None,
            // Without threads of its own the engine is one in memory: nothing waits, and runs can be repeated exactly.
            None if self.arbiters.lock().is_empty() => None,
            // The thread of a shard, which runs the timers of many orders, does not wait for a disk.
            None => read_back(self.view.clone(), order).await?,
        };
        let (reply, answer) = oneshot::channel();
        self.taken(self.addresses.shards().of(order.0).try_send(Command {
            order,
            caller,
            what: command,
            known,
            reply,
        }))?;
        self.answered(answer).await
    }

    /// Claims the request's idempotency key, or finds the answer that it had.
    async fn claim<R: Error + 'static>(&self, request: Request) -> Result<Claimed, Failure<R>> {
        if self.stopping.load(Ordering::Acquire) {
            return Err(failure(&*self.journal, Refused::Closed));
        }
        let Request { who, key, expected: _ } = request;
        match key {
            None => Ok(Claimed::Go(Caller { who, claim: None })),
            // Boxed, so that what carries no key does not carry the room for waiting through every layer.
            Some(key) => Box::pin(self.claim_key(who, key)).await,
        }
    }

    async fn claim_key<R: Error + 'static>(&self, who: Origin, key: IdempotencyKey) -> Result<Claimed, Failure<R>> {
        let IdempotencyKey { key, request } = key;
        loop {
            match self.view.keys().claim(&key, request, &who) {
                Claim::Fresh(guard) => return Ok(Claimed::Go(Caller { who, claim: Some(guard) })),
                Claim::Done(position) => return self.replay(key, position).await,
                Claim::Wait(_) if let Some(why) = self.broken_by() => return Err(Failure::Stopped(why)),
                // Whichever way the other one ends, asking again tells.
                Claim::Wait(done) => drop(done.await),
                Claim::Mismatch => return Err(Failure::KeyReused),
                Claim::Full { retry_after } => return Err(Failure::KeysFull { retry_after }),
            }
        }
    }

    /// Reads what is kept beside `key` from the entry that carries it.
    async fn replay<R: Error + 'static>(&self, key: Box<str>, position: Position) -> Result<Claimed, Failure<R>> {
        let (journal, view) = (self.journal.clone(), self.view.clone());
        let read = tokio::task::spawn_blocking(move || journal.read_at(position, &*view)).await;
        let durable = match read {
            Ok(Ok(durable)) => durable,
            Ok(Err(error)) => return Err(ArchiveError(error.to_string()).into()),
            Err(error) => return Err(ArchiveError(error.to_string()).into()),
        };
        match decide::kept(&durable.entry, &key) {
            Some(answer) => Ok(Claimed::Replay(durable.entry.clone(), answer.clone())),
            None => Err(ArchiveError(format!("entry {} does not carry the key", durable.sequence)).into()),
        }
    }

    /// Why nothing becomes durable, or is seen to, any more in this life of the process.
    pub(super) fn broken_by(&self) -> Option<String> {
        let poison = self.journal.poisoned().map(|poison| poison.to_string());
        poison.or_else(|| self.addresses.is_broken().then(|| "a durable entry could not be taken over".to_owned()))
    }

    /// What the actor answered, or why its answer was dropped.
    async fn answered<T, R: Error + 'static>(
        &self,
        answer: oneshot::Receiver<Result<T, Failure<R>>>,
    ) -> Result<Answered<T>, Failure<R>> {
        let dropped = |_| Err(self.broken_by().map_or(Failure::Interrupted, Failure::Stopped));
        let value = answer.await.unwrap_or_else(dropped)?;
        Ok(Answered { value, replayed: false })
    }

    fn taken<M, R: Error + 'static>(&self, sent: Result<(), SendError<M>>) -> Result<(), Failure<R>> {
        let busy = Failure::Busy { retry_after: RETRY_AFTER };
        sent.map_err(|error| match error {
            SendError::Full(_) => busy,
            // It is being started again, or has no successor.
            SendError::Closed(_) => self.broken_by().map_or(busy, Failure::Stopped),
        })
    }
}
