//! What outlives an actor that panics.
//!
//! actix stops an actor whose handler panics by dropping it. The part of its state that must not die with it lies in a
//! [`CrashHandoff`], which hands it to the supervisor as it is dropped; the supervisor starts a successor with it.

use std::ops::{Deref, DerefMut};

use tokio::sync::mpsc;

/// State that a successor takes over if the holder panics.
pub(super) struct CrashHandoff<S> {
    state: Option<S>,
    successors: mpsc::UnboundedSender<S>,
}

impl<S> CrashHandoff<S> {
    pub(super) fn new(state: S, successors: mpsc::UnboundedSender<S>) -> Self {
        Self { state: Some(state), successors }
    }
}

impl<S> Deref for CrashHandoff<S> {
    type Target = S;

    fn deref(&self) -> &S {
        self.state.as_ref().expect("a handoff holds its state until it is dropped")
    }
}

impl<S> DerefMut for CrashHandoff<S> {
    fn deref_mut(&mut self) -> &mut S {
        self.state.as_mut().expect("a handoff holds its state until it is dropped")
    }
}

impl<S> Drop for CrashHandoff<S> {
    fn drop(&mut self) {
        if std::thread::panicking()
            && let Some(state) = self.state.take()
        {
            // Without a supervisor the engine is being dropped as well.
            self.successors.send(state).ok();
        }
    }
}
