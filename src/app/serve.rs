//! The server: the engine behind its REST API, from the first byte of a start to the last of a graceful stop.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix::System;
use actix_web::dev::ServerHandle;
use rustix::process::Signal;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;

use crate::access::{AccessGuard, Open, Options};
use crate::actors::Readiness;
use crate::api;
use crate::config::{self, Access, Settings};
use crate::console::{self, Console};
use crate::domain::ids::OrderId;
use crate::domain::inventory::Opening;
use crate::journal::{DataDirectory, DirectoryError};
use crate::web::{ApiOptions, AppState};
use crate::wire::SettingRow;

use super::SystemClock;
use super::clock::expect_right;
use super::connections;
use super::demo::{self, DemoUser};
use super::engine::{Engine, Found, OpenError, aside};
use super::error::Error;
use super::open_files;
use super::tls::Certificate;

/// How often the journal is asked whether it is poisoned.
const POISON_CHECK: Duration = Duration::from_millis(250);
/// How long `/readyz` shows why before a poisoned process ends.
const POISON_SHOWN: Duration = Duration::from_secs(2);

/// A server that is running.
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    engine: Engine,
    guard: AccessGuard,
    app: AppState,
    handle: ServerHandle,
    task: JoinHandle<io::Result<()>>,
    tls: Option<Certificate>,
}

impl Server {
    /// Listens, and answers 503 until the data directory is read back and the actors run.
    pub async fn start(settings: &Settings) -> Result<Self, Error> {
        Ok(Self::start_with(settings, access_options(settings), None).await?.0)
    }

    /// As [`Server::start`]; fills an empty data directory with the catalogue of a `demo` before anything is answered.
    async fn start_with(
        settings: &Settings,
        options: Options,
        demo: Option<Vec<Opening>>,
    ) -> Result<(Self, Option<DemoUser>), Error> {
        // Before the first thread that dates answers.
        expect_right(&SystemClock).map_err(OpenError::from)?;
        let app = AppState::new(ApiOptions {
            limits: settings.limits.clone(),
            zone: settings.general.time_zone,
            body_timeout: settings.http.body_timeout,
            clock: Arc::new(SystemClock),
            low_stock: settings.stock.low,
            settings: setting_rows(settings),
        });
        let guard = AccessGuard::new(options, Some(console::PATHS), Arc::new(SystemClock));
        let tls = Certificate::load(&settings.tls)?;
        let listen = settings.general.listen;
        let bind_error = |error| Error::Bind { address: listen, error };
        let console = Console::new(app.clone(), settings.stages.policy());
        let connections_max = settings.http.connections_max;
        let limit = open_files::raise();
        if let Some(needed) = open_files::missed(settings.http.workers + settings.engine.arbiters, limit) {
            return Err(Error::FewFiles { limit: limit.unwrap_or_default(), needed });
        }
        let total = open_files::connections(connections_max, settings.http.workers, limit);
        let listener = connections::listen(listen).map_err(bind_error)?;
        let address = listener.local_addr().map_err(bind_error)?;
        let server = {
            let (app, guard) = (app.clone(), guard.clone());
            let factory = move || api::app(app.clone(), guard.clone()).configure(|config| console.configure(config));
            let tls = tls.as_ref().map(Certificate::config).transpose()?;
            connections::serve(listener, total, settings.http.clone(), tls, factory).map_err(bind_error)?
        };
        let handle = server.handle();
        let task = actix::spawn(server);
        let data_dir = settings.general.data_dir.display();
        tracing::info!(listen = %address, %data_dir, "starting; until it is ready, requests are answered with 503");
        match open(settings, address, demo).await {
            Ok((engine, demo)) => {
                guard.open(engine.fulfillment().clone());
                app.open(engine.fulfillment().clone());
                tracing::info!(%address, %data_dir, "listening");
                tracing::info!(sequence = engine.view().applied(), "ready");
                Ok((Self { address, engine, guard, app, handle, task, tls }, demo))
            }
            Err(error) => {
                handle.stop(false).await;
                Err(error)
            }
        }
    }

    /// Reads certificate and key again. Those in use stay where that fails.
    pub fn reload(&self) {
        let Some(tls) = &self.tls else {
            tracing::info!("nothing to read again: connections are not encrypted");
            return;
        };
        match tls.reload() {
            Ok(()) => tracing::info!("certificate and key were read again"),
            Err(error) => tracing::error!(%error, "certificate and key were not read again; those before stay in use"),
        }
    }

