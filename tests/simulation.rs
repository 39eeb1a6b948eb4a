//! Deterministic simulation: the real engine and its actors on a paused clock, over a journal and a store in memory,
//! under clients, faults, kills and clocks that a seed decides. `docs/proof.md` says how to run, replay and extend it.

#[path = "simulation/ages.rs"]
mod ages;
#[path = "simulation/archive.rs"]
mod archive;
#[path = "simulation/client.rs"]
mod client;
#[path = "simulation/clock.rs"]
mod clock;
#[path = "simulation/invariants/mod.rs"]
mod invariants;
#[path = "simulation/life.rs"]
mod life;
#[path = "simulation/model.rs"]
mod model;
#[path = "simulation/panics.rs"]
mod panics;
#[path = "simulation/plan.rs"]
mod plan;
#[path = "simulation/prng.rs"]
mod prng;
#[path = "simulation/run.rs"]
mod run;
#[path = "simulation/seeds.rs"]
mod seeds;
#[path = "simulation/time.rs"]
mod time;
#[path = "simulation/timers.rs"]
mod timers;
#[path = "simulation/trace.rs"]
mod trace;
#[path = "simulation/workload.rs"]
mod workload;
#[path = "simulation/world.rs"]
mod world;

use trace::Trace;

#[test]
fn no_seed_breaks_an_invariant() {
    seeds::hold(&seeds::asked_for());
}

#[test]
fn seeds_that_failed_once_hold() {
    seeds::hold(&seeds::kept());
}

#[test]
fn the_same_seed_twice_gives_the_same_bytes() {
    for seed in 1..=6 {
        let [one, two] = [(); 2].map(|()| run::run(seed, Trace::default()).0);
        assert_eq!(one, two, "seed {seed}");
        assert!(one.is_ok_and(|held| !held.journal.is_empty()), "seed {seed} does something");
    }
}
