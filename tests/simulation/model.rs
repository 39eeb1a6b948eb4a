//! The journal, folded a second time, by other code than the engine's: what the invariants compare the engine with.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use packhorse::domain::access::Access;
use packhorse::domain::entry::{Entry, Event};
use packhorse::domain::order::{Order, OrderChange, Status};
use packhorse::domain::origin::Origin;
use packhorse::domain::stock::{Balance, Change, Movement};
use packhorse::domain::time::Timestamp;
use packhorse::journal::Durable;

/// See the module.
#[derive(Default)]
pub(crate) struct Model {
    /// Every durable entry.
    pub(crate) log: Vec<Durable>,
    pub(crate) orders: BTreeMap<u64, OrderModel>,
    pub(crate) stock: BTreeMap<u64, StockModel>,
    /// The entries of each operation, by the name that it gave itself.
    pub(crate) by_operation: BTreeMap<u64, Vec<u64>>,
    pub(crate) keys: Vec<KeyEffect>,
    /// Users and keys.
    pub(crate) access: Access,
    /// The orders that changed since somebody looked.
    pub(crate) touched: BTreeSet<u64>,
    /// What no journal may hold.
    pub(crate) faults: Vec<String>,
    pub(crate) categories_last: u64,
    pub(crate) products_last: u64,
}

/// An order as its entries tell it.
#[derive(Clone)]
pub(crate) struct OrderModel {
    pub(crate) placed: Arc<Order>,
    pub(crate) status: Status,
    pub(crate) version: u32,
    pub(crate) moved_at: Timestamp,
    pub(crate) archived: bool,
    /// From where, to where, when, and who.
    pub(crate) path: Vec<(Option<Status>, Status, Timestamp, Origin)>,
}

/// The units of a product, by what happened to them.
#[derive(Default)]
pub(crate) struct StockModel {
    pub(crate) received: i64,
    pub(crate) adjusted: i64,
    pub(crate) reserved: i64,
    pub(crate) released: i64,
    pub(crate) shipped: i64,
    pub(crate) balance: Balance,
    /// Its ledger: sequence, change and what was left.
    pub(crate) rows: Vec<(u64, Change, Balance)>,
}

/// A key that had an effect.
pub(crate) struct KeyEffect {
    pub(crate) key: Box<str>,
    pub(crate) sequence: u64,
    pub(crate) at: Timestamp,
    /// The latest that a clock which the engine may go by has shown since.
    pub(crate) latest: Timestamp,
}

impl StockModel {
    /// What the sums say is on hand, and reserved.
    pub(crate) fn sums(&self) -> (i64, i64) {
        (self.received + self.adjusted - self.shipped, self.reserved - self.released - self.shipped)
    }

    fn take(&mut self, sequence: u64, change: Change) -> Result<(), String> {
        match change {
            Change::Received(n) => self.received += i64::from(n),
            Change::Adjusted(delta) => self.adjusted += delta,
            Change::Reserved(n) => self.reserved += i64::from(n),
            Change::Released(n) => self.released += i64::from(n),
            Change::Shipped(n) => self.shipped += i64::from(n),
        }
        let (on_hand, reserved) = self.sums();
        match (u32::try_from(on_hand), u32::try_from(reserved)) {
            (Ok(on_hand), Ok(reserved)) => self.balance = Balance { on_hand, reserved },
            _ => return Err(format!("entry {sequence} leaves {on_hand} on hand and {reserved} reserved")),
        }
        self.rows.push((sequence, change, self.balance));
        Ok(())
    }
}

impl Model {
    /// Takes over an entry that is durable.
    pub(crate) fn take(&mut self, durable: &Durable, wall: Timestamp) {
        let entry = durable.entry.clone();
        if durable.sequence != self.log.len() as u64 + 1 {
            self.faults.push(format!("entry {} follows on entry {}", durable.sequence, self.log.len()));
        }
        self.log.push(durable.clone());
        if let Origin::User(name) = &entry.who
            && let Some(operation) = name.strip_prefix("op-").and_then(|number| number.parse().ok())
        {
            self.by_operation.entry(operation).or_default().push(durable.sequence);
        }
        if let Some(key) = &entry.key {
            let (sequence, at) = (durable.sequence, entry.at);
            self.keys.push(KeyEffect { key: key.key.clone(), sequence, at, latest: wall });
        }
        for event in &entry.events {
            if let Err(fault) = self.event(durable.sequence, &entry, event) {
                self.faults.push(fault);
            }
        }
    }

