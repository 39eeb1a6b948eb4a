//! The connections, and when each of them sends what.
//!
//! Closed loop: a connection sends its next request when it has the answer to the last one, so that a slow server is
//! offered less. Open loop: request `n` is due `n / rate` seconds after the start, whoever sends it then, and its
//! latency counts from that moment. Where all connections are busy it waits, and that waiting is part of its latency:
//! a server that stops for a second is seen to have made everybody wait, not only the one request that met it.

use std::io::{self, IsTerminal};
use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use parking_lot::Mutex;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::tally::Tally;
use super::wire::Connection;
use super::workload::Workload;

/// The longest that a connection waits because a busy server asks it to.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(1);
/// How often the bar on the terminal moves.
const BAR_EVERY: Duration = Duration::from_millis(50);

/// When requests are sent.
#[derive(Clone, Copy, Debug)]
pub(super) enum Pace {
    /// When the answer to the last one is there.
    Closed,
    /// So many each second.
    Open(NonZeroU32),
}

/// What sends the requests.
#[derive(Clone, Copy, Debug)]
pub(super) struct Drive {
    pub(super) address: SocketAddr,
    pub(super) connections: NonZeroUsize,
    pub(super) threads: NonZeroUsize,
    pub(super) pace: Pace,
}

/// What all connections share.
struct Run {
    workload: Arc<Workload>,
    address: SocketAddr,
    pace: Pace,
    begun: OnceLock<Instant>,
    /// The request that is sent next.
    next: AtomicU64,
    /// Orders that were dealt with, for the bar.
    done: AtomicU64,
    /// Connections that still send.
    sending: AtomicUsize,
    /// Requests that are due, in the open loop.
    due: Semaphore,
}

impl Drive {
    /// Sends all requests of `workload`. The clock starts once every connection stands.
    pub(super) fn run(&self, workload: &Arc<Workload>) -> anyhow::Result<Tally> {
        let threads = self.threads.min(self.connections).get();
        let run = Arc::new(Run {
            workload: workload.clone(),
            address: self.address,
            pace: self.pace,
            begun: OnceLock::new(),
            next: AtomicU64::new(0),
            done: AtomicU64::new(0),
            sending: AtomicUsize::new(self.connections.get()),
            due: Semaphore::new(0),
        });
        let gate = Barrier::new(threads + 1);
        thread::scope(|scope| {
            let mut sides = Vec::with_capacity(threads);
            for side in 0..threads {
                let count = self.connections.get() / threads + usize::from(side < self.connections.get() % threads);
                let (run, gate) = (run.clone(), &gate);
                sides.push(scope.spawn(move || drive(&run, count, gate)));
            }
            gate.wait();
            let begun = *run.begun.get_or_init(Instant::now);
            gate.wait();
            if let Pace::Open(rate) = self.pace {
                let run = run.clone();
                scope.spawn(move || pace(&run, begun, rate));
            }
            show(&run, || sides.iter().all(thread::ScopedJoinHandle::is_finished));
            let mut tally = Tally::new(workload.shapes());
            for side in sides {
                let (part, ended) = side.join().map_err(|_| anyhow::anyhow!("a thread of connections panicked"))??;
                tally.add(part);
                tally.took = tally.took.max(ended.saturating_duration_since(begun));
            }
            Ok(tally)
        })
    }
}

/// Opens `count` connections, waits at the gate for the others, and drives them to the end.
fn drive(run: &Arc<Run>, count: usize, gate: &Barrier) -> io::Result<(Tally, Instant)> {
    let opened = open(run.address, count);
    if opened.is_err() {
        run.sending.fetch_sub(count, Ordering::AcqRel);
    }
    gate.wait();
    gate.wait();
    let (runtime, connections) = opened?;
    let tally = Arc::new(Mutex::new(Tally::new(run.workload.shapes())));
    runtime.block_on(async {
        let mut tasks = JoinSet::new();
        for connection in connections {
            let (run, tally) = (run.clone(), tally.clone());
            tasks.spawn(async move {
                let stopped = run.send_all(connection, &tally).await.err();
                run.sending.fetch_sub(1, Ordering::AcqRel);
                stopped
            });
        }
        while let Some(ended) = tasks.join_next().await {
            if let Some(error) = ended.map_err(io::Error::other)? {
                tally.lock().stopped.get_or_insert_with(|| error.to_string());
            }
        }
        io::Result::Ok(())
    })?;
    let mut tally = tally.lock();
    Ok((std::mem::replace(&mut tally, Tally::new(0)), Instant::now()))
}

