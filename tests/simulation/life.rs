//! One life of the process: from its start over what clients, disks and clocks do to it, to its end.
//!
//! Every step begins with a pause, after which everything stands still that does not wait for time. That, and asking
//! nothing by a thread while something else runs, is why the same seed gives the same bytes.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use packhorse::actors::{Clock, IdempotencyKey};
use packhorse::app::MemoryEngine;
use packhorse::journal::Journal;
use packhorse::store::{Failure, MemoryKv};
use tokio::task::{spawn_local, yield_now};
use tokio::time::sleep;

use super::client::{self, Ask, Attempt, Operation, Slot};
use super::clock::Clocks;
use super::invariants::Depth;
use super::plan::{HORIZON, TOO_SLOW, sync_delay};
use super::timers::SLACK;
use super::workload;
use super::world::World;

const HOUR: Duration = Duration::from_hours(1);

/// What a life is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Life {
    /// Clients ask, things go wrong.
    Work,
    /// Nothing goes wrong any more, until nothing moves any more.
    Settle,
    /// To be looked at, read back with the store.
    ProveStore,
    /// To be looked at, read back from the journal alone.
    ProveJournal,
}

/// What follows on a life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Another one like it.
    Again,
    Settle,
    Prove,
}

/// The process, its clients, and what watches it.
struct Process<'a> {
    world: &'a mut World,
    engine: MemoryEngine,
    clocks: Arc<Clocks>,
    attempts: Vec<Attempt>,
    /// How many entries that became durable in this life were taken over.
    known: usize,
    seen: Rc<RefCell<Vec<Seen>>>,
}

/// An order as it came out of the feed, and when.
type Seen = (Arc<packhorse::domain::order::Order>, Duration, packhorse::domain::time::Timestamp);

/// Lives one life of `world`.
pub(crate) async fn live(world: &mut World, purpose: Life) -> Result<Next, String> {
    let mut process = Process::start(world).await?;
    match purpose {
        Life::Work => process.work().await,
        Life::Settle => process.settle().await,
        Life::ProveStore | Life::ProveJournal => {
            process.look(Depth::End)?;
            process.stop().await?;
            Ok(Next::Prove)
        }
    }
}

impl<'a> Process<'a> {
    async fn start(world: &'a mut World) -> Result<Self, String> {
        world.note(|| "start".into());
        world.read_back()?;
        let clocks = Arc::new(Clocks::go_on(world.passed, world.wall));
        let (settings, options) = (world.plan.settings.clone(), world.options);
        let overdue = overdue(world);
        let opened = MemoryEngine::open(&settings, options, world.disk.clone(), world.kv.clone(), clocks.clone()).await;
        let engine = opened.map_err(|error| format!("every start succeeds: {error}"))?;
        let seen = Rc::new(RefCell::new(Vec::new()));
        spawn_local(watch(engine.feed(), clocks.clone(), seen.clone()));
        let mut process = Self { world, engine, clocks, attempts: Vec::new(), known: 0, seen };
        process.world.tick(&process.clocks);
        process.world.gather(&process.engine, &mut process.known);
        process.fired_in_order(&overdue)?;
        let open = process.engine.view().open_orders();
        let (passed, wall) = (process.world.passed, process.world.wall);
        process.world.timers.restart(open.iter().map(|order| &**order), passed, wall);
        let World { ages, model, .. } = &mut *process.world;
        ages.restart(model, passed, wall);
        process.look(Depth::Whole)?;
        Ok(process)
    }

    /// Whether the start began with the timers that ran out meanwhile, as they were due.
    fn fired_in_order(&mut self, overdue: &[u64]) -> Result<(), String> {
        let log = &self.world.model.log;
        let fired = log[log.len() - self.known..].iter().flat_map(|durable| &durable.entry.events);
        let fired: Vec<_> = fired
            .filter_map(|event| match event {
                packhorse::domain::entry::Event::Order(id, _) => Some(id.0),
                _ => None,
            })
            .collect();
        self.world.timers.fired += fired.len() as u64;
        let count = fired.len();
        self.world.note(|| format!("{count} timers had run out"));
        if fired == overdue {
            return Ok(());
        }
        Err(format!(
            "each timer fires once and none is lost: {overdue:?} had run out, and {fired:?} fired at the start"
        ))
    }

