//! Which seeds are run, and what is printed of those that break something.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use super::run::run;
use super::trace::Trace;
use super::world::Figures;

/// How many seeds are run when nobody says.
const DEFAULT: u64 = 30;
/// After so many that broke something no further seeds are begun.
const BROKEN_MAX: usize = 5;

/// A seed that broke something.
struct Broken {
    seed: u64,
    what: String,
    trace: Trace,
}

/// The seeds that the environment asks for: `PACKHORSE_SEED=n` one, traced; `PACKHORSE_SEEDS=n` those from 1 to n, or
/// `a-b` those from a to b.
pub(crate) fn asked_for() -> Vec<u64> {
    let number = |name: &str, text: &str| -> u64 {
        text.trim().parse().unwrap_or_else(|_| panic!("{name} is no number: {text}"))
    };
    if let Ok(one) = env::var("PACKHORSE_SEED") {
        return vec![number("PACKHORSE_SEED", &one)];
    }
    let many = env::var("PACKHORSE_SEEDS").unwrap_or_else(|_| DEFAULT.to_string());
    let (first, last) = many.split_once('-').unwrap_or(("1", &many));
    (number("PACKHORSE_SEEDS", first)..=number("PACKHORSE_SEEDS", last)).collect()
}

/// The seeds that broke something once, from `data/seeds`.
pub(crate) fn kept() -> Vec<u64> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/seeds");
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    lines
        .map(|line| {
            let seed = line.split_whitespace().next().and_then(|seed| seed.parse().ok());
            seed.unwrap_or_else(|| panic!("{}: a line begins with a seed, not so: {line}", path.display()))
        })
        .collect()
}

/// Runs `seeds` on all cores and fails when one of them breaks something, with what replays it.
pub(crate) fn hold(seeds: &[u64]) {
    let begun = Instant::now();
    let next = AtomicUsize::new(0);
    let full = AtomicBool::new(false);
    let broken: Mutex<Vec<Broken>> = Mutex::default();
    let total: Mutex<Figures> = Mutex::default();
    let traced = env::var_os("PACKHORSE_SEED").is_some() && seeds.len() == 1;
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(seed) = seeds.get(next.fetch_add(1, Ordering::Relaxed))
                    && !full.load(Ordering::Relaxed)
                {
                    let (held, trace) = run(*seed, if traced { Trace::kept() } else { Trace::default() });
                    match held {
                        Ok(held) => total.lock().expect("nobody panics").add(held.figures),
                        Err(what) => {
                            // Run again, for its trace: it does the same again.
                            let trace = run(*seed, Trace::kept()).1;
                            let mut broken = broken.lock().expect("nobody panics");
                            broken.push(Broken { seed: *seed, what, trace });
                            full.store(broken.len() >= BROKEN_MAX, Ordering::Relaxed);
                        }
                    }
                    print!("{trace}");
                }
            });
        }
    });
    let broken = broken.into_inner().expect("nobody panics");
    let (total, took) = (total.into_inner().expect("nobody panics"), begun.elapsed());
    println!("{} seeds in {took:.1?}: {total:?}", seeds.len());
    assert!(broken.is_empty(), "{}", report(&broken));
}

fn report(broken: &[Broken]) -> String {
    let mut text = String::new();
    let write = |text: &mut String, line: std::fmt::Arguments<'_>| {
        text.write_fmt(line).expect("a text takes everything");
    };
    for Broken { seed, what, .. } in broken {
        write(&mut text, format_args!("\nseed {seed} broke: {what}\n"));
        write(
            &mut text,
            format_args!("replay: PACKHORSE_SEED={seed} cargo test --test simulation no_seed -- --nocapture\n"),
        );
    }
    if let Some(Broken { seed, trace, .. }) = broken.first() {
        write(&mut text, format_args!("\nwhat happened with seed {seed}:\n{trace}"));
    }
    text
}