    /// The engine behind it.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Stops: takes no new request, answers those under way, writes a checkpoint.
    pub async fn stop(self) {
        self.stop_until(std::future::pending()).await;
    }

    /// As [`Server::stop`]; requests that are still under way when somebody is `hurried` get no answer.
    async fn stop_until(self, hurried: impl Future<Output = ()>) {
        self.app.stop();
        let answered = async {
            self.handle.stop(true).await;
            match self.task.await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::error!(%error, "the HTTP server failed while it stopped"),
                Err(error) => tracing::error!(%error, "the HTTP server panicked while it stopped"),
            }
        };
        tokio::select! {
            () = answered => {}
            () = hurried => tracing::warn!("a second signal: requests that are under way get no answer"),
        }
        self.engine.close().await;
        let sequence = self.engine.view().applied();
        // With the last of these the store is closed, which waits for the disk.
        let Self { engine, guard, app, .. } = self;
        let closed = tokio::task::spawn_blocking(move || drop((engine, guard, app))).await;
        if let Err(error) = closed {
            tracing::error!(%error, "closing the data directory panicked");
        }
        tracing::info!(sequence, "stopped");
    }

    async fn poisoned(&self) -> String {
        loop {
            if let Readiness::Poisoned(why) = self.engine.readiness() {
                return why;
            }
            tokio::time::sleep(POISON_CHECK).await;
        }
    }
}

/// What a server that takes requests says of itself.
#[derive(Debug)]
pub struct Started {
    /// Where it listens.
    pub address: SocketAddr,
    /// The id that the next order gets.
    pub order_next: OrderId,
    /// Whether the API asks nobody who they are.
    pub is_api_open: bool,
    /// The user of the demo, where it is one.
    pub demo: Option<DemoUser>,
}

/// From now on SIGHUP ends nothing: before [`serve`] waits for it, it is for nobody. And a file that reaches the limit
/// of its size (`ulimit -f`, `LimitFSIZE=`) is an error of the write, as a full disk is, and not the end of the
/// process.
///
/// # Errors
/// When the system refuses it.
pub fn outlive_signals() -> Result<(), Error> {
    // The handlers outlive the runtime that it takes to set them.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().map_err(Error::Signals)?;
    let _inside = runtime.enter();
    let kinds = [SignalKind::hangup(), SignalKind::from_raw(Signal::XFSZ.as_raw())];
    kinds.into_iter().try_for_each(|kind| signal(kind).map(drop)).map_err(Error::Signals)
}

/// Serves until a signal asks for a stop, or the journal fails. `demo`, where given, fills an empty data directory and
/// opens the API on this machine to be tried as long as nobody but the demo's own user is there; `started` is called
/// once requests are taken. Runs the actix System on the calling thread.
///
/// # Errors
/// When it cannot start, and when the journal fails.
pub fn serve(
    settings: &Settings,
    demo: Option<Vec<Opening>>,
    started: impl FnOnce(Started) -> io::Result<()>,
) -> Result<(), Error> {
    System::new().block_on(serve_until_told(settings, demo, started))
}

async fn serve_until_told(
    settings: &Settings,
    demo: Option<Vec<Opening>>,
    started: impl FnOnce(Started) -> io::Result<()>,
) -> Result<(), Error> {
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Error::Signals)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(Error::Signals)?;
    let mut hangup = signal(SignalKind::hangup()).map_err(Error::Signals)?;
    let starting = async {
        let mut options = access_options(settings);
        if demo.is_some() && options.open == Open::UntilClosed {
            options.open = Open::Demo;
        }
        Server::start_with(settings, options, demo).await
    };
    let (server, demo) = tokio::select! {
        started = starting => started?,
        // Nothing was acknowledged yet, and what is on disk stays as it is.
        _ = interrupt.recv() => return Ok(()),
        _ = terminate.recv() => return Ok(()),
    };
    let order_next = OrderId(server.engine.view().products().inventory().order_last).next();
    let is_api_open = server.guard.is_api_open();
    let is_demo_new = matches!(demo, Some(DemoUser::Made(_)));
    if let Err(error) = started(Started { address: server.address, order_next, is_api_open, demo }) {
        server.stop().await;
        return Err(if is_demo_new { Error::DemoUnseen(error) } else { Error::Output(error) });
    }
    let reloading = async {
        while hangup.recv().await.is_some() {
            server.reload();
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = reloading => {}
        _ = interrupt.recv() => tracing::info!(signal = "SIGINT", "stopping"),
        _ = terminate.recv() => tracing::info!(signal = "SIGTERM", "stopping"),
        why = server.poisoned() => {
            tracing::error!(%why, "the journal is poisoned; nothing more is acknowledged");
            tokio::time::sleep(POISON_SHOWN).await;
            return Err(Error::Poisoned(why));
        }
    }
    let hurried = async {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    };
    server.stop_until(hurried).await;
    Ok(())
}

