//! The console, asked over a socket as a browser would: every page answers and holds what it must, hostile names stay
//! text, forms keep what was filled in, lists lead on, and nothing comes from another host.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, unused_imports, reason = "shared with other tests, which need more of it")]
mod support;

#[path = "console/act.rs"]
mod act;
#[path = "console/assets.rs"]
mod assets;
#[path = "console/browser.rs"]
mod browser;
#[path = "console/ends.rs"]
mod ends;
#[path = "console/files.rs"]
mod files;
#[path = "console/kept.rs"]
mod kept;
#[path = "console/numbers.rs"]
mod numbers;
#[path = "console/pages.rs"]
mod pages;
#[path = "console/people.rs"]
mod people;
#[path = "console/plurals.rs"]
mod plurals;
#[path = "console/posts.rs"]
mod posts;
#[path = "console/said.rs"]
mod said;
#[path = "console/twice.rs"]
mod twice;
#[path = "console/upload.rs"]
mod upload;