    /// Notes what clock the engine may go by.
    pub(crate) fn observe(&mut self, clock: Timestamp) {
        for effect in &mut self.keys {
            effect.latest = effect.latest.max(clock);
        }
    }

    /// The orders that are open, by id.
    pub(crate) fn open(&self) -> impl Iterator<Item = (&u64, &OrderModel)> {
        self.orders.iter().filter(|(_, order_model)| order_model.status.stage().is_some())
    }

    fn event(&mut self, sequence: u64, entry: &Entry, event: &Event) -> Result<(), String> {
        use packhorse::domain::catalogue::CatalogueEvent as C;
        match event {
            Event::Catalogue(event) => match &**event {
                C::CategoryCreated(category) => self.categories_last = category.id.0,
                C::ProductCreated(product, _) => {
                    if product.0 != self.products_last + 1 {
                        return Err(format!("entry {sequence} gives product id {product} out again, or leaves a gap"));
                    }
                    self.products_last = product.0;
                    self.stock.insert(product.0, StockModel::default());
                }
                C::ProductDeleted(product) => {
                    self.stock.remove(&product.0);
                }
                C::CategoryRenamed(_) | C::CategoryDeleted(_) | C::ProductChanged(..) => {}
            },
            Event::Stock(event) => self.stock_model(event.product.0).take(sequence, event.change)?,
            Event::Placed(order) => {
                if order.id.0 != self.orders.len() as u64 + 1 {
                    return Err(format!("entry {sequence} gives order id {} out again, or leaves a gap", order.id));
                }
                for line in &order.lines {
                    self.stock_model(line.product.product.0).take(sequence, Change::Reserved(line.quantity))?;
                }
                let path = vec![(None, Status::Pending, entry.at, entry.who.clone())];
                let order_model = OrderModel {
                    placed: order.clone(),
                    status: Status::Pending,
                    version: 1,
                    moved_at: entry.at,
                    archived: false,
                    path,
                };
                self.orders.insert(order.id.0, order_model);
                self.touched.insert(order.id.0);
            }
            Event::Access(event) => {
                self.access.apply(event, entry.at);
            }
            Event::Order(id, event) => {
                self.touched.insert(id.0);
                let Some(order_model) = self.orders.get_mut(&id.0) else {
                    return Err(format!("entry {sequence} is about order {id}, which was never placed"));
                };
                if event.version != order_model.version + 1 {
                    return Err(format!(
                        "entry {sequence} brings order {id} from version {} to {}",
                        order_model.version, event.version
                    ));
                }
                order_model.version += 1;
                match &event.change {
                    OrderChange::Moved { to, .. } => {
                        order_model.path.push((Some(order_model.status), *to, entry.at, entry.who.clone()));
                        order_model.status = *to;
                        order_model.moved_at = entry.at;
                        let lines: Vec<_> = order_model
                            .placed
                            .lines
                            .iter()
                            .map(|line| (line.product.product.0, line.quantity))
                            .collect();
                        for (product, quantity) in lines {
                            match to {
                                Status::Shipped => {
                                    self.stock_model(product).take(sequence, Change::Shipped(quantity))?;
                                }
                                Status::Cancelled => {
                                    self.stock_model(product).take(sequence, Change::Released(quantity))?;
                                }
                                Status::Pending | Status::Processing | Status::Delivered => {}
                            }
                        }
                    }
                    OrderChange::Archived => order_model.archived = true,
                    OrderChange::ContactChanged(_) => {}
                }
            }
        }
        Ok(())
    }

    fn stock_model(&mut self, product: u64) -> &mut StockModel {
        self.stock.entry(product).or_default()
    }
}

/// Whether a row of the engine's ledger says the same as one of the model's.
pub(crate) fn is_row(movement: &Movement, row: &(u64, Change, Balance)) -> bool {
    (movement.sequence, movement.change, movement.after) == *row
}
