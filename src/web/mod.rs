//! What every request shares, of the API and of the console: the state behind it, its body, its query, its key against
//! repetition, what goes wrong with it as an answer, and everything that holds for all of them (`trace`).
//!
//! Deliberately absent: which paths there are, and what they do.

pub(crate) mod answer;
pub(crate) mod body;
mod canonical;
pub(crate) mod condition;
mod connection;
pub(crate) mod error;
pub(crate) mod id;
pub(crate) mod idempotency;
mod json;
pub(crate) mod list;
pub(crate) mod parts;
pub(crate) mod request;
mod state;
pub(crate) mod trace;
mod unread;
pub(crate) mod unused;

pub use connection::connected;
pub(crate) use state::Lease;
pub use state::{ApiOptions, AppState};
