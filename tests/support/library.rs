//! The engine as a library, and everything that a client of it can see.

use std::path::Path;
use std::sync::Arc;

use actix::System;
use packhorse::Engine;
use packhorse::actors::Request;
use packhorse::config::Settings;
use packhorse::domain::catalogue::ProductDetails;
use packhorse::domain::ids::{CategoryId, OrderId, ProductId};
use packhorse::domain::inventory::{LineRequest, OrderRequest};
use packhorse::domain::money::Money;
use packhorse::domain::order::{After, Contact, ContactPatch, Field, Order, PerStatus, Status};
use packhorse::domain::origin::Origin;
use packhorse::domain::stock::{Adjustment, Movement, Target};
use packhorse::domain::text::{CategoryName, ProductName};
use packhorse::view::{ArchiveError, OrderQuery, Product};

/// Settings for `directory`: small segments, and orders stay in their stage until somebody moves them.
pub(crate) fn settings(directory: &Path) -> Settings {
    let mut settings = Settings::default();
    directory.clone_into(&mut settings.general.data_dir);
    settings.journal.segment_bytes = 1 << 20;
    settings.stages.pending_after = After::Manual;
    settings.stages.processing_after = After::Manual;
    settings.stages.shipped_after = After::Manual;
    settings
}

/// A request without a key.
pub(crate) fn client() -> Request {
    Request::of(Origin::Client)
}

/// So many orders of product 1.
pub(crate) fn rows(orders: usize, quantity: u32) -> Vec<OrderRequest> {
    let contact = Contact::new("Ann", "ann@example.com", "1", "Here").unwrap();
    let line = LineRequest { product: ProductId(1), quantity };
    vec![OrderRequest { contact, lines: [line].into_iter().collect() }; orders]
}

/// A catalogue, 60 orders in every status, one of them edited, an adjustment, a renamed category.
pub(crate) async fn work(engine: &Engine) {
    engine.create_category(client(), CategoryName::parse("Things").unwrap()).await.unwrap();
    let details = ProductDetails {
        name: ProductName::parse("Phone").unwrap(),
        description: "A phone".into(),
        price: Money::from_minor(29_999).unwrap(),
        expiry_date: None,
        category: CategoryId(1),
        archived: false,
    };
    engine.create_product(client(), details, 1_000).await.unwrap();
    for _ in 0..10 {
        engine.place(client(), rows(5, 2)).await.unwrap();
        engine.place(client(), rows(1, 1)).await.unwrap();
    }
    let mut patch = ContactPatch::default();
    patch.set(Field::CustomerPhone, "555").unwrap();
    engine.edit_contact(client(), OrderId(10), patch).await.unwrap();
    for id in 1..=60 {
        let (id, reason) = (OrderId(id), Some("moved by hand".into()));
        let steps: &[Status] = match id.0 % 5 {
            0 => &[Status::Processing, Status::Shipped, Status::Delivered],
            1 => &[Status::Processing, Status::Shipped],
            2 => &[Status::Processing],
            3 => &[Status::Cancelled],
            _ => &[],
        };
        for to in steps {
            engine.transition(client(), id, *to, reason.clone()).await.unwrap();
        }
    }
    engine.archive(client(), OrderId(5)).await.unwrap();
    engine.rename_category(client(), CategoryId(1), CategoryName::parse("Objects").unwrap()).await.unwrap();
    let adjustment =
        Adjustment { product: ProductId(1), target: Target::By(-3), expected: None, reason: Some("damaged".into()) };
    engine.adjust(client(), adjustment).await.unwrap();
}

/// Opens the engine of `settings`, lets `act` use it, and closes it.
pub(crate) fn run<T>(settings: &Settings, act: impl AsyncFnOnce(&Engine) -> T) -> T {
    try_run(settings, act).unwrap()
}

/// As [`run`]; an error is what was said instead of opening it.
pub(crate) fn try_run<T>(settings: &Settings, act: impl AsyncFnOnce(&Engine) -> T) -> Result<T, String> {
    System::new().block_on(async {
        let engine = Engine::open(settings).await.map_err(|error| error.to_string())?;
        let result = act(&engine).await;
        engine.close().await;
        Ok(result)
    })
}

/// Everything that a client can see.
#[derive(Debug, PartialEq)]
pub(crate) struct Picture {
    pub(crate) orders: Vec<Arc<Order>>,
    pub(crate) listed: Vec<Arc<Order>>,
    pub(crate) products: Vec<Product>,
    pub(crate) movements: Vec<Movement>,
    pub(crate) counts: PerStatus<u64>,
}

pub(crate) fn picture(engine: &Engine) -> Picture {
    try_picture(engine).unwrap()
}

/// As [`picture`]; an error when something that left memory cannot be read back.
pub(crate) fn try_picture(engine: &Engine) -> Result<Picture, ArchiveError> {
    let view = engine.view();
    let last = view.counts().values().sum();
    let query = OrderQuery { limit: 100_000, ..OrderQuery::default() };
    let movements = view.movements(ProductId(1), None, 1_000_000)?;
    Ok(Picture {
        orders: (1..=last).map(|id| Ok(view.order(OrderId(id))?.unwrap())).collect::<Result<_, ArchiveError>>()?,
        listed: view.orders(&query)?.items,
        products: view.products().page(ProductId(0), 100),
        movements: movements.into_iter().map(|(_, movement)| movement).collect(),
        counts: view.counts(),
    })
}
