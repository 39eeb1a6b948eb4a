//! How many files this process may have open, which bounds its connections.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Open files that are kept for the journal, the store, backups and the threads, whatever the connections are.
const RESERVE: u64 = 192;

/// Raises the limit of open files as far as the system lets this process, and says how many there may be.
fn raise_limit() -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current != maximum
        && let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })
    {
        tracing::warn!(%error, "the limit of open files could not be raised");
    }
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// How many connections each of `workers` threads may have, so that all together are at most `wanted` and leave files for
/// everything else. Raises the limit of open files.
pub(super) fn connections_per_worker(wanted: usize, workers: usize) -> usize {
    let limit = raise_limit();
    let most = most(wanted, limit);
    if most < wanted {
        tracing::warn!(
            "this process may open {limit} files, so that at most {most} connections are taken instead of {wanted} \
             (http.connections_max): raise the limit, such as by `ulimit -n` or LimitNOFILE"
        );
    }
    (most / workers.max(1)).max(1)
}

/// How many connections fit, where `limit` files may be open.
fn most(wanted: usize, limit: u64) -> usize {
    let room = limit.saturating_sub(RESERVE).max(limit / 2);
    wanted.min(usize::try_from(room).unwrap_or(usize::MAX)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_for_everything_else() {
        let check = |wanted, limit, fits| assert_eq!(most(wanted, limit), fits, "{wanted} of {limit}");
        check(25_000, u64::MAX, 25_000);
        check(25_000, 1_048_576, 25_000);
        check(25_000, 1_024, 832);
        check(100, 1_024, 100);
        check(25_000, 64, 32);
        check(25_000, 0, 1);
    }
}
