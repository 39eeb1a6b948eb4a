//! The rules of the field: catalogue, stock and orders.
//!
//! Everything here is pure. `decide` checks and never writes; `apply` writes and never fails. Time, the caller and
//! every id are arguments. What is deliberately absent: clocks, async, actors, bytes and JSON.

pub mod access;
pub mod audit;
pub mod calendar;
pub mod catalogue;
pub mod count;
pub mod effects;
pub mod email;
pub mod entry;
pub mod expected;
pub mod ids;
pub mod inventory;
pub mod money;
pub mod order;
pub mod origin;
pub mod share;
pub mod stock;
pub mod text;
pub mod time;
