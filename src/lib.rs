//! Packhorse.
pub mod domain;
