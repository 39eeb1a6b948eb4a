//! Packhorse: an order-fulfilment engine in one binary with one data directory.

pub mod actors;
pub mod api;
pub mod config;
pub mod domain;
pub mod engine;
pub mod journal;
pub mod store;
pub mod telemetry;
pub mod view;
