//! The inventory: catalogue and stock together, and the placing of orders against them.
//!
//! This is the *tentative* state that decisions are made against: everything decided so far, durable or not. A bulk is
//! judged at once, each row seeing the rows before it, and is placed as a whole or not at all.

use std::sync::Arc;

use chrono::NaiveDate;
use chrono_tz::Tz;
use foldhash::HashMap;
use smallvec::{SmallVec, smallvec};

use super::calendar;
use super::catalogue::{Catalogue, CatalogueEvent, CatalogueRejection, ProductDetails, ProductPatch, Revision};
use super::entry::{Event, Events};
use super::expected::Expected;
use super::ids::{OrderId, ProductId};
use super::money::Money;
use super::order::{Contact, Line, Order, OrderEvent};
use super::origin::Origin;
use super::stock::{Adjustment, Balance, Change, ON_HAND_MAX, Stock, StockEdit, StockEvent, StockRejection, Target};
use super::text::{CategoryName, ProductName};
use super::time::Timestamp;

/// An order that somebody wants to place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderRequest {
    /// Whom it goes to.
    pub contact: Contact,
    /// What it holds.
    pub lines: SmallVec<[LineRequest; 2]>,
}

/// A line that somebody wants to order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineRequest {
    /// The product.
    pub product: ProductId,
    /// How many units.
    pub quantity: u32,
}

/// Why a placement was refused. Nothing of it stays behind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("row {row}: {reason}")]
pub struct PlaceRejection {
    /// The first row that could not be placed, counted from 0.
    pub row: usize,
    /// The rule that it broke.
    pub reason: PlaceReason,
}

/// The rule that an order to be placed broke.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlaceReason {
    /// It has no line.
    #[error("an order needs at least one line")]
    NoLines,
    /// A line asks for nothing.
    #[error("line {line}: the quantity must be at least 1")]
    QuantityZero {
        /// The line, counted from 0.
        line: usize,
    },
    /// No such product.
    #[error("line {line}: there is no product {product}")]
    ProductMissing {
        /// The line, counted from 0.
        line: usize,
        /// The product.
        product: ProductId,
    },
    /// The product was archived.
    #[error("line {line}: product {name} is archived and cannot be ordered")]
    ProductArchived {
        /// The line, counted from 0.
        line: usize,
        /// The product's name.
        name: ProductName,
    },
    /// The product's last day is over.
    #[error("line {line}: product {name} expired at the end of {expiry}")]
    ProductExpired {
        /// The line, counted from 0.
        line: usize,
        /// The product's name.
        name: ProductName,
        /// Its last day.
        expiry: NaiveDate,
    },
    /// Not enough is available.
    #[error("insufficient stock for product {name}: {wanted} wanted, {available} available")]
    InsufficientStock {
        /// The product.
        product: ProductId,
        /// The product's name.
        name: ProductName,
        /// How many units the order wants, all its lines together.
        wanted: u64,
        /// What the rows before it left.
        available: u64,
    },
    /// The sum of the lines needs more than ten digits.
    #[error("the total exceeds {}", Money::MAX)]
    TotalTooLarge,
}

/// What would become of one row of a placement: the order, or the rule that it breaks.
pub type RowOutcome = Result<Arc<Order>, PlaceReason>;

/// Something to be imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opening {
    /// A category.
    Category(CategoryName),
    /// A product, and how many units of it are on hand from the start.
    Product(ProductDetails, u32),
}

/// A change of stock was refused: by the catalogue, or by the ledger.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InventoryRejection {
    /// A rule of the catalogue.
    #[error(transparent)]
    Catalogue(#[from] CatalogueRejection),
    /// A rule of the stock ledger.
    #[error(transparent)]
    Stock(#[from] StockRejection),
    /// Somebody changed the product in between.
    #[error("product {product} was changed meanwhile; read it again, then repeat")]
    Stale {
        /// The product.
        product: ProductId,
        /// The revision it has.
        revision: u32,
        /// The stock it has.
        balance: Balance,
    },
}

/// Catalogue and stock, and the number of orders placed so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventory {
    /// What can be ordered.
    pub catalogue: Catalogue,
    /// How much of it there is.
    pub stock: Stock,
    /// The last order id given out.
    pub order_last: u64,
}

impl Inventory {
    /// The orders that `rows` become at `now`, numbered and priced, or the first row that cannot be placed.
    pub fn decide_place(
        &self,
        rows: Vec<OrderRequest>,
        now: Timestamp,
        zone: Tz,
        who: &Origin,
    ) -> Result<Vec<Arc<Order>>, PlaceRejection> {
        let mut placing = Placing::new(self, now, zone);
        let placed = rows.into_iter().enumerate();
        placed
            .map(|(row, request)| placing.order(request, who).map_err(|reason| PlaceRejection { row, reason }))
            .collect()
    }

