//! How many files this process may have open: connections are such, and must leave some to the journal and the store.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What is not a connection: the journal, the store, backups, sockets that are listened on, what a library opens.
const RESERVE: u64 = 256;
/// What each thread of the HTTP server needs for itself.
const RESERVE_PER_WORKER: u64 = 8;

/// Raises the limit as far as the system lets this process, and says what it is; `None` without one.
pub(super) fn raise() -> Option<u64> {
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
        if let Err(error) = setrlimit(Resource::Nofile, raised) {
            tracing::warn!(%error, now = limit.current, "the limit of open files could not be raised");
        }
    }
    getrlimit(Resource::Nofile).current
}

/// Without so many files a start cannot even open what it needs for itself.
const MIN: u64 = 40;
/// And so many for each thread that carries out requests or orders.
const MIN_PER_THREAD: u64 = 5;

/// How many files a server with so many `threads` needs that may open only fewer, by its `limit`.
pub(super) fn missed(threads: usize, limit: Option<u64>) -> Option<u64> {
    let needed = MIN + MIN_PER_THREAD * threads as u64;
    limit.filter(|limit| *limit < needed).map(|_| needed)
}

/// How many connections may be open at once, of `asked` ones, where `limit` files may be open.
pub(super) fn connections(asked: usize, workers: usize, limit: Option<u64>) -> usize {
    let Some(limit) = limit else { return asked };
    let reserve = RESERVE + RESERVE_PER_WORKER * workers as u64;
    // On a machine that gives next to nothing, half is better than none.
    let left = limit.saturating_sub(reserve).max(limit / 2).max(1);
    let left = usize::try_from(left).unwrap_or(usize::MAX);
    if asked > left {
        tracing::warn!(
            asked,
            taken = left,
            limit,
            "fewer connections are taken than http.connections_max says: this process may open no more files. \
             Raise the limit (ulimit -n, LimitNOFILE=), or lower http.connections_max"
        );
    }
    asked.min(left)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_for_the_journal() {
        assert_eq!(connections(25_000, 2, None), 25_000);
        assert_eq!(connections(25_000, 2, Some(1 << 20)), 25_000);
        assert_eq!(connections(25_000, 2, Some(1_024)), 1_024 - 256 - 16);
        assert_eq!(connections(100, 2, Some(1_024)), 100);
        assert_eq!(connections(25_000, 64, Some(256)), 128);
    }

    #[test]
    fn a_server_needs_files_for_each_of_its_threads() {
        assert_eq!([missed(4, None), missed(4, Some(60)), missed(4, Some(59))], [None, None, Some(60)]);
        assert_eq!(missed(32, Some(64)), Some(200));
    }

    #[test]
    fn the_limit_is_raised_to_what_the_system_allows() {
        let raised = raise();
        assert_eq!(raised, getrlimit(Resource::Nofile).maximum);
    }
}
