//! Entries of every kind, and a shelf of products for their lines.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::NaiveDate;
use smallvec::smallvec;

use crate::domain::access::{AccessEvent, AccessName, KeyDigest, KeyId, PasswordHash, Role, Scope};
use crate::domain::catalogue::{CatalogueEvent, Category, ProductDetails, Revision};
use crate::domain::entry::{Answer, Entry, Event, Events, KeyRecord};
use crate::domain::ids::{CategoryId, OrderId, ProductId};
use crate::domain::money::Money;
use crate::domain::order::{Contact, Line, Order, OrderChange, OrderEvent, Status};
use crate::domain::origin::Origin;
use crate::domain::stock::{Balance, Change, StockEvent};
use crate::domain::text::Name;
use crate::domain::time::Timestamp;

use crate::journal::Revisions;

/// Products that order lines can name.
#[derive(Debug, Default)]
pub(in crate::journal) struct Shelf(HashMap<(ProductId, u32), Arc<Revision>>);

impl Revisions for Shelf {
    fn revision(&self, product: ProductId, number: u32) -> Option<Arc<Revision>> {
        self.0.get(&(product, number)).cloned()
    }
}

impl Shelf {
    pub(in crate::journal) fn get(&self, product: u64, number: u32) -> Arc<Revision> {
        self.revision(ProductId(product), number).unwrap()
    }
}

/// Three products, the first one in two revisions.
pub(in crate::journal) fn shelf() -> Shelf {
    let mut shelf = Shelf::default();
    for (product, number, name, price, expiry) in [
        (1, 1, "Phone", 29_999, None),
        (1, 2, "Phone", 24_999, None),
        (2, 1, "Laptop", 99_999, NaiveDate::from_ymd_opt(2031, 12, 31)),
        (3, 7, "Käse", 0, NaiveDate::from_ymd_opt(2024, 2, 29)),
    ] {
        let revision = Revision {
            product: ProductId(product),
            number,
            details: details(name, price, expiry),
            category_name: Name::parse("Electronics").unwrap(),
        };
        shelf.0.insert((ProductId(product), number), Arc::new(revision));
    }
    shelf
}

pub(in crate::journal) fn details(name: &str, price: u64, expiry_date: Option<NaiveDate>) -> ProductDetails {
    ProductDetails {
        name: Name::parse(name).unwrap(),
        description: "what it is\nand does".into(),
        price: Money::from_minor(price).unwrap(),
        expiry_date,
        category: CategoryId(4),
        archived: expiry_date.is_some(),
    }
}

pub(in crate::journal) fn contact() -> Contact {
    Contact::new("Alice Ümläut", "alice@example.com", "+880 123", "Main St 1\nDhaka").unwrap()
}

/// An entry at `at` by `who`, without a key.
pub(in crate::journal) fn entry(at: i64, who: Origin, events: Events) -> Entry {
    Entry { at: Timestamp(at), who, key: None, events }
}

/// An entry with a reason of `len` times `c`: as long as one likes.
pub(in crate::journal) fn long(c: char, len: usize) -> Arc<Entry> {
    let reason = Some(std::iter::repeat_n(c, len).collect::<String>().into());
    let event = StockEvent { product: ProductId(1), change: Change::Received(1), reason };
    Arc::new(entry(1_700_000_000_000_000, Origin::Client, smallvec![Event::Stock(Box::new(event))]))
}

/// An order as `who` placed it at `at`.
pub(in crate::journal) fn placed(id: u64, at: i64, who: &Origin) -> Arc<Order> {
    let shelf = shelf();
    let lines = [
        Line { product: shelf.get(1, 2), quantity: 2, available_after: 17 },
        Line { product: shelf.get(3, 7), quantity: 1, available_after: 0 },
    ];
    let total = Money::from_minor(49_998).unwrap();
    Arc::new(Order::placed(OrderId(id), contact(), lines.into(), total, Timestamp(at), who))
}

/// An order with a life behind it.
pub(in crate::journal) fn cancelled() -> Arc<Order> {
    let order = placed(8, 1_000, &Origin::User("bob".into()));
    let moved = |version, to, reason: Option<&str>| OrderEvent {
        version,
        change: OrderChange::Moved { to, reason: reason.map(Into::into) },
    };
    let order = order.after(&moved(2, Status::Processing, None), Timestamp(2_000), &Origin::Timer);
    let order = order.after(
        &moved(3, Status::Cancelled, Some("no longer wanted")),
        Timestamp(3_000),
        &Origin::Key("shop".into()),
    );
    let archived = OrderEvent { version: 4, change: OrderChange::Archived };
    Arc::new(order.after(&archived, Timestamp(4_000), &Origin::Cli))
}

