//! Ending a process that has something to put right first, at a signal.

use std::future::poll_fn;
use std::io;
use std::process;
use std::task::Poll;
use std::thread;

use tokio::runtime;
use tokio::signal::unix::{SignalKind, signal};

/// A shell says so much and the number of the signal.
const SIGNALLED: i32 = 128;

/// Ends the process at the first of `signals` from now on, after `first` is done.
pub(super) fn end_at(signals: &[SignalKind], first: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    let mut listened = Vec::with_capacity(signals.len());
    {
        let _inside = runtime.enter();
        for kind in signals {
            listened.push((SIGNALLED + kind.as_raw_value(), signal(*kind)?));
        }
    }
    let wait = move || {
        let code = runtime.block_on(poll_fn(|context| {
            let mut codes = listened.iter_mut();
            let come = codes.find_map(|(code, signal)| signal.poll_recv(context).is_ready().then_some(*code));
            come.map_or(Poll::Pending, Poll::Ready)
        }));
        first();
        process::exit(code)
    };
    thread::Builder::new().name("signals".into()).spawn(wait)?;
    Ok(())
}

/// Ends this process at SIGINT, SIGTERM or SIGHUP from now on, after `first` is done.
///
/// # Errors
/// When signals cannot be received: then they end it without that.
pub fn end_at_signals(first: impl FnOnce() + Send + 'static) -> io::Result<()> {
    end_at(&[SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()], first)
}
