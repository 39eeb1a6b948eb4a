//! What every handler shares: the engine once it runs, and the bounds on requests.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use actix_web::{HttpRequest, web};
use chrono_tz::Tz;

use super::error::Error;
use crate::access::{Holder, NoTurn, Share, Shares, Turns};
use crate::actors::{Clock, Fulfillment};
use crate::config::Limits;
use crate::domain::time::Timestamp;
use crate::wire::render::SettingRow;

/// Scans of many orders, or of what left memory, that may run at once; further ones wait.
const SCANS_MAX: usize = 16;

/// Large bodies that may be read, and large answers written, at once; further ones wait, but for no scan.
const CONVERSIONS_MAX: usize = 8;

/// So many of the largest bodies may be held in memory at once; beyond that, and beyond the share of the caller, what
/// arrives is refused.
const BODIES_MAX: usize = 8;

fn kib(bytes: usize) -> usize {
    bytes.div_ceil(1024)
}

/// What a server runs with, as far as its answers depend on it.
pub struct ApiOptions {
    /// Bounds on requests.
    pub limits: Limits,
    /// The zone that times are shown in, and whose days are meant.
    pub zone: Tz,
    /// How long a body may take to arrive.
    pub body_timeout: Duration,
    /// What tells the time.
    pub clock: Arc<dyn Clock>,
    /// Products with this many units or fewer available are shown as low stock.
    pub low_stock: u32,
    /// Every setting, for those who ask.
    pub settings: Vec<SettingRow>,
}

/// What stands between the API and the engine. Clones share it.
///
/// It is closed while the engine reads its data back: what needs the engine answers 503 until [`AppState::open`].
#[derive(Clone)]
pub struct AppState {
    inner: Arc<Inner>,
    /// Whose shares are taken.
    holder: Holder,
}

/// Room in memory for a body, as large as what has arrived of it. It is free again when this is dropped.
#[derive(Default)]
pub(crate) struct Lease(Option<Share>);

struct Inner {
    engine: OnceLock<Fulfillment>,
    options: ApiOptions,
    scans: Turns,
    conversions: Turns,
    /// In KiB.
    bodies: Shares,
    stopping: AtomicBool,
}

impl AppState {
    /// State without an engine: closed.
    #[must_use]
    pub fn new(options: ApiOptions) -> Self {
        let limits = &options.limits;
        let bodies = BODIES_MAX * kib(limits.bulk_body_bytes.max(limits.body_bytes));
        let inner = Inner {
            engine: OnceLock::new(),
            options,
            scans: Turns::new(SCANS_MAX),
            conversions: Turns::new(CONVERSIONS_MAX),
            bodies: Shares::new(bodies),
            stopping: AtomicBool::new(false),
        };
        Self { inner: Arc::new(inner), holder: Holder::at(None) }
    }

    /// Lets requests through to `engine`, from now on and for good: a second call changes nothing.
    pub fn open(&self, engine: Fulfillment) {
        self.inner.engine.get_or_init(|| engine);
    }

    /// Ends answers that go on for as long as somebody listens, and lets go of what waits for its turn, so that a stop
    /// need not wait for them.
    pub fn stop(&self) {
        self.inner.stopping.store(true, Ordering::Release);
        self.inner.scans.end();
        self.inner.conversions.end();
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.inner.stopping.load(Ordering::Acquire)
    }

    pub(crate) fn engine(&self) -> Option<&Fulfillment> {
        self.inner.engine.get()
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.inner.options.limits
    }

    pub(crate) fn zone(&self) -> Tz {
        self.inner.options.zone
    }

    pub(crate) fn body_timeout(&self) -> Duration {
        self.inner.options.body_timeout
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.inner.options.clock.now()
    }

    pub(crate) fn low_stock(&self) -> u32 {
        self.inner.options.low_stock
    }

    pub(crate) fn settings(&self) -> &[SettingRow] {
        &self.inner.options.settings
    }

