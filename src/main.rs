//! The program: one call into the library, which does everything else.

use std::env;
use std::process::ExitCode;

/// Many small allocations from many threads are what this allocator is good at.
#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    packhorse::cli::run(env::args_os())
}
