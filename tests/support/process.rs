//! The real binary as a process of its own.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use super::{Json, Reply, send, try_send};

pub(crate) const API: &str = "/api/inventory";

/// Orders stay in their stage until somebody moves them; checkpoints and segments come often.
pub(crate) const MANUAL: &[(&str, &str)] = &[
    ("PACKHORSE_STAGES__PENDING__AFTER", "manual"),
    ("PACKHORSE_STAGES__PROCESSING__AFTER", "manual"),
    ("PACKHORSE_STAGES__SHIPPED__AFTER", "manual"),
    ("PACKHORSE_CHECKPOINT__INTERVAL", "200ms"),
    ("PACKHORSE_JOURNAL__SEGMENT_BYTES", "1 MiB"),
];

/// The binary under test: `CRASH_BINARY` names another one than the one built beside the tests, such as a release
/// build.
pub(crate) fn binary() -> PathBuf {
    std::env::var_os("CRASH_BINARY").map_or_else(|| env!("CARGO_BIN_EXE_packhorse").into(), PathBuf::from)
}

/// The command that serves `directory` on a free port.
pub(crate) fn serve(directory: &Path, settings: &[(&str, &str)]) -> Command {
    serve_under(&[], directory, settings)
}

/// As [`serve`], run by another program: `runner` is its name and its arguments.
pub(crate) fn serve_under(runner: &[&str], directory: &Path, settings: &[(&str, &str)]) -> Command {
    let mut command = match runner {
        [] => Command::new(binary()),
        [program, arguments @ ..] => {
            let mut command = Command::new(program);
            command.args(arguments).arg(binary());
            command
        }
    };
    command.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(directory);
    command.envs(settings.iter().copied()).env("RUST_LOG", "packhorse=info");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

/// What `packhorse check` says of `directory`.
pub(crate) fn check(directory: &Path) -> Output {
    Command::new(binary()).args(["check", "--data-dir"]).arg(directory).output().unwrap()
}

/// How `command` ends and what it says. It is killed, and the test fails, when that takes longer than `max`.
#[track_caller]
pub(crate) fn ended_within(max: Duration, command: &mut Command) -> Output {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let begun = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begun.elapsed() > max {
            child.kill().unwrap();
            panic!("it does not end within {max:?}: {:?}", child.wait_with_output().unwrap());
        }
        thread::sleep(Duration::from_millis(5));
    }
    child.wait_with_output().unwrap()
}

/// The body of an order of product 1.
pub(crate) fn order(name: &str, quantity: u32) -> String {
    format!(
        r#"{{"customer_name": "{name}", "customer_email": "a@example.com", "customer_phone": "1", "delivery_address": "Here", "items": [{{"product_id": 1, "quantity": {quantity}}}]}}"#
    )
}

const CATEGORY: &str = r#"{"name": "Things"}"#;

fn product(units: u32) -> String {
    format!(r#"{{"name": "Phone", "price": "299.99", "stock": {units}, "category_id": 1}}"#)
}

/// So soon after its end everything that a process logged has been read.
const LOG_ENDS_WITHIN: Duration = Duration::from_secs(30);

/// A process that may not be ready yet. It is killed, with what it started, when this is dropped.
pub(crate) struct Starting {
    child: Child,
    log: Arc<Mutex<String>>,
    ready: mpsc::Receiver<Option<SocketAddr>>,
}

/// How a process ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) log: String,
}

impl Ended {
    /// Whether it was killed, itself or the program that ran it.
    pub(crate) fn was_killed(&self) -> bool {
        self.status.signal() == Some(9)
    }
}

impl Starting {
    pub(crate) fn spawn(mut command: Command) -> Self {
        let mut child = command.process_group(0).spawn().unwrap();
        let (sender, ready) = mpsc::channel();
        let log = Arc::new(Mutex::new(String::new()));
        let (said, lines) = (log.clone(), BufReader::new(child.stderr.take().unwrap()));
        thread::spawn(move || {
            let mut listening = None;
            for line in lines.lines().map_while(Result::ok) {
                let found = line.split_once("\"address\":\"").and_then(|(_, rest)| rest.split('"').next());
                listening = listening.or_else(|| found.map(|found| found.parse::<SocketAddr>().unwrap()));
                writeln!(said.lock().unwrap(), "{line}").unwrap();
                if line.contains("\"message\":\"ready\"") {
                    sender.send(Some(listening.unwrap())).ok();
                }
            }
            sender.send(None).ok();
        });
        Self { child, log, ready }
    }

