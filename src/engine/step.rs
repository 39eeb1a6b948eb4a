//! One command, one entry.

use std::sync::Arc;

use chrono_tz::Tz;
use smallvec::smallvec;

use crate::domain::access::{Access, AccessCommand, AccessOutcome, AccessRejection};
use crate::domain::catalogue::{CatalogueCommand, CatalogueEvent, Category, Revision};
use crate::domain::entry::{Answer, Entry, Event, Events, KeyRecord};
use crate::domain::expected::Expected;
use crate::domain::ids::ProductId;
use crate::domain::inventory::{Inventory, InventoryRejection, Opening, OrderRequest, PlaceRejection, RowOutcome};
use crate::domain::order::{Order, OrderCommand, OrderRejection};
use crate::domain::origin::Origin;
use crate::domain::stock::{Adjustment, Balance, StockEdit};
use crate::domain::time::Timestamp;

/// A command on catalogue and stock, or on users and keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Place orders, all or nothing, each row seeing the rows before it.
    Place(Vec<OrderRequest>),
    /// Say what would become of each of these rows if they were placed; nothing happens.
    DryRun(Vec<OrderRequest>),
    /// Change the catalogue; a product that this creates starts with this many units on hand.
    Catalogue(CatalogueCommand, u32),
    /// Change a product, and what is available of it where a number is given.
    Change(CatalogueCommand, StockEdit),
    /// Adjust stock.
    Adjust(Adjustment),
    /// Create categories and products with their opening stock, all or nothing.
    Import(Vec<Opening>),
    /// Change users or keys.
    Access(AccessCommand),
    /// Do this, if the product is still as the caller saw it.
    Expecting(ProductId, Expected, Box<Command>),
}

/// What a command led to: the facts from which an answer is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// These orders were placed.
    Placed(Vec<Arc<Order>>),
    /// This would become of each row.
    DryRun(Vec<RowOutcome>),
    /// This order was changed, or already was what was asked for.
    Order(Arc<Order>),
    /// This product was created or changed, or its stock: by this many units on hand.
    Product(Arc<Revision>, Balance, i64),
    /// This category was created or changed.
    Category(Category),
    /// This user or key was added or changed.
    Access(AccessOutcome),
    /// What was asked for is gone, or was imported: nothing is left to show.
    Done,
}

