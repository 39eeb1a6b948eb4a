//! Tests of the store as a whole: each file tells one story.

mod checkpoint;
mod crash;
mod damage;
mod frozen;
mod ledger;
mod opening;
mod orders;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::domain::access::{ApiKey, User};
use crate::domain::catalogue::Category;
use crate::domain::ids::{CategoryId, OrderId, ProductId, RowId};
use crate::domain::order::{Order, Status};
use crate::domain::stock::{Balance, Movement};
use crate::domain::text::CategoryName;
use crate::domain::time::Timestamp;
use crate::journal::Position;

/// A little shop that goes on and is written down from time to time: what a store should hold is what this one knows.
pub(super) struct Shop {
    pub(super) orders: BTreeMap<u64, Arc<Order>>,
    pub(super) movements: BTreeMap<u64, Vec<Movement>>,
    pub(super) keys: Vec<StoredKey>,
    sequence: u64,
    fresh: Vec<u64>,
    moved_from: BTreeMap<u64, usize>,
    keys_from: usize,
}

pub(super) const PRODUCTS: u64 = 5;

impl Shop {
    pub(super) fn new() -> Self {
        Self {
            orders: BTreeMap::new(),
            movements: BTreeMap::new(),
            keys: Vec::new(),
            sequence: 0,
            fresh: Vec::new(),
            moved_from: BTreeMap::new(),
            keys_from: 0,
        }
    }

    /// Places `count` orders, one entry each, and lets every third one go on.
    pub(super) fn trade(&mut self, count: u64) {
        for _ in 0..count {
            self.sequence += 1;
            let id = self.orders.len() as u64 + 1;
            let product = id % PRODUCTS + 1;
            self.orders.insert(id, sample::order_of(id, &sample::revision_of(product, 1)));
            self.movements.entry(product).or_default().push(sample::movement_at(self.sequence));
            let hash = KeyHash::of(&format!("key {id}"));
            let position = Position { segment_first: 1, offset: id * 100 };
            let at = Timestamp(id.cast_signed());
            self.keys.push(StoredKey { hash, request: [7; 16], sequence: self.sequence, position, at, owner: 1 });
            self.fresh.push(id);
            if id.is_multiple_of(3) {
                self.advance(id - 1);
            }
        }
    }

    /// Moves an order one stage on.
    pub(super) fn advance(&mut self, id: u64) {
        let order = &self.orders[&id];
        if let Some(to) = order.status.next_by_timer() {
            self.sequence += 1;
            let order = sample::moved(order, to);
            self.orders.insert(id, order);
            self.fresh.push(id);
        }
    }

    /// Changes the contact of an order.
    pub(super) fn edit(&mut self, id: u64) {
        self.sequence += 1;
        let order = sample::edited(&self.orders[&id]);
        self.orders.insert(id, order);
        self.fresh.push(id);
    }

    pub(super) fn head(&self) -> Head {
        Head {
            sequence: self.sequence,
            chain: [u8::try_from(self.sequence % 251).unwrap(); 16],
            order_last: self.orders.len() as u64,
            category_last: 1,
            product_last: PRODUCTS,
            taken_at: Timestamp(self.sequence.cast_signed()),
            counts: Counts { categories: 1, products: PRODUCTS },
        }
    }

    fn balance(&self, product: u64) -> Balance {
        let reserved = self.movements.get(&product).map_or(0, |rows| u32::try_from(rows.len()).unwrap());
        Balance { on_hand: 100_000, reserved }
    }

    pub(super) fn pages(&self) -> Vec<(u64, StatusPage)> {
        let mut pages: BTreeMap<u64, StatusPage> = BTreeMap::new();
        for order in self.orders.values() {
            let code = StatusCode::new(order.status, order.archived);
            pages.entry(page_of(order.id)).or_default().set(slot_of(order.id), code, order.placed_at);
        }
        pages.into_iter().collect()
    }