fn open(address: SocketAddr, count: usize) -> io::Result<(Runtime, Vec<Connection>)> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let connections = runtime.block_on(async {
        let mut connections = Vec::with_capacity(count);
        for _ in 0..count {
            connections.push(Connection::open(address).await?);
        }
        io::Result::Ok(connections)
    })?;
    Ok((runtime, connections))
}

impl Run {
    /// Sends requests over `connection` until none is left. An error means that the server cannot be reached any more.
    async fn send_all(&self, mut connection: Connection, tally: &Mutex<Tally>) -> io::Result<()> {
        while let Some((nth, since)) = self.next().await {
            let (number, shape) = self.workload.shape(nth);
            tally.lock().sent(since.elapsed());
            let answered = connection.exchange(&self.workload.bytes(nth, shape)).await;
            self.done.fetch_add(shape.orders.into(), Ordering::Relaxed);
            if let Ok(reply) = answered {
                tally.lock().answered(number, shape.orders, reply.status, reply.body, since.elapsed());
                let closes = reply.closes;
                if let (Pace::Closed, Some(wait)) = (self.pace, reply.retry_after) {
                    tokio::time::sleep(wait.min(RETRY_AFTER_MAX)).await;
                }
                if closes {
                    connection = Connection::open(self.address).await?;
                }
            } else {
                // Which of the many reasons it was, the server's log says; that the answer is missing is what counts.
                tally.lock().unanswered(number);
                connection = Connection::open(self.address).await?;
            }
        }
        Ok(())
    }

    /// The number of the next request, and since when it is due.
    async fn next(&self) -> Option<(u64, Instant)> {
        if let Pace::Open(_) = self.pace {
            // The semaphore is never closed.
            self.due.acquire().await.ok()?.forget();
        }
        let nth = self.next.fetch_add(1, Ordering::Relaxed);
        let since = match self.pace {
            Pace::Closed => Instant::now(),
            Pace::Open(rate) => *self.begun.get()? + due_after(nth, rate),
        };
        (nth < self.workload.requests).then_some((nth, since))
    }
}

/// Makes requests due, `rate` a second, and in the end one for each connection, which thereby learns that there are no
/// more. A thread that sleeps is more exact than the timers of a runtime, which count whole milliseconds.
fn pace(run: &Run, begun: Instant, rate: NonZeroU32) {
    let mut made = 0;
    while made < run.workload.requests && run.sending.load(Ordering::Acquire) > 0 {
        thread::sleep((begun + due_after(made, rate)).saturating_duration_since(Instant::now()));
        let due = due_by(begun.elapsed(), rate).clamp(made + 1, run.workload.requests);
        run.due.add_permits(usize::try_from(due - made).unwrap_or(usize::MAX));
        made = due;
    }
    run.due.add_permits(run.sending.load(Ordering::Acquire));
}

/// When request `nth` is due.
fn due_after(nth: u64, rate: NonZeroU32) -> Duration {
    let nanos = u128::from(nth) * 1_000_000_000 / u128::from(rate.get());
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

/// How many requests are due when `elapsed` has passed.
fn due_by(elapsed: Duration, rate: NonZeroU32) -> u64 {
    u64::try_from(elapsed.as_nanos() * u128::from(rate.get()) / 1_000_000_000 + 1).unwrap_or(u64::MAX)
}

/// Shows on a terminal how far everything has come, until it `is_over`.
fn show(run: &Run, is_over: impl Fn() -> bool) {
    let bar = if io::stderr().is_terminal() {
        let style = ProgressStyle::with_template("{wide_bar} {pos} of {len} orders, {per_sec}, {eta} left")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        ProgressBar::new(run.workload.orders).with_style(style)
    } else {
        ProgressBar::hidden()
    };
    while !is_over() {
        bar.set_position(run.done.load(Ordering::Relaxed));
        thread::sleep(BAR_EVERY);
    }
    bar.finish_and_clear();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_due_at_an_even_pace() {
        let rate = NonZeroU32::new(4_000).unwrap();
        for (nth, micros) in [(0, 0), (1, 250), (4_000, 1_000_000), (400_000_000, 100_000_000_000)] {
            assert_eq!(due_after(nth, rate), Duration::from_micros(micros));
            assert_eq!(due_by(due_after(nth, rate), rate), nth + 1);
        }
        assert_eq!(due_by(Duration::from_micros(249), rate), 1);
    }

    #[test]
    fn no_request_is_due_before_its_time_at_an_uneven_rate() {
        let rate = NonZeroU32::new(3).unwrap();
        for nth in 0..100 {
            assert!(due_by(due_after(nth, rate) + Duration::from_nanos(1), rate) > nth);
            assert!(due_by(due_after(nth, rate), rate) <= nth + 1);
        }
    }
}