/// The rule that a command on catalogue and stock broke.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// Of placing.
    #[error(transparent)]
    Place(#[from] PlaceRejection),
    /// Of catalogue or stock.
    #[error(transparent)]
    Inventory(#[from] InventoryRejection),
    /// Of a row of an import.
    #[error("row {row}: {reason}")]
    Import {
        /// The row, counted from 0.
        row: usize,
        /// The rule that it broke.
        reason: InventoryRejection,
    },
    /// Of users and keys.
    #[error(transparent)]
    Access(#[from] AccessRejection),
}

/// What a command leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What happens; empty when nothing has to.
    pub events: Events,
    /// What is answered once that is durable.
    pub outcome: Outcome,
}

/// Decides `command` against `inventory` and `access`, which it leaves as they are.
pub fn step(
    inventory: &Inventory,
    access: &Access,
    command: Command,
    now: Timestamp,
    zone: Tz,
    who: &Origin,
) -> Result<Step, Rejection> {
    match command {
        Command::Place(rows) => {
            let orders = inventory.decide_place(rows, now, zone, who)?;
            let events = orders.iter().cloned().map(Event::Placed).collect();
            Ok(Step { events, outcome: Outcome::Placed(orders) })
        }
        Command::DryRun(rows) => {
            let rows = inventory.dry_run(rows, now, zone, who);
            Ok(Step { events: Events::new(), outcome: Outcome::DryRun(rows) })
        }
        Command::Catalogue(command, opening) => {
            let events = inventory.decide_catalogue(command, opening)?;
            Ok(Step { outcome: shown(inventory, &events, None), events })
        }
        Command::Change(command, edit) => {
            let product = product_of(&command);
            let events = inventory.decide_change(command, edit)?;
            Ok(Step { outcome: shown(inventory, &events, product), events })
        }
        Command::Adjust(adjustment) => {
            let product = adjustment.product;
            let event = inventory.decide_adjust(adjustment).map_err(InventoryRejection::from)?;
            let events = event.into_iter().collect();
            Ok(Step { outcome: shown(inventory, &events, Some(product)), events })
        }
        Command::Import(openings) => {
            let events =
                inventory.decide_import(openings).map_err(|(row, reason)| Rejection::Import { row, reason })?;
            Ok(Step { events, outcome: Outcome::Done })
        }
        Command::Access(command) => Ok(access_step(access, command, now)?),
        Command::Expecting(product, expected, command) => {
            inventory.expect(product, &expected)?;
            step(inventory, access, *command, now, zone, who)
        }
    }
}

fn access_step(access: &Access, command: AccessCommand, now: Timestamp) -> Result<Step, AccessRejection> {
    let before = access.subject_of(&command);
    let Some(event) = access.decide(command, now)? else {
        let outcome = before.map_or(Outcome::Done, Outcome::Access);
        return Ok(Step { events: Events::new(), outcome });
    };
    let outcome = Outcome::Access(access.clone().apply(&event, now));
    Ok(Step { events: smallvec![Event::Access(Box::new(event))], outcome })
}

fn product_of(command: &CatalogueCommand) -> Option<ProductId> {
    match command {
        CatalogueCommand::ChangeProduct(id, _) => Some(*id),
        CatalogueCommand::CreateCategory(_)
        | CatalogueCommand::RenameCategory(..)
        | CatalogueCommand::DeleteCategory(_)
        | CatalogueCommand::CreateProduct(_)
        | CatalogueCommand::DeleteProduct(_) => None,
    }
}

/// What there is to show after `events`: of `product`, or of whatever they are about.
fn shown(inventory: &Inventory, events: &Events, product: Option<ProductId>) -> Outcome {
    let mut revision = product.and_then(|id| inventory.catalogue.product(id).cloned());
    let mut balance = product.map(|id| inventory.stock.balance(id)).unwrap_or_default();
    for event in events {
        match event {
            Event::Catalogue(event) => match &**event {
                CatalogueEvent::CategoryCreated(category) | CatalogueEvent::CategoryRenamed(category) => {
                    return Outcome::Category(category.clone());
                }
                other => revision = inventory.catalogue.preview(other).or(revision),
            },
            Event::Stock(event) => balance = balance.after(event.change),
            Event::Placed(_) | Event::Order(..) | Event::Access(_) => {}
        }
    }
    revision.map_or(Outcome::Done, |revision| Outcome::Product(revision, balance, on_hand_change(events)))
}

/// By how many units `events`, which are about one product, change what is on hand of it.
fn on_hand_change(events: &Events) -> i64 {
    let change = |event: &Event| match event {
        Event::Stock(event) => event.change.on_hand(),
        Event::Catalogue(_) | Event::Placed(_) | Event::Order(..) | Event::Access(_) => 0,
    };
    events.iter().map(change).sum()
}

/// Decides `command` against `order`: the entry and the order after it; `None` when nothing has to happen.
pub fn entry_for_order(
    order: &Order,
    command: OrderCommand,
    now: Timestamp,
    who: &Origin,
) -> Result<Option<(Events, Order)>, OrderRejection> {
    let Some(event) = order.decide(command, now)? else { return Ok(None) };
    let next = order.after(&event, now, who);
    Ok(Some((smallvec![Event::Order(order.id, Box::new(event))], next)))
}

impl Outcome {
    /// The outcome as the journal keeps it beside an idempotency key; none where there is nothing to keep.
    #[must_use]
    pub fn answer(&self) -> Option<Answer> {
        match self {
            Self::Placed(_) => Some(Answer::Placed),
            Self::Order(order) => Some(Answer::Order(order.as_answered())),
            Self::Product(revision, balance, _) => Some(Answer::Product(revision.clone(), *balance)),
            Self::Category(category) => Some(Answer::Category(category.clone())),
            // A secret is shown once, so that there is nothing to repeat.
            Self::Access(_) | Self::DryRun(_) | Self::Done => None,
        }
    }
}

/// The outcome that `entry`, found again by `key`, was answered with; none where it carries another key.
#[must_use]
pub fn outcome_of(entry: &Entry, key: &str) -> Option<Outcome> {
    let record: &KeyRecord = entry.key.as_deref().filter(|record| &*record.key == key)?;
    Some(match &record.answer {
        Answer::Placed => {
            let placed = entry.events.iter().filter_map(|event| match event {
                Event::Placed(order) => Some(order.clone()),
                Event::Catalogue(_) | Event::Stock(_) | Event::Order(..) | Event::Access(_) => None,
            });
            Outcome::Placed(placed.collect())
        }
        Answer::Order(order) => Outcome::Order(order.clone()),
        Answer::Product(revision, balance) => {
            Outcome::Product(revision.clone(), *balance, on_hand_change(&entry.events))
        }
        Answer::Category(category) => Outcome::Category(category.clone()),
    })
}