    /// What [`Inventory::decide_place`] has to say of each of `rows`: a row that cannot be placed takes nothing, and
    /// the rows after it are judged as if it were not there.
    pub fn dry_run(&self, rows: Vec<OrderRequest>, now: Timestamp, zone: Tz, who: &Origin) -> Vec<RowOutcome> {
        let mut placing = Placing::new(self, now, zone);
        rows.into_iter().map(|request| placing.order(request, who)).collect()
    }

    /// The events by which a product comes to be that starts with `opening` units on hand.
    pub fn create_product(&self, details: ProductDetails, opening: u32) -> Result<Events, InventoryRejection> {
        let product = self.catalogue.create_product(&details)?;
        if opening > ON_HAND_MAX {
            let (wanted, target) = (i64::from(opening), Target::Available(opening));
            return Err(StockRejection::TooMany { wanted, target, most: i64::from(ON_HAND_MAX) }.into());
        }
        let mut events: Events = smallvec![CatalogueEvent::ProductCreated(product, details).into()];
        if opening > 0 {
            let received = StockEvent { product, change: Change::Received(opening), reason: None };
            events.push(Event::Stock(Box::new(received)));
        }
        Ok(events)
    }

    /// Refuses when `product` is not as the caller saw it, who may not mind.
    pub fn expect(&self, product: ProductId, expected: &Expected) -> Result<(), InventoryRejection> {
        if expected.is_anything() {
            return Ok(());
        }
        let revision = self.catalogue.product(product).ok_or(CatalogueRejection::ProductMissing(product))?.number;
        let balance = self.stock.balance(product);
        if expected.holds_for_product(revision, balance) {
            Ok(())
        } else {
            Err(InventoryRejection::Stale { product, revision, balance })
        }
    }

    /// The event that `adjustment` leads to; none when the number already is what was asked for.
    pub fn decide_adjust(&self, adjustment: Adjustment) -> Result<Option<Event>, StockRejection> {
        let product = adjustment.product;
        self.catalogue.product(product).ok_or(StockRejection::ProductMissing(product))?;
        let change = self.stock.decide(&adjustment)?;
        Ok(change.map(|change| Event::Stock(Box::new(StockEvent { product, change, reason: adjustment.reason }))))
    }

    /// The events of a product edit that may also set what is available.
    pub fn change_product(
        &self,
        product: ProductId,
        patch: ProductPatch,
        edit: StockEdit,
    ) -> Result<Events, InventoryRejection> {
        let details = self.catalogue.change_product(product, patch)?;
        if let Some(expected) = edit.expected {
            self.stock.balance(product).expect_available(expected)?;
        }
        let stock = edit.available.map(|n| Adjustment {
            product,
            target: Target::Available(n),
            expected: edit.expected,
            reason: Some("set with the product".into()),
        });
        let adjusted = stock.map(|adjustment| self.decide_adjust(adjustment)).transpose()?.flatten();
        let is_changed = self.catalogue.product(product).is_none_or(|revision| revision.details != details);
        let changed = is_changed.then(|| CatalogueEvent::ProductChanged(product, details).into());
        Ok(changed.into_iter().chain(adjusted).collect())
    }

    /// The events of an import: all of `openings` in order, later ones seeing earlier ones; the index of the first one
    /// that breaks a rule comes with the rejection.
    pub fn decide_import(&self, openings: Vec<Opening>) -> Result<Events, (usize, InventoryRejection)> {
        let mut tentative = self.clone();
        let mut events = Events::new();
        for (row, opening) in openings.into_iter().enumerate() {
            let made = match opening {
                Opening::Category(name) => {
                    let created = tentative.catalogue.create_category(name).map_err(InventoryRejection::from);
                    created.map(|category| smallvec![CatalogueEvent::CategoryCreated(category).into()])
                }
                Opening::Product(details, stock) => tentative.create_product(details, stock),
            };
            for event in made.map_err(|error| (row, error))? {
                tentative.apply_event(&event, &mut ());
                events.push(event);
            }
        }
        Ok(events)
    }

    /// Takes over one event of an entry and tells `observer` what came of it.
    ///
    /// The stock effect of an order's own events needs its lines and comes through [`Inventory::apply_order`].
    pub fn apply_event(&mut self, event: &Event, observer: &mut impl Observer) {
        match event {
            Event::Catalogue(event) => {
                if let CatalogueEvent::ProductDeleted(product) = **event {
                    self.stock.forget(product);
                }
                for revision in self.catalogue.apply(event) {
                    observer.revised(&revision);
                }
                observer.catalogue_changed(event);
            }
            Event::Stock(event) => {
                let after = self.stock.apply(event.product, event.change);
                observer.moved(event.product, event.change, after);
            }
            Event::Placed(order) => {
                self.order_last = self.order_last.max(order.id.0);
                for line in &order.lines {
                    let product = line.product.product;
                    self.catalogue.mark_ordered(product);
                    let change = Change::Reserved(line.quantity);
                    observer.moved(product, change, self.stock.apply(product, change));
                }
            }
            Event::Order(..) | Event::Access(_) => {}
        }
    }

