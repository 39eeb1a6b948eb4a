//! Why a call on the handle did not do what was asked.

use std::error::Error;
use std::time::Duration;

use crate::domain::ids::OrderId;
use crate::domain::order::OrderRejection;
use crate::view::ArchiveError;

/// Why a command was not carried out; `R` is the rule that it broke.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Failure<R: Error + 'static> {
    /// It broke a rule. Nothing of it stays behind.
    #[error(transparent)]
    Rejected(R),
    /// A queue is full. Nothing was done.
    #[error("too much is waiting already; try again in {} s", seconds(*retry_after))]
    Busy {
        /// When to try again.
        retry_after: Duration,
    },
    /// The disk is full. Nothing was done; once there is room, it is taken again.
    #[error("the disk is full; try again in {} s", seconds(*retry_after))]
    NoSpace {
        /// When to try again.
        retry_after: Duration,
    },
    /// The engine takes nothing more: it is stopping, or its journal is poisoned. Whether the command was carried out
    /// is known after the next start; repeating it with the same idempotency key is safe.
    #[error("the engine has stopped: {0}")]
    Stopped(String),
    /// The actor that carried it out panicked before it answered. Whether the command was carried out can be seen by
    /// reading; repeating it with the same idempotency key is safe.
    #[error("the command was interrupted by a fault; repeat it with the same idempotency key")]
    Interrupted,
    /// Another request carried this idempotency key.
    #[error("this idempotency key was used for another request")]
    KeyReused,
    /// As many idempotency keys of this caller are remembered as may be.
    #[error("no more idempotency keys of this caller can be remembered; try again in {} s, or without a key", seconds(*retry_after))]
    KeysFull {
        /// When the oldest one is forgotten.
        retry_after: Duration,
    },
    /// What left memory could not be read back.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
}

/// Whole seconds, for people, and at least one: whoever comes back after them is not early.
fn seconds(span: Duration) -> u64 {
    u64::try_from(span.as_millis().div_ceil(1000).max(1)).unwrap_or(u64::MAX)
}

impl<R: Error + 'static> Failure<R> {
    /// Whether it may be that the command was carried out all the same.
    #[must_use]
    pub fn is_unsure(&self) -> bool {
        match self {
            // What was carried out under the key before may be what cannot be read back.
            Self::Stopped(_) | Self::Interrupted | Self::Archive(_) => true,
            Self::Rejected(_) | Self::Busy { .. } | Self::NoSpace { .. } | Self::KeyReused | Self::KeysFull { .. } => {
                false
            }
        }
    }

    /// The same failure, its rejection turned into another type.
    pub fn map<S: Error + 'static>(self, convert: impl FnOnce(R) -> S) -> Failure<S> {
        match self {
            Self::Rejected(rejection) => Failure::Rejected(convert(rejection)),
            Self::Busy { retry_after } => Failure::Busy { retry_after },
            Self::NoSpace { retry_after } => Failure::NoSpace { retry_after },
            Self::Stopped(why) => Failure::Stopped(why),
            Self::Interrupted => Failure::Interrupted,
            Self::KeyReused => Failure::KeyReused,
            Self::KeysFull { retry_after } => Failure::KeysFull { retry_after },
            Self::Archive(error) => Failure::Archive(error),
        }
    }
}

/// Why a command on an order was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderFailure {
    /// There is no such order.
    #[error("there is no order {0}")]
    Missing(OrderId),
    /// It broke a rule of the order's life.
    #[error(transparent)]
    Rejected(#[from] OrderRejection),
}
