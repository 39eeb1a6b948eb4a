//! How often a crash test runs, from which seed, and how one case of it is run again.

use std::time::{Instant, SystemTime};

/// Numbers that follow from a seed alone (`SplitMix64`).
pub(crate) struct Prng(u64);

impl Prng {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is not 0.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.draw() % end
    }

    /// True so many times in a hundred.
    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// Any index of a list of `len`.
    pub(crate) fn index(&mut self, len: usize) -> usize {
        usize::try_from(self.below(len as u64)).unwrap()
    }
}

/// A kind of crash test.
pub(crate) struct Cases {
    /// The test's name, for the command that runs a case again.
    pub(crate) test: &'static str,
    /// The variable with the count.
    pub(crate) variable: &'static str,
    /// The count without it.
    pub(crate) default: u64,
    /// How much of the count one case does.
    pub(crate) each: u64,
}

impl Cases {
    pub(crate) fn count(&self) -> u64 {
        number(self.variable).unwrap_or(self.default)
    }

    /// Runs `case` until the count is reached, each time with a generator of its own and the number of the case.
    /// `CRASH_SEED` is the seed of the first case; without it the clock is.
    pub(crate) fn run(&self, mut case: impl FnMut(&mut Prng, u64)) {
        let clock = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        let first = number("CRASH_SEED").unwrap_or(clock.as_secs() << 20);
        let (count, begun) = (self.count(), Instant::now());
        let cases = count.div_ceil(self.each);
        for nth in 0..cases {
            let seed = first.wrapping_add(nth);
            let again = OnFailure(format!(
                "seed {seed}; again: CRASH_SEED={seed} {}={} cargo test --test crash {}",
                self.variable, self.each, self.test
            ));
            case(&mut Prng::new(seed), nth);
            drop(again);
            if (nth + 1).is_multiple_of(cases.div_ceil(10)) {
                eprintln!("{}: {} of {count} in {:.0?}", self.test, (nth + 1) * self.each, begun.elapsed());
            }
        }
    }
}

/// Says something when the test fails.
pub(crate) struct OnFailure(pub(crate) String);

impl Drop for OnFailure {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.0);
        }
    }
}

/// Says, not to be overlooked, that a test did not run. Where `CI` is `true`, that is a failure. `tests/tidy.rs` sees
/// to it that nothing is skipped in another way.
pub(crate) fn skipped(test: &str, why: &str) {
    skipped_where(std::env::var("CI").ok().as_deref(), test, why);
}

fn skipped_where(ci: Option<&str>, test: &str, why: &str) {
    assert_ne!(ci, Some("true"), "SKIPPED {test}, which CI has to run: {why}");
    eprintln!("SKIPPED {test}: {why}");
}

#[test]
fn what_is_skipped_is_a_failure_in_ci_and_nowhere_else() {
    let fails = |ci| std::panic::catch_unwind(|| skipped_where(ci, "this is no test", "it tries skipping")).is_err();
    assert!(fails(Some("true")));
    assert!(!fails(Some("false")) && !fails(None));
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} should be a number and is {text:?}")))
}