    /// Takes over what `event` does to the stock of the lines of `order`, which is the order as it was before it.
    pub fn apply_order(&mut self, order: &Order, event: &OrderEvent, observer: &mut impl Observer) {
        for (product, change) in order.stock_effects(&event.change) {
            observer.moved(product, change, self.stock.apply(product, change));
        }
    }
}

/// Is told what came of an event. `()` does not care.
pub trait Observer {
    /// A product got a new revision.
    fn revised(&mut self, _revision: &Arc<Revision>) {}
    /// The catalogue took over an event.
    fn catalogue_changed(&mut self, _event: &CatalogueEvent) {}
    /// The stock of a product changed.
    fn moved(&mut self, _product: ProductId, _change: Change, _after: Balance) {}
}

impl Observer for () {}

/// The working state of one placement: what its rows have left of each product.
struct Placing<'a> {
    inventory: &'a Inventory,
    now: Timestamp,
    today: NaiveDate,
    /// The last id that was given to a row.
    id: OrderId,
    left: HashMap<ProductId, u32>,
}

impl<'a> Placing<'a> {
    fn new(inventory: &'a Inventory, now: Timestamp, zone: Tz) -> Self {
        let (today, id) = (calendar::day(now, zone), OrderId(inventory.order_last));
        Self { inventory, now, today, id, left: HashMap::default() }
    }

    /// The order that `request` becomes. One that becomes none has neither an id nor anything of the stock.
    fn order(&mut self, request: OrderRequest, who: &Origin) -> RowOutcome {
        let (lines, total) = self.lines(&request.lines)?;
        self.id = self.id.next();
        Ok(Arc::new(Order::placed(self.id, request.contact, lines, total, self.now, who)))
    }

    fn lines(&mut self, requests: &[LineRequest]) -> Result<(Box<[Line]>, Money), PlaceReason> {
        if requests.is_empty() {
            return Err(PlaceReason::NoLines);
        }
        let mut lines = Vec::with_capacity(requests.len());
        let total = match self.fill(requests, &mut lines) {
            Ok(total) => total,
            Err(reason) => {
                self.give_back(&lines);
                return Err(reason);
            }
        };
        // A later line for the same product lowered what is available after the whole order.
        if let [_, _, ..] = lines.as_slice() {
            for line in &mut lines {
                line.available_after = self.left[&line.product.product];
            }
        }
        Ok((lines.into_boxed_slice(), total))
    }

    /// Appends to `lines` what was taken for `requests`, and adds up what it costs.
    fn fill(&mut self, requests: &[LineRequest], lines: &mut Vec<Line>) -> Result<Money, PlaceReason> {
        let mut total = Money::ZERO;
        for (index, request) in requests.iter().enumerate() {
            let product = self.orderable(index, *request)?;
            let available_after = self.take(requests, index, product)?;
            lines.push(Line { product: product.clone(), quantity: request.quantity, available_after });
            let price = product.details.price.checked_mul(request.quantity);
            total = price.and_then(|price| total.checked_add(price)).ok_or(PlaceReason::TotalTooLarge)?;
        }
        Ok(total)
    }

    /// Undoes what was taken for `lines`.
    fn give_back(&mut self, lines: &[Line]) {
        for line in lines {
            if let Some(left) = self.left.get_mut(&line.product.product) {
                *left += line.quantity;
            }
        }
    }

    fn orderable(&self, line: usize, request: LineRequest) -> Result<&'a Arc<Revision>, PlaceReason> {
        if request.quantity == 0 {
            return Err(PlaceReason::QuantityZero { line });
        }
        let product = request.product;
        let inventory = self.inventory;
        let revision = inventory.catalogue.product(product).ok_or(PlaceReason::ProductMissing { line, product })?;
        let name = &revision.details.name;
        if revision.details.archived {
            return Err(PlaceReason::ProductArchived { line, name: name.clone() });
        }
        match revision.details.expiry_date {
            Some(expiry) if calendar::is_expired(expiry, self.today) => {
                Err(PlaceReason::ProductExpired { line, name: name.clone(), expiry })
            }
            Some(_) | None => Ok(revision),
        }
    }

    /// Takes what line `index` wants from what is left, and says how much that leaves.
    fn take(&mut self, requests: &[LineRequest], index: usize, product: &Revision) -> Result<u32, PlaceReason> {
        let stock = &self.inventory.stock;
        let left = self.left.entry(product.product).or_insert_with(|| stock.balance(product.product).available());
        if let Some(rest) = left.checked_sub(requests[index].quantity) {
            *left = rest;
            return Ok(rest);
        }
        let wanted_by = |lines: &[LineRequest]| -> u64 {
            lines.iter().filter(|line| line.product == product.product).map(|line| u64::from(line.quantity)).sum()
        };
        Err(PlaceReason::InsufficientStock {
            product: product.product,
            name: product.details.name.clone(),
            wanted: wanted_by(requests),
            available: u64::from(*left) + wanted_by(&requests[..index]),
        })
    }
}
