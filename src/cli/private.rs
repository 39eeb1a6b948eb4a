//! What this process writes is for its owner only: customers' addresses, hashes of passwords, digests of keys.

use rustix::fs::Mode;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit, umask};

/// Files and directories made from now on can be read by their owner only, and a crash leaves no core file, which would
/// hold the passwords and keys that clients sent.
///
/// Call it before any other thread runs: the mask is the process's.
pub(super) fn keep() {
    umask(Mode::RWXG | Mode::RWXO);
    let Rlimit { maximum, .. } = getrlimit(Resource::Core);
    if let Err(error) = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum }) {
        tracing::debug!(%error, "core files could not be turned off");
    }
}
