//! Who carries decisions out.
//!
//! | message | to | answer |
//! |---|---|---|
//! | `Decide`: a [`Decision`](crate::decide::Decision) on catalogue, stock, users or keys | inventory | its outcome, once durable |
//! | `Follow`: a durable batch of the journal | inventory | - |
//! | `Settled`: a checkpoint ended | inventory | - |
//! | `Write`: the changes since the last checkpoint | checkpointer | - |
//! | `Command`: a command on an order | shard, then the order | the order, once durable |
//! | `Recalled`: open orders as a start found them | shard | - |
//! | `Published`: orders as they now stand | shard, then each order | - |
//! | `LookAtTimers`: a timer may be due | shard | - |
//! | `TimerFired`: the order's timer ran out | the order | - |
//! | `Idle`, `Crashed`: an order's actor is done, or panicked | shard | - |
//! | `LetGo`: nothing more becomes durable, whoever waits for it is told | inventory, shards, then each order | - |
//!
//! Everybody else calls [`Fulfillment`]; no address leaks out. Invariants: the inventory actor is the only one that
//! reserves stock and the only one that follows the journal; an order's state changes only by an entry that is
//! durable; an order has at most one entry on its way.

mod addresses;
mod admission;
mod ask;
mod checkpointer;
mod clock;
mod failure;
mod follower;
mod handle;
mod handoff;
mod inventory;
mod messages;
mod order;
mod retention;
mod shard;
mod shard_context;
mod shards;
mod start;
mod submit;
mod tell;
mod timers;
mod upkeep;
mod verified;
mod watchdog;

#[cfg(test)]
mod tests;

pub use admission::Load;
pub use checkpointer::{CheckpointError, Checkpoints};
pub use clock::{Ageing, Clock};
pub use failure::{Failure, OrderFailure};
pub use handle::{Answered, Fulfillment, Health, IdempotencyKey, Readiness, Request};
pub use start::{Parts, Settings, start};
pub use verified::Verified;
