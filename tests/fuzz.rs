//! Whatever comes in: no decoder panics, takes memory that its input does not account for, or refuses without a reason.
//!
//! Inputs begin with what the real encoders and clients write, and chance changes them: bytes, copies, cuts, splices,
//! numbers at the edge, lengths that lie. The seed decides everything. How many is up to the environment:
//!
//! ```text
//! PACKHORSE_FUZZ=1000000 cargo test --release --test fuzz -- --nocapture
//! PACKHORSE_FUZZ_SEED=7 cargo test --test fuzz entries
//! ```
//!
//! An input that fails is written to `data/fuzz/<decoder>`, whose files are run first from then on, and printed with
//! the command that runs it again.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "fuzz/console.rs"]
mod console;
#[path = "fuzz/files.rs"]
mod files;
#[path = "fuzz/harness.rs"]
mod harness;
#[path = "fuzz/journal.rs"]
mod journal;
#[path = "support/memory.rs"]
mod memory;
#[path = "fuzz/mutate.rs"]
mod mutate;
#[path = "fuzz/requests.rs"]
mod requests;
#[path = "fuzz/store.rs"]
mod store;

macro_rules! decoders {
    ($($module:ident: $($decoder:ident),+;)+) => {
        $($(
            #[test]
            fn $decoder() {
                $module::$decoder();
            }
        )+)+
    };
}

decoders! {
    requests: request_bodies, request_targets, request_headers;
    journal: entries, orders, segment_files;
    store: store_records;
    console: uploads, forms;
    files: settings_file, environment, catalogue_files;
}
