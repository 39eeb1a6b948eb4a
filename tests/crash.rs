//! Crash tests on the real binary. After each crash: it starts unaided, everything acknowledged is present and equal,
//! stock agrees, no id is reused, and no idempotency key was applied twice. `docs/proof.md` tells what each kind does,
//! and how it is run short, long, and again from a seed.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "crash/cache.rs"]
mod cache;
#[path = "crash/calls.rs"]
mod calls;
#[path = "crash/cases.rs"]
mod cases;
#[path = "crash/flips.rs"]
mod flips;
#[path = "crash/full.rs"]
mod full;
#[path = "crash/kills.rs"]
mod kills;
#[path = "crash/lost.rs"]
mod lost;
#[path = "crash/mount.rs"]
mod mount;
#[path = "crash/owners.rs"]
mod owners;
#[path = "crash/power.rs"]
mod power;
#[path = "crash/room.rs"]
mod room;
#[path = "crash/shim.rs"]
mod shim;
#[path = "crash/slow_disk.rs"]
mod slow_disk;
#[expect(dead_code, unused_imports, reason = "shared with other tests, which need more of it")]
mod support;
#[path = "crash/upload.rs"]
mod upload;
#[path = "crash/witness.rs"]
mod witness;
