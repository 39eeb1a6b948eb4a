//! Runs a decoder on what once failed, on what is valid, and on what chance makes of that; keeps what fails.

use std::any::Any;
use std::env;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use super::mutate::Chance;

/// How many inputs each decoder gets: `PACKHORSE_FUZZ=1000000`.
const COUNT: &str = "PACKHORSE_FUZZ";
/// Where chance begins: `PACKHORSE_FUZZ_SEED=7`.
const SEED: &str = "PACKHORSE_FUZZ_SEED";

/// How often memory is looked at, in inputs.
const LOOKS_EVERY: u64 = 64;
/// How often an input is measured before it counts as taking too much.
const TRIES: usize = 3;
/// How much more than before the process may hold while it looks at one input, beside [`FOR_EACH_BYTE`].
const FOR_ONE: u64 = 64 << 20;
/// How much of that there may be for each byte of the input.
const FOR_EACH_BYTE: u64 = 40;
/// How much more than before the process may ever hold. All decoders that run at the same time share it.
const RESIDENT_MAX: u64 = 1 << 30;
/// How much address space it may ever ask for beyond what it had; threads and their arenas need some.
const ADDRESSES_MAX: u64 = 4 << 30;

/// Held alone by whoever measures what one input takes: no other decoder runs meanwhile.
static ALONE: RwLock<()> = RwLock::new(());

/// A decoder, as the harness sees it.
pub(crate) struct Decoder<'a> {
    /// Its name: that of its test and of its folder in `data/fuzz`.
    pub(crate) name: &'static str,
    /// Valid inputs.
    pub(crate) corpus: Vec<Vec<u8>>,
    /// How many inputs it gets where nobody says.
    pub(crate) count: u64,
    /// Makes an input of a valid one.
    pub(crate) mutate: &'a mut dyn FnMut(&mut Chance, &[u8]) -> Vec<u8>,
    /// Feeds one input to it. Panics where it does what it must not.
    pub(crate) check: &'a mut dyn FnMut(&[u8]),
}

impl Decoder<'_> {
    /// Runs it.
    pub(crate) fn run(self) {
        let Self { name, corpus, count, mutate, check } = self;
        assert!(!corpus.is_empty(), "{name} has valid inputs to begin with");
        let (count, seed) = (setting(COUNT).unwrap_or(count), setting(SEED).unwrap_or(0));
        let last = Last::new(name);
        let before = Memory::now();
        let mut feed = |input: &[u8], which: &str, is_measured: bool| {
            last.note(input);
            let looks = || if is_measured { measured(name, input, check) } else { beside_others(input, check) };
            if let Err(panic) = catch_unwind(AssertUnwindSafe(looks)) {
                failed(name, input, which, &*panic);
                resume_unwind(panic);
            }
        };
        for path in kept(name) {
            feed(&fs::read(&path).unwrap(), &format!("{}", path.display()), true);
        }
        for (nth, input) in corpus.iter().enumerate() {
            feed(input, &format!("valid input {nth}"), true);
        }
        for nth in 0..count {
            let mut chance = Chance::new(seed ^ (nth + 1).wrapping_mul(0xD605_1BC5_8E2B_7C0D));
            let base = chance.below(corpus.len());
            let input = mutate(&mut chance, &corpus[base]);
            feed(&input, &format!("input {nth} of seed {seed}"), nth % LOOKS_EVERY == 0);
            if nth % LOOKS_EVERY == 0 {
                before.check(name, nth);
            }
        }
        before.check(name, count);
        last.remove();
        println!(
            "{name}: {count} inputs of seed {seed} beside {} valid ones, no panic; {}",
            corpus.len(),
            Memory::now()
        );
    }
}

fn beside_others(input: &[u8], check: &mut dyn FnMut(&[u8])) {
    let _together = ALONE.read().unwrap_or_else(PoisonError::into_inner);
    check(input);
}

/// Looks at `input` alone, and at how much memory that took.
fn measured(name: &str, input: &[u8], check: &mut dyn FnMut(&[u8])) {
    let _alone = ALONE.write().unwrap_or_else(PoisonError::into_inner);
    let length = input.len() as u64;
    let max = FOR_ONE + FOR_EACH_BYTE * length;
    let mut take = || {
        // From here on the kernel counts the highest use afresh.
        fs::write("/proc/self/clear_refs", "5").unwrap();
        let before = Memory::now().resident;
        check(input);
        Memory::now().resident.saturating_sub(before)
    };
    // The count is the process's: another decoder that is just starting adds to it once, but not each time.
    let taken = (0..TRIES).map(|_| take()).find(|taken| *taken <= max);
    assert!(taken.is_some(), "{name} took more than {max} bytes for an input of {length}, {TRIES} times in a row");
}

fn setting(variable: &str) -> Option<u64> {
    let text = env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable}: {text:?} is no number")))
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/fuzz").join(name)
}

/// Where files cost no disk: a million of them are written.
pub(crate) fn memory() -> PathBuf {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { memory.into() } else { env::temp_dir() }
}

/// What failed once.
fn kept(name: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder(name)) else { return Vec::new() };
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// Keeps `input`, and says how to run it again.
fn failed(name: &str, input: &[u8], which: &str, panic: &(dyn Any + Send)) {
    let path = folder(name).join(format!("{}.bin", &blake3::hash(input).to_hex()[..16]));
    let saved = fs::create_dir_all(folder(name)).and_then(|()| fs::write(&path, input));
    let why = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref().copied()).unwrap_or("?");
    let begin = &input[..input.len().min(400)];
    eprintln!("{name} failed on {which}: {why}\n  {} bytes: {}", input.len(), begin.escape_ascii());
    eprintln!("  kept in {} ({saved:?}); again: cargo test --test fuzz {name}", path.display());
}

/// The input that is being looked at, in a file, for the case that the whole process ends.
struct Last(File, PathBuf);

impl Last {
    fn new(name: &str) -> Self {
        let path = memory().join(format!("packhorse-fuzz-{name}-{}.last", std::process::id()));
        println!("{name}: if the process dies, its last input is in {}, behind its length", path.display());
        Self(File::create(&path).unwrap(), path)
    }

    fn note(&self, input: &[u8]) {
        // The file only ever grows: to cut it each time would cost more than most decoders.
        self.0.write_all_at(&[&(input.len() as u64).to_be_bytes(), input].concat(), 0).unwrap();
    }

    fn remove(self) {
        fs::remove_file(self.1).unwrap();
    }
}

/// The most that the process ever held, in bytes. An allocator that counts would need `unsafe`, which this package does
/// without; the kernel counts as well, and counts what is only reserved.
#[derive(Clone, Copy, Debug)]
struct Memory {
    resident: u64,
    addresses: u64,
}

impl Memory {
    fn now() -> Self {
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let bytes = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
        };
        Self { resident: bytes("VmHWM:"), addresses: bytes("VmPeak:") }
    }

    fn check(self, name: &str, nth: u64) {
        let now = Self::now();
        let grown = |before: u64, now: u64, max: u64| {
            let from = nth.saturating_sub(LOOKS_EVERY);
            // The kernel counts in portions for each thread, so that its maximum may fall a little.
            let more = now.saturating_sub(before);
            assert!(more <= max, "{name}, or a test beside it, took {more} bytes by inputs {from} to {nth}");
        };
        grown(self.resident, now.resident, RESIDENT_MAX);
        grown(self.addresses, now.addresses, ADDRESSES_MAX);
    }
}

impl std::fmt::Display for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the process held at most {} MiB", self.resident >> 20)
    }
}