/// The settings in force, for people.
fn setting_rows(settings: &Settings) -> Vec<SettingRow> {
    let row = |(key, value): (&config::Key, &str)| SettingRow {
        name: key.name(),
        value: value.into(),
        default: key.default.into(),
        allowed: key.allowed(),
        meaning: key.meaning.trim().replace('`', ""),
    };
    settings.in_force().map(row).collect()
}

fn access_options(settings: &Settings) -> Options {
    Options {
        open: match settings.general.access {
            Access::Required => Open::Never,
            Access::Open | Access::InsecureOpen => Open::UntilClosed,
        },
        is_loopback: settings.general.listen.ip().is_loopback(),
        is_secure: settings.tls.certificate.is_some(),
        session_idle: settings.sessions.idle,
        session_age: settings.sessions.age,
        sessions_max: settings.sessions.max,
        per_key: settings.rate.per_key,
        per_address: settings.rate.per_address,
        origins: settings.cors.origins.clone(),
        body_timeout: settings.http.body_timeout,
    }
}

/// The engine on the data directory of `settings`, filled where this is a `demo`. Whether `address` may be served is
/// judged before anything happens: a start that is refused fires no timer.
async fn open(
    settings: &Settings,
    address: SocketAddr,
    demo: Option<Vec<Opening>>,
) -> Result<(Engine, Option<DemoUser>), Error> {
    expect_safe_to_make(settings, address).await?;
    let found = Found::read(settings, Arc::new(SystemClock)).await?;
    let gets_an_admin = demo.is_some() && found.view().applied() == 0;
    expect_safe(settings.general.access, address, found.view().access().is_open(), gets_an_admin)?;
    if settings.tls.certificate.is_none() && !address.ip().is_loopback() {
        tracing::warn!(%address, "connections are not encrypted: keys, passwords and cookies can be read on the way");
    }
    let engine = found.start(settings).await?;
    let Some(openings) = demo else { return Ok((engine, None)) };
    match demo::fill(&engine, openings).await {
        Ok(user) => Ok((engine, Some(user))),
        Err(error) => {
            engine.close().await;
            Err(error)
        }
    }
}

/// Refuses, before a data directory is made, what would be refused with the new one, in which nobody is.
async fn expect_safe_to_make(settings: &Settings, address: SocketAddr) -> Result<(), Error> {
    if settings.general.access != Access::Open || address.ip().is_loopback() {
        return Ok(());
    }
    let path = settings.general.data_dir.clone();
    match aside(move || DataDirectory::journal_beside(&path)).await? {
        Err(DirectoryError::Missing { .. }) => Err(Error::Unprotected { address }),
        // Whatever else is the matter with it, the start finds.
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Refuses to serve everybody who can reach `address`, unless somebody wants just that. It `is_open` while neither a
/// user nor a key was ever made.
fn expect_safe(access: Access, address: SocketAddr, is_open: bool, gets_an_admin: bool) -> Result<(), Error> {
    match access {
        Access::InsecureOpen if is_open => {
            tracing::warn!(%address, "INSECURE: everybody who reaches this address may do everything; add a user or a key");
        }
        Access::Required if is_open && !gets_an_admin => {
            tracing::warn!(
                "nobody is let in: access is required, and there is neither a user nor a key; stop, then run `packhorse user add` or `packhorse key add`"
            );
        }
        Access::Open if is_open && !address.ip().is_loopback() => return Err(Error::Unprotected { address }),
        Access::Open | Access::Required | Access::InsecureOpen => {}
    }
    Ok(())
}
