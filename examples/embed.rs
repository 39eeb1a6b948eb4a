//! The engine inside another program, without HTTP: a catalogue, an order, and its way to delivered.
//!
//! `cargo run --example embed` keeps its data in a directory that goes with it; give a path to keep it.

use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;

use packhorse::Engine;
use packhorse::actors::Request;
use packhorse::config::Settings;
use packhorse::domain::catalogue::ProductDetails;
use packhorse::domain::ids::{CategoryId, ProductId};
use packhorse::domain::inventory::{LineRequest, OrderRequest};
use packhorse::domain::money::Money;
use packhorse::domain::order::{After, Contact, Status};
use packhorse::domain::origin::Origin;
use packhorse::domain::text::Name;

fn main() -> Result<(), Box<dyn Error>> {
    let scratch = tempfile::tempdir()?;
    let data_dir = std::env::args_os().nth(1).map_or_else(|| scratch.path().join("data"), PathBuf::from);
    let mut settings = Settings::default();
    settings.general.data_dir = data_dir;
    // Half a second in each stage, so that there is something to see.
    let short = After::Span(Duration::from_millis(500));
    settings.stages.pending_after = short;
    settings.stages.processing_after = short;
    settings.stages.shipped_after = short;
    // The actors need an actix System; everything else may run anywhere.
    actix::System::new().block_on(run(&settings))
}

async fn run(settings: &Settings) -> Result<(), Box<dyn Error>> {
    let engine = Engine::open(settings).await?;
    let me = || Request::of(Origin::Client);
    let known = engine.view().products().page(ProductId(0), 1);
    let phone = if let Some(product) = known.first() {
        product.revision.product
    } else {
        let category = engine.create_category(me(), Name::parse("Electronics")?).await?.value.id;
        engine.create_product(me(), phone(category)?, 100).await?.value.revision.product
    };

    // Every change of an order from now on. Subscribe before placing, or the first one is missed.
    let mut feed = engine.feed();
    let contact = Contact::new("Alice", "alice@example.com", "1234567890", "123 Main St")?;
    let lines = [LineRequest { product: phone, quantity: 2 }].into_iter().collect();
    // The answer comes once the order is durable.
    let placed = engine.place(me(), vec![OrderRequest { contact, lines }]).await?.value;
    println!("order {} was placed for {}", placed[0].id, placed[0].total);
    loop {
        let order = feed.recv().await?;
        println!("order {} is {}", order.id, order.status);
        if order.id == placed[0].id && order.status == Status::Delivered {
            break;
        }
    }
    engine.close().await;
    Ok(())
}

fn phone(category: CategoryId) -> Result<ProductDetails, Box<dyn Error>> {
    // In cents: 299.99.
    let price = Money::from_minor(29_999).ok_or("the price has too many digits")?;
    let name = Name::parse("Phone")?;
    Ok(ProductDetails { name, description: "".into(), price, expiry_date: None, category, archived: false })
}
