//! `packhorse load`: offers orders to a running server, measures the answers, and compares what the server then says
//! with what it acknowledged.
//!
//! | file | what |
//! |---|---|
//! | `target` | where the server is, and whether it may be loaded |
//! | `wire` | the least of an HTTP/1.1 client: one connection, one exchange at a time |
//! | `workload` | the requests, made before the clock starts, and what each asks for |
//! | `drive` | the connections: closed loop, or open loop at a fixed rate |
//! | `tally` | what was answered, and how long it took |
//! | `server` | what the server says of its products and orders |
//! | `verify` | whether the two agree |
//! | `report` | the summary, for people and for programs |

mod drive;
mod report;
mod server;
mod tally;
mod target;
mod verify;
mod wire;
mod workload;

use std::io::{self, Write};
use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};
use std::sync::Arc;

use anyhow::Context;
use clap::Args;

pub(super) use target::NotLoopback;

use crate::cli::pipe::unless_closed;
use drive::{Drive, Pace};
use report::Report;
use server::Server;
use target::Target;
use wire::Caller;
use workload::Workload;

/// The variable that holds the API key.
const KEY: &str = "PACKHORSE_KEY";

/// The flags of `load`.
#[derive(Debug, Args)]
#[command(after_help = "A server that asks who calls takes the API key in PACKHORSE_KEY.\n\n\
    Examples:\n  \
    packhorse load --url http://127.0.0.1:8080 --orders 10000\n  \
    packhorse load --url http://127.0.0.1:8080 --orders 100000 --bulk 1000 --keys --json")]
pub(super) struct Load {
    /// Server to load, by scheme, host and port
    #[arg(long, value_name = "URL")]
    url: Target,
    /// Orders to offer, all requests together
    #[arg(long, value_name = "N")]
    orders: NonZeroU64,
    /// Orders in one request; 1 places them one by one
    #[arg(long, value_name = "SIZE", default_value = "1")]
    bulk: NonZeroU32,
    /// Connections, each with one request at a time
    #[arg(long, value_name = "C", default_value = "32")]
    connections: NonZeroUsize,
    /// Requests to begin each second, however fast the answers come; without it, each connection waits for its answer
    #[arg(long, value_name = "R")]
    rate: Option<NonZeroU32>,
    /// Product to put all demand on; without it, every product with stock in turn
    #[arg(long, value_name = "ID")]
    product: Option<u64>,
    /// Threads that the connections are spread over
    #[arg(long, value_name = "T", default_value = "1")]
    threads: NonZeroUsize,
    /// Give each request an idempotency key of its own, as clients do that repeat requests
    #[arg(long)]
    keys: bool,
    /// Print the summary as JSON
    #[arg(long)]
    json: bool,
    /// Allow a server that is not on this machine
    #[arg(long)]
    anywhere: bool,
}

impl Load {
    /// Offers the orders. Fails where the server's numbers do not match what it acknowledged.
    pub(super) fn run(self) -> anyhow::Result<()> {
        let address = self.url.address(self.anywhere)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let caller = Caller { host: self.url.host.clone(), key: std::env::var(KEY).ok() };
        let ask = || Server::connect(address, &caller);
        let before = runtime
            .block_on(async { ask().await?.snapshot().await })
            .with_context(|| format!("cannot read the products of {}", self.url))?;
        let products = before.orderable(self.product)?;
        let workload = Arc::new(Workload::new(&caller, &products, self.orders, self.bulk, self.keys.then(run_of_now)));

        let pace = self.rate.map_or(Pace::Closed, Pace::Open);
        let drive = Drive { address, connections: self.connections, threads: self.threads, pace };
        let tally = drive.run(&workload)?;

        let mismatches = runtime
            .block_on(async {
                let mut server = ask().await?;
                let after = server.snapshot().await?;
                let mut mismatches = verify::compare(&before, &after, &workload, &tally);
                mismatches.extend(server.missing(&verify::sample(&tally.ids)).await?);
                io::Result::Ok(mismatches)
            })
            .with_context(|| format!("cannot read back what {} holds now", self.url))?;
        let report = Report::new(&tally, &workload, pace, mismatches);
        let mut stdout = io::stdout().lock();
        let text = if self.json { serde_json::to_string(&report)? + "\n" } else { report.to_string() };
        unless_closed(stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()))?;
        if let Some(stopped) = tally.stopped {
            anyhow::bail!("not everything was offered: {stopped}");
        }
        anyhow::ensure!(report.is_sound(), "the server's numbers do not match what it acknowledged");
        Ok(())
    }
}

/// What tells the idempotency keys of this run from those of every other.
fn run_of_now() -> u64 {
    let since = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
    since.as_secs() << 32 | u64::from(since.subsec_nanos())
}