    async fn work(mut self) -> Result<Next, String> {
        if self.world.operations.is_empty() {
            for ask in workload::opening(&mut self.world.prng) {
                self.ask(ask, None);
                self.pause(Duration::from_secs(1)).await?;
            }
        }
        while self.world.plan.steps > 0 && self.world.passed < HORIZON {
            self.world.plan.steps -= 1;
            let gap = gap(&mut self.world.prng);
            self.pause(gap).await?;
            if let Some(next) = self.step().await? {
                return Ok(next);
            }
        }
        // Whoever was just started has begun.
        self.pause(Duration::from_millis(1)).await?;
        self.kill(Left::Everything)?;
        Ok(Next::Settle)
    }

    /// One step; answers with what follows when it ended the life.
    async fn step(&mut self) -> Result<Option<Next>, String> {
        if self.engine.journal().poisoned().is_some() {
            return self.poisoned().await.map(Some);
        }
        let trouble = self.world.plan.trouble;
        let prng = &mut self.world.prng;
        if prng.happens(trouble.crash) {
            return self.crash().await.map(Some);
        }
        if prng.happens(trouble.stop) {
            if prng.happens(500) {
                self.burst();
                self.pause(Duration::from_millis(1)).await?;
            }
            self.stop().await?;
            return Ok(Some(self.rest()));
        }
        if prng.happens(trouble.clock) {
            self.step_clock();
        }
        let prng = &mut self.world.prng;
        if prng.happens(trouble.slow_sync) {
            let delay = if prng.happens(100) { TOO_SLOW } else { sync_delay(prng, &self.world.options) };
            self.engine.journal().slow_down(delay);
            self.world.note(|| format!("a sync takes {delay:?}"));
        }
        let prng = &mut self.world.prng;
        if prng.happens(trouble.failed_sync) {
            self.engine.journal().fail_next_sync();
            self.world.note(|| "the next sync fails".into());
        }
        let prng = &mut self.world.prng;
        if prng.happens(trouble.store) {
            let failure = if prng.happens(500) { Failure::Never } else { Failure::WritesAfter(prng.within(0..=25)) };
            self.world.kv.fail(failure);
            let now = super::ages::moment(self.world.passed);
            self.world.ages.store_calm = if failure == Failure::Never { now } else { super::ages::Moment::MAX / 2 };
            self.world.note(|| format!("writes to the store fail: {failure:?}"));
        }
        if self.world.prng.happens(250) {
            self.retry();
        } else {
            self.burst();
            self.lose_answers().await;
        }
        Ok(None)
    }

    /// Waits, and looks.
    async fn pause(&mut self, span: Duration) -> Result<(), String> {
        sleep(span).await;
        self.look(Depth::Step)
    }

    fn look(&mut self, depth: Depth) -> Result<(), String> {
        self.world.tick(&self.clocks);
        self.world.gather(&self.engine, &mut self.known);
        for (order, passed, _) in self.seen.borrow_mut().drain(..) {
            self.world.timers.note(&order, passed);
            self.world.ages.note(&order, passed);
        }
        let World { ages, model, passed, wall, .. } = &mut *self.world;
        ages.see(model, *passed, *wall);
        self.world.collect(&mut self.attempts);
        self.world.look(&self.engine, depth)
    }

    // What clients do.

    fn ask(&mut self, ask: Ask, key: Option<IdempotencyKey>) -> usize {
        // Commands on users and keys do not look at one.
        let key = key.filter(|_| !matches!(ask, Ask::Access(_)));
        self.world.operations.push(Operation { ask, key, tries: Vec::new(), under_way: 0 });
        let number = self.world.operations.len() - 1;
        self.attempt(number, false);
        number
    }

    fn attempt(&mut self, number: usize, is_retry: bool) {
        let operation = &mut self.world.operations[number];
        operation.under_way += 1;
        let slot = Slot::default();
        let asked = client::ask(self.engine.clone(), number, operation.key.clone(), operation.ask.clone());
        let answered = slot.clone();
        let task = spawn_local(async move {
            let answer = asked.await;
            answered.replace(Some(answer));
        });
        self.attempts.push(Attempt { operation: number, is_retry, slot, task });
        let ask = &self.world.operations[number].ask;
        self.world.trace.note(self.world.passed, || {
            let again = if is_retry { " again" } else { "" };
            match ask {
                Ask::Place(rows) if rows.len() > 1 => format!("operation {number}{again}: place {} orders", rows.len()),
                ask => format!("operation {number}{again}: {ask:?}"),
            }
        });
    }