    /// What changed since [`Shop::written`] was last called.
    pub(super) fn checkpoint(&self) -> Checkpoint<'_> {
        let mut packs: BTreeMap<u64, BTreeMap<u64, Arc<Order>>> = BTreeMap::new();
        for id in &self.fresh {
            packs.entry(pack_of(OrderId(*id))).or_default().insert(*id, self.orders[id].clone());
        }
        let packs: Vec<Pack> = packs.into_iter().map(|(pack, orders)| (pack, orders.into_values().collect())).collect();
        let name = CategoryName::parse("Electronics").unwrap();
        let category = Category { id: CategoryId(1), name };
        let movements = self.movements.iter().map(|(product, rows)| {
            let from = self.moved_from.get(product).copied().unwrap_or(0);
            (ProductId(*product), rows[from..].iter().collect())
        });
        Checkpoint {
            head: self.head(),
            balances: (1..=PRODUCTS).map(|id| (ProductId(id), Some(self.balance(id)))).collect(),
            categories: vec![(category.id, Some(category))],
            products: (1..=PRODUCTS)
                .map(|id| (ProductId(id), Some(ProductHead { number: 1, ordered: true })))
                .collect(),
            users: vec![sample::user()],
            api_keys: vec![sample::api_key()],
            audit: sample::audit(),
            revisions: (1..=PRODUCTS).map(|id| sample::revision_of(id, 1)).collect(),
            packs: Some(Box::new(packs.into_iter())),
            movements: movements.collect(),
            keys: self.keys[self.keys_from..].to_vec(),
            keys_expire_before: None,
        }
    }

    /// Remembers that everything so far stands in the store.
    pub(super) fn written(&mut self) {
        self.fresh.clear();
        self.moved_from = self.movements.iter().map(|(product, rows)| (*product, rows.len())).collect();
        self.keys_from = self.keys.len();
    }

    /// What a load should find.
    pub(super) fn expected(&self) -> Loaded {
        let name = CategoryName::parse("Electronics").unwrap();
        let product = |id| (ProductHead { number: 1, ordered: true }, sample::revision_of(id, 1));
        Loaded {
            head: self.head(),
            categories: vec![Category { id: CategoryId(1), name }],
            products: (1..=PRODUCTS).map(product).collect(),
            balances: (1..=PRODUCTS).map(|id| (ProductId(id), self.balance(id))).collect(),
            users: vec![User::clone(&sample::user())],
            api_keys: vec![ApiKey::clone(&sample::api_key())],
            pages: self.pages(),
            keys: self.keys.clone(),
        }
    }

    /// Whether `store` holds exactly this shop.
    pub(super) fn check(&self, store: &Store) -> Result<(), StoreError> {
        let loaded = store.load()?.expect("there is a checkpoint");
        assert_eq!(loaded, self.expected());
        self.check_orders(store)?;
        Self::check_audit(store)?;
        self.check_ledger(store)
    }

    pub(super) fn check_orders(&self, store: &Store) -> Result<(), StoreError> {
        let mut open = BTreeMap::new();
        let count = store.open_orders(&self.pages(), |order| assert!(open.insert(order.id.0, order).is_none()))?;
        assert_eq!(count, open.len() as u64);
        let is_open =
            |order: &&Arc<Order>| matches!(order.status, Status::Pending | Status::Processing | Status::Shipped);
        assert!(open.values().eq(self.orders.values().filter(is_open)));
        for (id, order) in &self.orders {
            assert_eq!(store.order(OrderId(*id))?.as_ref(), Some(&**order));
        }
        assert_eq!(store.order(OrderId(self.orders.len() as u64 + 1))?, None);
        Ok(())
    }

    /// Whichever row one begins behind, the rest follows, newest first.
    fn check_audit(store: &Store) -> Result<(), StoreError> {
        let mut rows = sample::audit();
        rows.reverse();
        assert_eq!(store.audit(None, 9)?, rows);
        for at in 0..rows.len() {
            assert_eq!(store.audit(Some(rows[at].id), 1)?, rows[at + 1..].iter().take(1).cloned().collect::<Vec<_>>());
        }
        Ok(())
    }

    pub(super) fn check_ledger(&self, store: &Store) -> Result<(), StoreError> {
        for product in 1..=PRODUCTS {
            let rows = self.movements.get(&product).map_or(&[][..], Vec::as_slice);
            let found = store.movements(ProductId(product), None, usize::MAX)?;
            assert!(found.iter().map(|(_, movement)| movement).eq(rows.iter().rev()), "product {product}");
            assert_eq!(store.movement_count(ProductId(product))?, rows.len() as u64);
        }
        Ok(())
    }
}

/// A store over `kv`, which the test keeps.
pub(super) fn over(kv: &Arc<MemoryKv>) -> Store {
    Store::over(kv.clone()).unwrap()
}
