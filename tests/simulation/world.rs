//! What outlives the process: the disk and the store, the clients and what they were told, and what the simulation
//! knows.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use packhorse::actors::Clock;
use packhorse::app::MemoryEngine;
use packhorse::domain::time::Timestamp;
use packhorse::journal::{MemoryDisk, MemoryOptions};
use packhorse::store::MemoryKv;
use packhorse::view::{NoArchive, View};

use super::ages::Ages;
use super::client::{Answer, Attempt, Given, Operation};
use super::clock::Clocks;
use super::invariants::{self, Depth, Probe};
use super::model::Model;
use super::panics;
use super::plan::Plan;
use super::prng::Prng;
use super::timers::Timers;
use super::trace::Trace;

/// See the module.
pub(crate) struct World {
    pub(crate) prng: Prng,
    pub(crate) plan: Plan,
    pub(crate) options: MemoryOptions,
    pub(crate) disk: MemoryDisk,
    pub(crate) kv: Arc<MemoryKv>,
    /// How much time really passed.
    pub(crate) passed: Duration,
    /// What the wall clock shows.
    pub(crate) wall: Timestamp,
    pub(crate) model: Model,
    pub(crate) timers: Timers,
    pub(crate) ages: Ages,
    pub(crate) operations: Vec<Operation>,
    fresh: BTreeSet<usize>,
    looks: u64,
    pub(crate) trace: Trace,
    /// Over everything that was answered.
    pub(crate) answers: blake3::Hasher,
    pub(crate) figures: Figures,
}

/// What a run did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    pub(crate) entries: u64,
    pub(crate) orders: u64,
    pub(crate) timers: u64,
    pub(crate) answers: u64,
    pub(crate) replays: u64,
    pub(crate) kills: u64,
    pub(crate) stops: u64,
    pub(crate) poisonings: u64,
    pub(crate) clock_steps: u64,
}

impl Figures {
    pub(crate) fn add(&mut self, other: Self) {
        self.entries += other.entries;
        self.orders += other.orders;
        self.timers += other.timers;
        self.answers += other.answers;
        self.replays += other.replays;
        self.kills += other.kills;
        self.stops += other.stops;
        self.poisonings += other.poisonings;
        self.clock_steps += other.clock_steps;
    }
}

impl World {
    pub(crate) fn new(seed: u64, trace: Trace) -> Self {
        let mut prng = Prng::new(seed);
        let plan = Plan::of(&mut prng);
        let wall = plan.begin;
        Self {
            timers: Timers::new(plan.settings.stages.policy()),
            ages: Ages::default(),
            options: plan.journal,
            prng,
            plan,
            disk: MemoryDisk::default(),
            kv: Arc::default(),
            passed: Duration::ZERO,
            wall,
            model: Model::default(),
            operations: Vec::new(),
            fresh: BTreeSet::new(),
            looks: 0,
            trace,
            answers: blake3::Hasher::new(),
            figures: Figures::default(),
        }
    }

    pub(crate) fn note(&mut self, what: impl FnOnce() -> String) {
        self.trace.note(self.passed, what);
    }

    /// Brings both clocks up to date.
    pub(crate) fn tick(&mut self, clocks: &Clocks) {
        self.passed = clocks.passed();
        self.wall = clocks.now();
        // One that ran ahead at the start still counts when it was set back.
        self.model.observe(self.wall.max(self.ages.present(self.passed)));
    }

    /// Reads the disk back as the next start will: everything that was durable has to be there and equal; what was
    /// being written may follow.
    pub(crate) fn read_back(&mut self) -> Result<(), String> {
        let view = View::new(Arc::new(NoArchive), usize::MAX);
        let disk = self.disk.clone();
        let mut reader = disk.read(None);
        let known = self.model.log.len();
        let mut found = 0;
        while let Some(durable) = reader.next(&view).map_err(|error| error.to_string())? {
            view.apply(std::slice::from_ref(&durable)).map_err(|error| error.to_string())?;
            match self.model.log.get(found) {
                Some(before) if (before.chain, &before.entry) == (durable.chain, &durable.entry) => {}
                Some(before) => {
                    return Err(format!("entry {} was {:?} and is {:?}", found + 1, before.entry, durable.entry));
                }
                None => self.take(&durable),
            }
            found += 1;
        }
        if found < known {
            return Err(format!("{known} entries were durable, and {found} are left"));
        }
        if found > known {
            self.note(|| format!("{} entries survived that nobody was told of", found - known));
        }
        Ok(())
    }