    /// Some clients at once, with new wishes.
    fn burst(&mut self) {
        let clients = self.world.prng.weighted(&[(12, 1), (6, 3), (3, 8), (1, 40)]);
        for _ in 0..clients {
            let ask = workload::wish(&mut self.world.prng, &self.world.model, self.world.wall);
            let number = self.world.operations.len();
            let key = self.world.prng.happens(500).then(|| {
                let mut request = [0; 16];
                request[..8].copy_from_slice(&(number as u64).to_le_bytes());
                IdempotencyKey { key: format!("key-{number}").into(), request }
            });
            self.ask(ask, key);
        }
    }

    /// Somebody asks again, by the key that was used before; those who were told nothing do it first.
    fn retry(&mut self) {
        let keyed = |(_, operation): &(usize, &Operation)| operation.key.is_some();
        let lost = |operation: &Operation| operation.done().next().is_none() && !operation.is_refused();
        let anybody = self.world.prng.happens(300);
        let operations = || self.world.operations.iter().enumerate().filter(keyed);
        let mut candidates: Vec<_> = operations().filter(|(_, operation)| lost(operation)).map(|(n, _)| n).collect();
        if candidates.is_empty() || anybody {
            candidates = operations().map(|(number, _)| number).collect();
        }
        if candidates.is_empty() {
            return;
        }
        let recent = candidates.len().saturating_sub(8);
        let number = self.world.prng.pick(&candidates[recent..]);
        if self.world.prng.happens(100) {
            // Another request under the same key.
            let ask = workload::wish(&mut self.world.prng, &self.world.model, self.world.wall);
            let mut key = self.world.operations[number].key.clone();
            if let Some(key) = &mut key {
                let other = self.world.operations.len() as u64;
                key.request[8..].copy_from_slice(&other.to_le_bytes());
            }
            self.ask(ask, key);
            self.attempts.last_mut().expect("it was just made").is_retry = true;
            return;
        }
        self.attempt(number, true);
        if self.world.prng.happens(200) {
            self.attempt(number, true);
        }
    }

    /// Some clients go away before they hear anything.
    async fn lose_answers(&mut self) {
        if !self.world.prng.happens(150) || self.has_retries() {
            return;
        }
        for _ in 0..self.world.prng.within(0..=6) {
            yield_now().await;
        }
        for attempt in std::mem::take(&mut self.attempts) {
            if attempt.slot.borrow().is_none() && self.world.prng.happens(600) {
                self.world.give_up(&attempt);
            } else {
                self.attempts.push(attempt);
            }
        }
    }

    /// Whether somebody may be answered by a thread that reads the journal.
    fn has_retries(&self) -> bool {
        self.attempts.iter().any(|attempt| attempt.is_retry)
    }

    // What clocks do.

    fn step_clock(&mut self) {
        const SECOND: i64 = 1_000_000;
        const HOUR: i64 = 3_600 * SECOND;
        const YEAR: i64 = 365 * 24 * HOUR;
        // A second back is how a leap second looks.
        let micros = self.world.prng.pick(&[-SECOND, SECOND / 3, HOUR, -HOUR, YEAR, -YEAR]);
        self.clocks.step(micros);
        self.world.tick(&self.clocks);
        self.world.ages.clock_calm = super::ages::moment(self.world.passed);
        self.world.figures.clock_steps += 1;
        self.world.note(|| format!("the wall clock steps by {} s", micros / SECOND));
    }

    // How it ends.

    /// It is killed, or the power fails, in the middle of something.
    async fn crash(&mut self) -> Result<Next, String> {
        let burst = !self.world.prng.happens(200);
        if burst {
            self.burst();
        }
        if burst && self.world.prng.happens(500) && !self.has_retries() {
            for _ in 0..self.world.prng.within(0..=60) {
                yield_now().await;
            }
        } else {
            sleep(self.world.prng.span(Duration::ZERO, Duration::from_millis(300))).await;
        }
        let left = match self.world.prng.index(3) {
            0 => Left::Everything,
            1 => Left::Synced,
            _ => Left::Some(self.world.prng.draw()),
        };
        self.kill(left)?;
        Ok(self.rest())
    }

    /// The journal is poisoned: for a while nothing more may become durable, then the process stops.
    async fn poisoned(&mut self) -> Result<Next, String> {
        let durable = self.world.model.log.len();
        self.world.figures.poisonings += 1;
        self.world.note(|| "the journal is poisoned".into());
        self.burst();
        self.pause(Duration::from_secs(5)).await?;
        if self.world.model.log.len() > durable {
            return Err("nothing becomes durable after a failed sync: something did".into());
        }
        let left = if self.world.prng.happens(500) { Left::Everything } else { Left::Some(self.world.prng.draw()) };
        self.kill(left)?;
        Ok(self.rest())
    }

