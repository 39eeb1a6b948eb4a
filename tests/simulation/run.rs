//! A run: one seed, from an empty disk over 30 days with many lives of the process, to the proof at the end.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use actix::System;
use packhorse::store::MemoryKv;

use super::life::{Life, Next};
use super::panics;
use super::trace::Trace;
use super::world::{Figures, World};

/// What came of a run that held.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Held {
    /// The journal, byte for byte.
    pub(crate) journal: Vec<u8>,
    /// A hash over all answers.
    pub(crate) answers: [u8; 32],
    pub(crate) figures: Figures,
}

/// Runs `seed`: what held, or the sentence that did not, and what happened on the way.
pub(crate) fn run(seed: u64, trace: Trace) -> (Result<Held, String>, Trace) {
    panics::watch();
    let mut world = World::new(seed, trace);
    let lived = catch_unwind(AssertUnwindSafe(|| live(&mut world)));
    let lived = lived.unwrap_or_else(|_| Err(format!("nothing panics: {}", panics::take().unwrap_or_default())));
    if let Err(what) = &lived {
        world.note(|| format!("BROKEN: {what}"));
    }
    let held = lived.map(|()| {
        let orders = world.model.orders.len() as u64;
        let figures = Figures { orders, timers: world.timers.fired, ..world.figures };
        let answers = *world.answers.finalize().as_bytes();
        Held { journal: world.disk.bytes().to_vec(), answers, figures }
    });
    (held, world.trace)
}

fn live(world: &mut World) -> Result<(), String> {
    let mut purpose = Life::Work;
    loop {
        match one_life(world, purpose)? {
            Next::Again => {}
            Next::Settle => purpose = Life::Settle,
            // What a clean stop left has to be read back, with the store and without it.
            Next::Prove if purpose == Life::ProveStore => {
                world.kv = Arc::new(MemoryKv::default());
                purpose = Life::ProveJournal;
            }
            Next::Prove if purpose == Life::ProveJournal => return Ok(()),
            Next::Prove => purpose = Life::ProveStore,
        }
    }
}

/// One life of the process, on a runtime of its own: dropping it is what a kill does.
fn one_life(world: &mut World, purpose: Life) -> Result<Next, String> {
    let system = System::with_tokio_rt(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        runtime.expect("a runtime needs only memory")
    });
    let next = system.block_on(super::life::live(world, purpose));
    let panic = panics::take();
    drop(system);
    // Actors that are dropped run once more, and miss their runtime: no process sees that.
    panics::take();
    match panic {
        Some(panic) => Err(format!("nothing panics: {panic}")),
        None => next,
    }
}
