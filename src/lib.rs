//! Packhorse: an order-fulfilment engine in one binary with one data directory.
//!
//! Live orders are actors in memory; every decision is an entry of an append-only journal that is synced before it is
//! acknowledged; checkpoints make a start fast. `README.md` says what it does, `ARCHITECTURE.md` how.
//!
//! The engine runs without HTTP, inside an actix `System`. This places an order and watches it being delivered:
//!
//! ```
//! use std::time::Duration;
//!
//! use packhorse::actors::Request;
//! use packhorse::domain::catalogue::ProductDetails;
//! use packhorse::domain::inventory::{LineRequest, OrderRequest};
//! use packhorse::domain::order::{After, Contact, Status};
//! use packhorse::domain::{money::Money, origin::Origin, text::Name};
//! use packhorse::{Engine, config::Settings};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let directory = tempfile::tempdir()?;
//! let mut settings = Settings::default();
//! settings.general.data_dir = directory.path().join("data");
//! settings.stages.pending_after = After::Span(Duration::from_millis(50));
//! settings.stages.processing_after = After::Span(Duration::from_millis(50));
//! settings.stages.shipped_after = After::Span(Duration::from_millis(50));
//!
//! actix::System::new().block_on(async {
//!     let engine = Engine::open(&settings).await?;
//!     let me = || Request::of(Origin::Client);
//!     let category = engine.create_category(me(), Name::parse("Electronics")?).await?.value.id;
//!     let (name, price) = (Name::parse("Phone")?, Money::from_minor(299_99).ok_or("too dear")?);
//!     let description = "".into();
//!     let phone = ProductDetails { name, description, price, expiry_date: None, category, archived: false };
//!     let phone = engine.create_product(me(), phone, 10).await?.value.revision.product;
//!
//!     let mut feed = engine.feed();
//!     let contact = Contact::new("Alice", "alice@example.com", "1234567890", "123 Main St")?;
//!     let lines = [LineRequest { product: phone, quantity: 2 }].into_iter().collect();
//!     let placed = engine.place(me(), vec![OrderRequest { contact, lines }]).await?.value;
//!     while feed.recv().await?.status != Status::Delivered {}
//!
//!     let delivered = engine.order(placed[0].id)?.ok_or("lost")?;
//!     assert_eq!(delivered.history.len(), 4);
//!     engine.close().await;
//!     Ok(())
//! })
//! # }
//! ```

pub mod access;
pub mod actors;
pub mod api;
pub mod app;
pub mod cli;
pub mod config;
pub mod console;
pub mod decide;
pub mod domain;
pub mod journal;
mod regular;
mod room;
pub mod secret;
pub mod spreadsheet;
pub mod store;
pub mod telemetry;
pub mod view;
pub mod web;
pub mod wire;

pub use app::Engine;