/// Every kind of event, answer, origin and change there is.
pub(in crate::journal) fn all() -> Vec<Arc<Entry>> {
    let category = |id, name| Category { id: CategoryId(id), name: Name::parse(name).unwrap() };
    let catalogue = |event| Event::Catalogue(Box::new(event));
    let stock = |change, reason: Option<&str>| {
        let product = ProductId(2);
        Event::Stock(Box::new(StockEvent { product, change, reason: reason.map(Into::into) }))
    };
    let moved = |id, version, to, reason: Option<&str>| {
        let change = OrderChange::Moved { to, reason: reason.map(Into::into) };
        Event::Order(OrderId(id), Box::new(OrderEvent { version, change }))
    };
    let keyed = |mut entry: Entry, key: &str, answer| {
        entry.key = Some(Box::new(KeyRecord { key: key.into(), request: *b"0123456789abcdef", answer }));
        entry
    };
    let user = Origin::User("bob".into());
    let at = 1_763_800_000_123_456;
    let expiry = NaiveDate::from_ymd_opt(2030, 6, 30);
    let mut entries = vec![
        keyed(
            entry(at, Origin::Cli, smallvec![catalogue(CatalogueEvent::CategoryCreated(category(4, "Electronics")))]),
            "category-1",
            Answer::Category(category(4, "Electronics")),
        ),
        entry(at + 1, user.clone(), smallvec![catalogue(CatalogueEvent::CategoryRenamed(category(4, "Elektronik")))]),
        entry(at + 2, user.clone(), smallvec![catalogue(CatalogueEvent::CategoryDeleted(CategoryId(5)))]),
        keyed(
            entry(
                at + 3,
                Origin::Key("shop".into()),
                smallvec![
                    catalogue(CatalogueEvent::ProductCreated(ProductId(2), details("Laptop", 99_999, expiry))),
                    stock(Change::Received(40), None),
                ],
            ),
            "product-1",
            Answer::Product(shelf().get(2, 1), Balance { on_hand: 40, reserved: 3 }),
        ),
        entry(
            at + 4,
            Origin::Client,
            smallvec![
                catalogue(CatalogueEvent::ProductChanged(ProductId(2), details("Laptop", 0, None))),
                stock(Change::Adjusted(-3), Some("damaged")),
            ],
        ),
        entry(at + 5, Origin::Client, smallvec![catalogue(CatalogueEvent::ProductDeleted(ProductId(9)))]),
        keyed(
            entry(
                at + 6,
                user.clone(),
                smallvec![Event::Placed(placed(6, at + 6, &user)), Event::Placed(placed(7, at + 6, &user))],
            ),
            "bulk-1",
            Answer::Placed,
        ),
        keyed(
            entry(at + 7, Origin::Client, smallvec![moved(8, 3, Status::Cancelled, Some("no longer wanted"))]),
            "cancel-8",
            Answer::Order(cancelled().as_answered()),
        ),
    ];
    for (version, to) in (2..).zip([Status::Processing, Status::Shipped, Status::Delivered]) {
        entries.push(entry(at + 8, Origin::Timer, smallvec![moved(6, version, to, None)]));
    }
    for change in [OrderChange::ContactChanged(contact()), OrderChange::Archived] {
        let event = OrderEvent { version: 5, change };
        entries.push(entry(at + 9, user.clone(), smallvec![Event::Order(OrderId(6), Box::new(event))]));
    }
    for change in [Change::Reserved(1), Change::Released(2), Change::Shipped(3)] {
        entries.push(entry(-at, Origin::Cli, smallvec![stock(change, Some("by hand"))]));
    }
    let mut entries: Vec<_> = entries.into_iter().map(Arc::new).collect();
    // Stored inverted: a sector of it would be zero.
    entries.push(long('\0', 1_500));
    entries
}

/// Every change of users and keys there is.
pub(in crate::journal) fn access() -> Vec<Arc<Entry>> {
    let name = |text| AccessName::parse(text).unwrap();
    let password = |text: &str| PasswordHash::parse(&format!("$argon2id$v=19$m=19456,t=2,p=1${text}")).unwrap();
    let key = |id, scope, expires_at| AccessEvent::KeyAdded {
        id: KeyId(id),
        name: name("shop-1"),
        role: Role::Operator,
        scope,
        digest: KeyDigest(std::array::from_fn(|at| u8::try_from(at).unwrap())),
        expires_at,
    };
    let events = [
        AccessEvent::UserAdded {
            name: name("ann@example.com"),
            role: Role::Admin,
            password: password("c2FsdA$aGFzaA"),
        },
        AccessEvent::PasswordSet { name: name("ann@example.com"), password: password("c2FsdA$b3RoZXI") },
        AccessEvent::RoleSet { name: name("bob"), role: Role::Viewer },
        AccessEvent::UserDisabled(name("bob")),
        AccessEvent::UserEnabled(name("bob")),
        key(1, Scope::All, None),
        key(2, Scope::Orders, Some(Timestamp(1_900_000_000_000_000))),
        key(300, Scope::Catalogue, None),
        AccessEvent::KeyRevoked(KeyId(1)),
        AccessEvent::KeyUsed(KeyId(2)),
    ];
    let at = |n: usize| 1_795_400_000_000_000 + i64::try_from(n).unwrap();
    let entry =
        |(n, event)| entry(at(n), Origin::User("ann@example.com".into()), smallvec![Event::Access(Box::new(event))]);
    events.into_iter().enumerate().map(entry).map(Arc::new).collect()
}
