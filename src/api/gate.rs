//! What every handler shares: the engine once it runs, and the bounds on requests.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use actix_web::{HttpRequest, web};
use chrono_tz::Tz;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::error::Error;
use super::render::SettingRow;
use crate::actors::{Clock, Fulfillment};
use crate::config::Limits;
use crate::domain::time::Timestamp;

/// Scans of many orders, or of what left memory, that may run at once; further ones wait.
const SCANS_MAX: usize = 16;

/// So many of the largest bodies may be held in memory at once; further large ones are refused.
const BODIES_MAX: usize = 8;

fn kib(bytes: usize) -> usize {
    bytes.div_ceil(1024)
}

/// What a server runs with, as far as its answers depend on it.
pub struct Setup {
    /// Bounds on requests.
    pub limits: Limits,
    /// The zone that times are shown in, and whose days are meant.
    pub zone: Tz,
    /// How long a body may take to arrive.
    pub body_timeout: Duration,
    /// What tells the time.
    pub clock: Arc<dyn Clock>,
    /// A product of which so many pieces or fewer are available runs low.
    pub low_stock: u32,
    /// Every setting, for those who ask.
    pub settings: Vec<SettingRow>,
}

/// What stands between the API and the engine. Clones share it.
///
/// It is closed while the engine reads its data back: what needs the engine answers 503 until [`Gate::open`].
#[derive(Clone)]
pub struct Gate(Arc<Inner>);

struct Inner {
    engine: OnceLock<Fulfillment>,
    setup: Setup,
    scans: Arc<Semaphore>,
    bodies: Arc<Semaphore>,
    stopping: AtomicBool,
}

impl Gate {
    /// A closed gate.
    #[must_use]
    pub fn new(setup: Setup) -> Self {
        let limits = &setup.limits;
        let bodies = BODIES_MAX * kib(limits.bulk_body_bytes.max(limits.body_bytes));
        Self(Arc::new(Inner {
            engine: OnceLock::new(),
            setup,
            scans: Arc::new(Semaphore::new(SCANS_MAX)),
            bodies: Arc::new(Semaphore::new(bodies)),
            stopping: AtomicBool::new(false),
        }))
    }

    /// Lets requests through to `engine`, from now on and for good: a second call changes nothing.
    pub fn open(&self, engine: Fulfillment) {
        self.0.engine.get_or_init(|| engine);
    }

    /// Ends answers that go on for as long as somebody listens, so that a stop need not wait for them.
    pub fn stop(&self) {
        self.0.stopping.store(true, Ordering::Release);
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.0.stopping.load(Ordering::Acquire)
    }

    pub(crate) fn engine(&self) -> Option<&Fulfillment> {
        self.0.engine.get()
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.0.setup.limits
    }

    pub(crate) fn zone(&self) -> Tz {
        self.0.setup.zone
    }

    pub(crate) fn body_timeout(&self) -> Duration {
        self.0.setup.body_timeout
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.0.setup.clock.now()
    }

    pub(crate) fn low_stock(&self) -> u32 {
        self.0.setup.low_stock
    }

    pub(crate) fn settings(&self) -> &[SettingRow] {
        &self.0.setup.settings
    }

    /// Room for a body of `bytes`; refused while large bodies fill what all of them together may.
    pub(crate) fn lease(&self, bytes: usize) -> Result<OwnedSemaphorePermit, Error> {
        let kib = u32::try_from(kib(bytes)).unwrap_or(u32::MAX);
        self.0.bodies.clone().try_acquire_many_owned(kib).map_err(|_| Error::crowded())
    }

    /// Runs what may wait for the disk, or look at very many orders, where it holds up nobody else.
    pub(crate) async fn scan<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
        let permit = self.0.scans.clone().acquire_owned().await.expect("the semaphore is never closed");
        // The permit goes along: a client that hangs up does not end the work.
        let work = move || {
            let result = work();
            drop(permit);
            result
        };
        web::block(work).await.map_err(Error::fault)
    }

    /// The gate that [`app`](super::app) was made with.
    pub(crate) fn of(request: &HttpRequest) -> &Self {
        request.app_data().expect("the app carries its gate")
    }
}