    /// Refuses a body of `bytes` that would find no room now, before it arrives.
    pub(crate) fn expect_room(&self, bytes: usize) -> Result<(), Error> {
        if self.inner.bodies.has(&self.holder, kib(bytes)) { Ok(()) } else { Err(Error::crowded()) }
    }

    /// Makes `lease` large enough for `bytes`; refused while bodies fill what all of them together may, or what the
    /// caller may.
    pub(crate) fn extend(&self, lease: &mut Lease, bytes: usize) -> Result<(), Error> {
        let had = lease.0.as_ref().map_or(0, Share::amount);
        let Some(more) = kib(bytes).checked_sub(had).filter(|more| *more > 0) else { return Ok(()) };
        let is_given = match &mut lease.0 {
            Some(share) => share.grow(more),
            none => {
                *none = self.inner.bodies.take(&self.holder, more);
                none.is_some()
            }
        };
        if is_given { Ok(()) } else { Err(Error::crowded()) }
    }

    /// Runs what may wait for the disk, or look at very many orders, where it holds up nobody else.
    pub(crate) async fn scan<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
        self.run(&self.inner.scans, work).await
    }

    /// Runs what reads a large body, or writes a large answer, where it holds up nobody else. It waits for no scan.
    pub(crate) async fn convert<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        self.run(&self.inner.conversions, work).await
    }

    async fn run<T: Send + 'static>(
        &self,
        turns: &Turns,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        let turn = turns.wait(&self.holder).await.map_err(|none| match none {
            NoTurn::Crowded => Error::queued(),
            NoTurn::Over => Error::stopping(),
        })?;
        // The turn goes along: a client that hangs up does not end the work.
        let work = move || {
            let result = work();
            drop(turn);
            result
        };
        web::block(work).await.map_err(Error::fault)
    }

    /// The same state for whoever sent `request`: what it gives out is of their share.
    pub(crate) fn to_caller(&self, request: &HttpRequest) -> Self {
        Self { inner: self.inner.clone(), holder: Holder::of(request) }
    }

    /// The state that [`app`](crate::api::app) was made with.
    pub(crate) fn of(request: &HttpRequest) -> &Self {
        request.app_data().expect("the app carries its app")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::sync::mpsc;

    use tokio::time::timeout;

    use super::*;
    use crate::config::Settings;

    struct Standing;

    impl Clock for Standing {
        fn now(&self) -> Timestamp {
            Timestamp(0)
        }

        fn passed(&self) -> Duration {
            Duration::ZERO
        }
    }

    #[actix_web::test]
    async fn a_large_body_waits_for_no_scan() {
        let app = AppState::new(ApiOptions {
            limits: Settings::default().limits,
            zone: Tz::UTC,
            body_timeout: Duration::from_secs(30),
            clock: Arc::new(Standing),
            low_stock: 0,
            settings: Vec::new(),
        });
        let of = |last| AppState { inner: app.inner.clone(), holder: Holder::at(Some([127, 0, 0, last].into())) };
        let (mut ends, mut scans, begun) = (Vec::new(), Vec::new(), Arc::new(AtomicUsize::new(0)));
        for last in [1, 2, 3, 4].into_iter().cycle().take(2 * SCANS_MAX) {
            let ((end, ended), app, begun) = (mpsc::channel::<()>(), of(last), begun.clone());
            ends.push(end);
            let work = move || {
                begun.fetch_add(1, Ordering::Relaxed);
                ended.recv().is_err()
            };
            scans.push(actix_web::rt::spawn(async move { app.scan(work).await.ok() }));
        }
        while begun.load(Ordering::Relaxed) < SCANS_MAX {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let converted = timeout(Duration::from_secs(10), of(5).convert(|| 7)).await;
        assert_eq!(converted.expect("it waits for none of them").ok(), Some(7));
        drop(ends);
        for scan in scans {
            assert_eq!(scan.await.ok().flatten(), Some(true));
        }
    }
}