    fn kill(&mut self, left: Left) -> Result<(), String> {
        self.world.tick(&self.clocks);
        self.world.gather(&self.engine, &mut self.known);
        self.world.collect(&mut self.attempts);
        for attempt in std::mem::take(&mut self.attempts) {
            self.world.give_up(&attempt);
        }
        let disk = self.engine.journal().disk();
        let kept = match left {
            Left::Everything => usize::MAX,
            Left::Synced => 0,
            Left::Some(roll) => usize::try_from(roll % (disk.unsynced() as u64 + 1)).expect("a length fits"),
        };
        self.world.note(|| format!("killed; of {} unsynced bytes at most {kept} stay", disk.unsynced()));
        self.world.figures.kills += 1;
        self.world.disk = disk.after_power_cut(kept);
        let lost = self.world.prng.happens(50);
        self.world.kv = Arc::new(if lost { MemoryKv::default() } else { self.world.kv.after_kill() });
        match super::panics::take() {
            Some(panic) => Err(format!("nothing panics: {panic}")),
            None => Ok(()),
        }
    }

    async fn stop(&mut self) -> Result<(), String> {
        self.world.note(|| "stop".into());
        self.engine.close().await;
        // Whoever was answered last hears of it.
        sleep(Duration::from_millis(1)).await;
        self.look(Depth::Whole)?;
        for attempt in std::mem::take(&mut self.attempts) {
            self.world.give_up(&attempt);
        }
        let disk = self.engine.journal().disk();
        if self.engine.journal().poisoned().is_none() && disk.unsynced() > 0 {
            return Err("a clean stop leaves nothing unsynced: it did".into());
        }
        self.world.figures.stops += 1;
        self.world.disk = disk;
        self.world.kv = Arc::new(self.world.kv.after_kill());
        Ok(())
    }

    /// The process is down for a while.
    fn rest(&mut self) -> Next {
        let prng = &mut self.world.prng;
        let down = match prng.index(4) {
            0 => Duration::ZERO,
            1 | 2 => prng.span(Duration::from_millis(1), Duration::from_mins(1)),
            _ => prng.span(Duration::from_mins(1), 30 * HOUR),
        };
        self.world.passed += down;
        self.world.wall = self.world.wall.plus(down);
        let wall = self.world.wall;
        self.world.model.observe(wall);
        self.world.note(|| format!("down for {down:?}"));
        Next::Again
    }

    /// Waits until every stage that ends by itself is over.
    async fn settle(mut self) -> Result<Next, String> {
        use packhorse::domain::order::Stage;
        self.world.kv.fail(Failure::Never);
        self.world.ages.store_calm = super::ages::moment(self.world.passed);
        let spans: Duration = Stage::ALL.into_iter().filter_map(|stage| self.world.timers.span(stage.status())).sum();
        let end = HORIZON.max(self.world.passed + spans + 4 * SLACK);
        while self.world.passed < end {
            let rest = end.saturating_sub(self.world.passed).min(24 * HOUR).max(Duration::from_millis(1));
            self.pause(rest).await?;
        }
        self.look(Depth::End)?;
        self.stop().await?;
        Ok(Next::Prove)
    }
}

/// What a power cut leaves of what was being written.
#[derive(Clone, Copy)]
enum Left {
    Everything,
    Synced,
    Some(u64),
}

/// The orders whose timers ran out while nobody was there, as they were due.
fn overdue(world: &World) -> Vec<u64> {
    let mut overdue: Vec<_> = world
        .model
        .open()
        .filter_map(|(id, order_model)| Some((order_model.moved_at.plus(world.timers.span(order_model.status)?), *id)))
        .filter(|(due, _)| *due <= world.wall)
        .collect();
    overdue.sort_unstable();
    overdue.into_iter().map(|(_, id)| id).collect()
}

/// Notes every change of an order, with the time.
async fn watch(
    mut feed: tokio::sync::broadcast::Receiver<Arc<packhorse::domain::order::Order>>,
    clocks: Arc<Clocks>,
    seen: Rc<RefCell<Vec<Seen>>>,
) {
    while let Ok(order) = feed.recv().await {
        seen.borrow_mut().push((order, clocks.passed(), clocks.now()));
    }
}

/// How long until the next step: often at once, sometimes days.
fn gap(prng: &mut super::prng::Prng) -> Duration {
    match prng.index(10) {
        0..=4 => prng.span(Duration::from_millis(1), Duration::from_secs(3)),
        5..=7 => prng.span(Duration::from_secs(10), 2 * HOUR),
        _ => prng.span(2 * HOUR, 40 * HOUR),
    }
}
