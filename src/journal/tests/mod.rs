//! Tests of the journal as a whole. Those of single files stand in them.

mod build;
mod contract;
mod cut;
mod damaged;
mod frozen;
mod reading;
pub(super) mod samples;
mod torn;
mod witnessed;
mod writing;
