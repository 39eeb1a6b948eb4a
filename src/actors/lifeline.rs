//! What outlives an actor that panics.
//!
//! actix stops an actor whose handler panics by dropping it. The part of its state that must not die with it lies in a
//! [`Lifeline`], which hands it to the supervisor as it is dropped; the supervisor starts a successor with it.

use std::ops::{Deref, DerefMut};

use tokio::sync::mpsc;

/// State that a successor takes over if the holder panics.
pub(super) struct Lifeline<S> {
    state: Option<S>,
    heirs: mpsc::UnboundedSender<S>,
}

impl<S> Lifeline<S> {
    pub(super) fn new(state: S, heirs: mpsc::UnboundedSender<S>) -> Self {
        Self { state: Some(state), heirs }
    }
}

impl<S> Deref for Lifeline<S> {
    type Target = S;

    fn deref(&self) -> &S {
        self.state.as_ref().expect("a lifeline holds its state until it is dropped")
    }
}

impl<S> DerefMut for Lifeline<S> {
    fn deref_mut(&mut self) -> &mut S {
        self.state.as_mut().expect("a lifeline holds its state until it is dropped")
    }
}

impl<S> Drop for Lifeline<S> {
    fn drop(&mut self) {
        if std::thread::panicking()
            && let Some(state) = self.state.take()
        {
            // Without a supervisor the engine is being dropped as well.
            self.heirs.send(state).ok();
        }
    }
}
