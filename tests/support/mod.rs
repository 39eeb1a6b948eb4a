//! A server on a free port with a data directory of its own, in this process or in another one, and the least of an
//! HTTP client to talk to it.

mod client;
pub(crate) mod json;
pub(crate) mod library;
pub(crate) mod process;
pub(crate) mod served;

use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread::JoinHandle;

use packhorse::app::Server;
use packhorse::config::Settings;
use packhorse::domain::order::After;
use tempfile::TempDir;
use tokio::sync::oneshot;

pub(crate) use client::{Reply, connect_from, exchange, parse, send, try_send};
pub(crate) use json::Json;

/// A running server. It stops, and its data directory goes, when this is dropped.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    directory: Option<TempDir>,
}

impl Running {
    /// Orders stay in their stage until somebody moves them.
    pub(crate) fn start() -> Self {
        Self::with(|_| {})
    }

    /// As [`Running::start`], with what `adjust` makes of the settings.
    pub(crate) fn with(adjust: impl FnOnce(&mut Settings)) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut settings = Settings::default();
        settings.general.listen = "127.0.0.1:0".parse().unwrap();
        settings.general.data_dir = directory.path().join("data");
        settings.stages.pending_after = After::Manual;
        settings.stages.processing_after = After::Manual;
        settings.stages.shipped_after = After::Manual;
        settings.http.workers = 2;
        adjust(&mut settings);
        let (started, address) = mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            actix::System::new().block_on(async move {
                let server = Server::start(&settings).await.unwrap();
                started.send(server.address).unwrap();
                stopped.await.ok();
                server.stop().await;
            });
        });
        let address = address.recv().expect("the server starts");
        Self { address, stop: Some(stop), thread: Some(thread), directory: Some(directory) }
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        self.send("GET", path, &[], "")
    }

    pub(crate) fn post(&self, path: &str, body: &str) -> Reply {
        self.send("POST", path, &[], body)
    }

    pub(crate) fn patch(&self, path: &str, body: &str) -> Reply {
        self.send("PATCH", path, &[], body)
    }

    pub(crate) fn put(&self, path: &str, body: &str) -> Reply {
        self.send("PUT", path, &[], body)
    }

    pub(crate) fn delete(&self, path: &str) -> Reply {
        self.send("DELETE", path, &[], "")
    }

    /// A body, where there is one, is JSON unless `headers` say otherwise.
    pub(crate) fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        client::send(self.address, method, path, headers, body.as_bytes())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.stop.take());
        let ended = self.thread.take().map(JoinHandle::join);
        if !std::thread::panicking() {
            ended.unwrap().unwrap();
        }
        drop(self.directory.take());
    }
}
