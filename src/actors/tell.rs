//! Telling an actor what must not be lost.
//!
//! A client's command goes by `try_send`: a full mailbox is an answer, and the client comes again. Nobody could be
//! answered here, so the message passes the mailbox's bound. Each kind has another one:
//!
//! | message | how many there are at most |
//! |---|---|
//! | `Published`, `Applied` | one for each order of an entry; the journal's channel bounds the entries |
//! | `Command` from a shard to an order | as many as the shard's own mailbox took, and the order refuses beyond its bound |
//! | `TimerFired` | one for each armed timer, 1,024 of a shard at once |
//! | `LookAtTimers`, `Idle`, `Crashed` | an order's actor tells each once |
//! | `Recalled` | one for each shard, at the start |
//! | `Write` | one checkpoint is under way at a time |
//! | `LetGo` | one for each actor and round of the upkeep, once the journal has failed |

use actix::dev::ToEnvelope;
use actix::{Actor, Addr, Handler, Message, Recipient};

/// Tells `actor` this, whatever waits in its mailbox already. Nothing happens where the actor has stopped.
pub(super) fn tell<A, M>(actor: &Addr<A>, message: M)
where
    A: Actor + Handler<M>,
    A::Context: ToEnvelope<A, M>,
    M: Message<Result: Send> + Send + 'static,
{
    actor.do_send(message);
}

/// The same to whoever takes such a message.
pub(super) fn tell_any<M: Message<Result: Send> + Send + 'static>(recipient: &Recipient<M>, message: M) {
    recipient.do_send(message);
}