    /// Waits until it is ready, or says how it ended instead.
    pub(crate) fn ready(mut self) -> Result<Process, Ended> {
        match self.ready.recv_timeout(Duration::from_mins(1)).expect("the server says something within a minute") {
            Some(address) => Ok(Process { address, process: self }),
            None => Err(self.wait()),
        }
    }

    /// Waits for the end.
    pub(crate) fn wait(&mut self) -> Ended {
        let status = self.child.wait().unwrap();
        // What it said last may still be on its way through the pipe.
        while let Ok(Some(_)) = self.ready.recv_timeout(LOG_ENDS_WITHIN) {}
        Ended { status, log: self.log() }
    }

    /// Waits for the end, at most `max`.
    pub(crate) fn wait_at_most(&mut self, max: Duration) -> Option<Ended> {
        let begun = Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            if begun.elapsed() > max {
                return None;
            }
            thread::sleep(Duration::from_millis(5));
        }
        Some(self.wait())
    }

    /// What it logged so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Kills it when it has run for so long.
    pub(crate) fn kill_after(self, span: Duration) {
        thread::sleep(span);
        self.kill();
    }

    /// Sends `signal`, such as `-TERM`, to the process and to what it started.
    pub(crate) fn signal(&self, signal: &str) {
        Command::new("kill").args([signal, "--", &format!("-{}", self.child.id())]).stderr(Stdio::null()).status().ok();
    }
}

impl Drop for Starting {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            // What runs the server may not take it along.
            self.signal("-KILL");
            self.child.wait().ok();
        }
    }
}

/// A server process that was ready. It is killed when this is dropped.
pub(crate) struct Process {
    pub(crate) address: SocketAddr,
    pub(crate) process: Starting,
}

impl Process {
    /// Starts and waits until it is ready.
    pub(crate) fn start(directory: &Path, settings: &[(&str, &str)]) -> Self {
        let started = Starting::spawn(serve(directory, settings)).ready();
        started
            .unwrap_or_else(|ended| panic!("the server ended instead of being ready: {}\n{}", ended.status, ended.log))
    }

    /// A process that somebody else started, and found to be ready at `address`.
    pub(crate) fn adopt(child: Child, address: SocketAddr) -> Self {
        Self { address, process: Starting { child, log: Arc::default(), ready: mpsc::channel().1 } }
    }

    pub(crate) fn call(&self, method: &str, path: &str, body: &str) -> Reply {
        send(self.address, method, &format!("{API}{path}"), &[], body.as_bytes())
    }

    pub(crate) fn get(&self, path: &str) -> Json {
        self.call("GET", path, "").expect(200).json()
    }

    /// Makes product 1 with `units` on hand.
    pub(crate) fn stock_up(&self, units: u32) {
        self.call("POST", "/categories/", CATEGORY).expect(201);
        self.call("POST", "/products/", &product(units)).expect(201);
    }

    /// As [`Process::stock_up`]; whether both were made, for a server that may be gone.
    pub(crate) fn try_stock_up(&self, units: u32) -> bool {
        let made = |path: &str, body: &str| {
            try_send(self.address, "POST", &format!("{API}{path}"), &[], body.as_bytes())
                .is_ok_and(|it| it.status == 201)
        };
        made("/categories/", CATEGORY) && made("/products/", &product(units))
    }

    /// Every order, page by page.
    pub(crate) fn orders(&self) -> Vec<Json> {
        let (mut orders, mut cursor) = (Vec::new(), String::new());
        loop {
            let reply = self.call("GET", &format!("/orders/?limit=1000{cursor}"), "").expect(200);
            orders.extend_from_slice(reply.json().rows());
            let Some(link) = reply.header("link") else { return orders };
            let next = link.split_once("cursor=").unwrap().1;
            cursor = format!("&cursor={}", next.split(['&', '>']).next().unwrap());
        }
    }

    pub(crate) fn kill(self) {
        self.process.kill();
    }

    /// Stops it by a signal, and says how it ended.
    pub(crate) fn stop(mut self, signal: &str) -> Ended {
        self.process.signal(signal);
        self.process.wait()
    }
}