    /// Takes over what became durable since the life began, `known` entries of which are known.
    pub(crate) fn gather(&mut self, engine: &MemoryEngine, known: &mut usize) {
        for durable in engine.journal().delivered(*known) {
            *known += 1;
            self.take(&durable);
        }
    }

    fn take(&mut self, durable: &packhorse::journal::Durable) {
        self.model.take(durable, self.wall);
        self.figures.entries += 1;
        if let packhorse::domain::origin::Origin::User(name) = &durable.entry.who
            && let Some(number) = name.strip_prefix("op-").and_then(|number| number.parse().ok())
        {
            self.fresh.insert(number);
        }
    }

    /// Takes the answers that have come.
    pub(crate) fn collect(&mut self, attempts: &mut Vec<Attempt>) {
        attempts.retain(|attempt| {
            let Some(answer) = attempt.slot.borrow_mut().take() else { return true };
            self.answered(attempt.operation, answer);
            false
        });
    }

    /// The client of a try hears nothing of it any more.
    pub(crate) fn give_up(&mut self, attempt: &Attempt) {
        attempt.task.abort();
        self.ages.gave_up = super::ages::moment(self.passed);
        let answer = attempt.slot.borrow_mut().take().unwrap_or(Answer::Unknown);
        self.answered(attempt.operation, answer);
    }

    fn answered(&mut self, number: usize, answer: Answer) {
        self.trace.note(self.passed, || format!("operation {number}: {}", shown(&answer)));
        self.answers.update(format!("{number} {}\n", shown(&answer)).as_bytes());
        match &answer {
            Answer::Done { replayed, .. } => {
                self.figures.answers += 1;
                self.figures.replays += u64::from(*replayed);
            }
            Answer::Refused(_) => self.figures.answers += 1,
            Answer::Unknown => {}
        }
        let operation = &mut self.operations[number];
        operation.under_way -= 1;
        operation.tries.push(answer);
        self.fresh.insert(number);
    }

    /// Asks every invariant.
    pub(crate) fn look(&mut self, engine: &MemoryEngine, depth: Depth) -> Result<(), String> {
        if let Some(panic) = panics::take() {
            return Err(format!("nothing panics: {panic}"));
        }
        self.looks += 1;
        let depth = if depth == Depth::Step && self.looks.is_multiple_of(30) { Depth::Whole } else { depth };
        let stages = &self.plan.settings.stages;
        let probe = Probe {
            engine,
            model: &self.model,
            timers: &self.timers,
            ages: &self.ages,
            operations: &self.operations,
            fresh: &self.fresh,
            depth,
            passed: self.passed,
            keys_kept: self.plan.settings.retention.idempotency_keys,
            ended_kept: self.plan.settings.retention.ended_orders_in_memory,
            checkpoints: self.plan.settings.checkpoint.interval,
            zone: self.plan.settings.general.time_zone,
            wall: self.wall,
            policy: stages.policy(),
            watchdog: self.plan.settings.watchdog.interval,
            read: RefCell::default(),
        };
        for (sentence, check) in invariants::ALL {
            check(&probe).map_err(|place| format!("{sentence}: {place}"))?;
        }
        self.fresh.clear();
        self.model.touched.clear();
        Ok(())
    }
}

/// An answer in a few words, which say everything that the seed decides.
fn shown(answer: &Answer) -> String {
    match answer {
        Answer::Refused(why) => format!("refused: {why}"),
        Answer::Unknown => "no answer".into(),
        Answer::Done { given, replayed } => {
            let again = if *replayed { " (again)" } else { "" };
            let what = match given {
                Given::Orders(orders) => {
                    let ids: Vec<_> = orders.iter().map(|order| order.id.0).collect();
                    format!("placed {ids:?}")
                }
                Given::Order(order) => format!("order {} is {} at version {}", order.id, order.status, order.version),
                Given::Product(product) => {
                    let revision = &product.revision;
                    format!("product {} revision {} {:?}", revision.product, revision.number, product.balance)
                }
                Given::Category(category) => format!("category {} is {}", category.id, category.name.as_str()),
                Given::Access(outcome) => format!("{outcome:?}"),
                Given::Nothing => "done".into(),
            };
            what + again
        }
    }
}
