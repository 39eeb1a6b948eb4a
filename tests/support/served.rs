//! The real binary, serving a data directory as a process of its own.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::{Json, Reply, send};

/// Where the API is.
pub(crate) const API: &str = "/api/inventory";

/// How long a start may take.
const START_MAX: Duration = Duration::from_mins(5);

/// A server process. It is killed when this is dropped.
pub(crate) struct Served {
    pub(crate) child: Child,
    pub(crate) address: SocketAddr,
}

/// Runs a command of the binary to its end.
pub(crate) fn packhorse(arguments: &[&dyn AsRef<std::ffi::OsStr>]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_packhorse"));
    command.args(arguments).output().unwrap()
}

/// What a command printed, when it was done.
#[track_caller]
pub(crate) fn done(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// What a command said when it ended with `code`.
#[track_caller]
pub(crate) fn refused(output: &Output, code: i32) -> String {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{said}");
    said
}

impl Served {
    /// Starts, and waits until it is ready.
    pub(crate) fn start(directory: &Path, settings: &[(&str, &str)]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_packhorse"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(directory);
        command.envs(settings.iter().copied()).env("RUST_LOG", "packhorse=info");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (ready, address) = mpsc::channel();
        let log = BufReader::new(child.stderr.take().unwrap());
        thread::spawn(move || {
            let mut listening = None;
            let mut said = Vec::new();
            for line in log.lines().map_while(Result::ok) {
                let found = line.split_once("\"address\":\"").and_then(|(_, rest)| rest.split('"').next());
                listening = listening.or_else(|| found.map(|found| found.parse::<SocketAddr>().unwrap()));
                if line.contains("\"message\":\"ready\"") {
                    ready.send(Ok(listening.unwrap())).ok();
                }
                said.push(line);
            }
            ready.send(Err(said.join("\n"))).ok();
        });
        let address = address.recv_timeout(START_MAX).expect("the server says something");
        Self { child, address: address.unwrap_or_else(|log| panic!("the server ended instead of being ready:\n{log}")) }
    }

    pub(crate) fn call(&self, method: &str, path: &str, body: &str) -> Reply {
        send(self.address, method, &format!("{API}{path}"), &[], body.as_bytes())
    }

    pub(crate) fn get(&self, path: &str) -> Json {
        self.call("GET", path, "").expect(200).json()
    }

    /// Makes product 1 with `units` on hand.
    pub(crate) fn stock_up(&self, units: u32) {
        self.call("POST", "/categories/", r#"{"name": "Things"}"#).expect(201);
        let product = format!(r#"{{"name": "Phone", "price": "299.99", "stock": {units}, "category_id": 1}}"#);
        self.call("POST", "/products/", &product).expect(201);
    }

    /// Asks it to stop, and waits until it has.
    pub(crate) fn stop(mut self) {
        let sent = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
