//! What clients ask for, drawn at random. Most of it can be done; some of it cannot, and has to be refused.

use chrono::{DateTime, Days, Utc};
use packhorse::domain::access::{AccessCommand, AccessName, KeyDigest, KeyId, PasswordHash, Role, Scope};
use packhorse::domain::catalogue::{ProductDetails, ProductPatch};
use packhorse::domain::ids::{CategoryId, OrderId, ProductId};
use packhorse::domain::inventory::{LineRequest, OrderRequest};
use packhorse::domain::money::Money;
use packhorse::domain::order::{Contact, ContactPatch, Field, Status};
use packhorse::domain::stock::{Adjustment, Target};
use packhorse::domain::text::{CategoryName, ProductName};
use packhorse::domain::time::Timestamp;

use super::client::Ask;
use super::model::Model;
use super::prng::Prng;

#[derive(Clone, Copy)]
enum Kind {
    Place,
    Bulk,
    Move,
    Cancel,
    Edit,
    Archive,
    Adjust,
    Category,
    Product,
    Access,
}

const KINDS: [(u64, Kind); 10] = [
    (35, Kind::Place),
    (8, Kind::Bulk),
    (14, Kind::Move),
    (10, Kind::Cancel),
    (8, Kind::Edit),
    (4, Kind::Archive),
    (12, Kind::Adjust),
    (3, Kind::Category),
    (6, Kind::Product),
    (6, Kind::Access),
];

/// The catalogue that a run begins with.
pub(crate) fn opening(prng: &mut Prng) -> Vec<Ask> {
    let mut asks = vec![Ask::CreateCategory(category_name(0)), Ask::CreateCategory(category_name(1))];
    for _ in 0..prng.within(1..=4) {
        let (name, price) = (product_name(prng), price(prng));
        let category = CategoryId(prng.within(1..=2));
        let details =
            ProductDetails { name, description: "".into(), price, expiry_date: None, category, archived: false };
        asks.push(Ask::CreateProduct(details, u32::try_from(prng.within(0..=400)).expect("small")));
    }
    asks
}

/// One wish.
pub(crate) fn wish(prng: &mut Prng, model: &Model, now: Timestamp) -> Ask {
    match prng.weighted(&KINDS) {
        Kind::Place => Ask::Place(rows(prng, model, 1)),
        Kind::Bulk => {
            let orders = match prng.index(3) {
                0 => prng.within(2..=5),
                1 => prng.within(10..=30),
                _ => prng.within(60..=120),
            };
            Ask::Place(rows(prng, model, orders))
        }
        Kind::Move => Ask::Move(order(prng, model), prng.pick(&Status::ALL[1..4])),
        Kind::Cancel => Ask::Cancel(order(prng, model)),
        Kind::Edit => {
            let mut patch = ContactPatch::default();
            let name = format!("Name {}", prng.within(0..=3));
            patch.set(Field::CustomerName, &name).expect("the name is short");
            Ask::Edit(order(prng, model), patch)
        }
        Kind::Archive => Ask::Archive(order(prng, model)),
        Kind::Adjust => Ask::Adjust(adjustment(prng, model)),
        Kind::Category => category(prng, model),
        Kind::Product => product_edit(prng, model, now),
        Kind::Access => Ask::Access(access(prng, now)),
    }
}

fn rows(prng: &mut Prng, model: &Model, orders: u64) -> Vec<OrderRequest> {
    let mut row = || {
        let contact = Contact::new(&format!("Name {}", prng.within(0..=9)), "ann@example.com", "1", "Here 1");
        let lines = (0..prng.weighted(&[(7, 1), (2, 2), (1, 3)])).map(|_| LineRequest {
            product: product(prng, model),
            quantity: prng.weighted(&[(8, 1), (3, 2), (1, 7), (1, 60)]),
        });
        let lines = lines.collect();
        OrderRequest { contact: contact.expect("it is well-formed"), lines }
    };
    (0..orders).map(|_| row()).collect()
}

/// Mostly one of the newest orders, which are open; sometimes one that does not exist.
fn order(prng: &mut Prng, model: &Model) -> OrderId {
    let last = model.orders.len() as u64;
    let oldest = if prng.happens(700) { last.saturating_sub(12) } else { 0 };
    let missing = u64::from(prng.happens(30));
    OrderId(prng.within(oldest..=last + missing).max(1))
}

fn product(prng: &mut Prng, model: &Model) -> ProductId {
    let missing = u64::from(prng.happens(10));
    ProductId(prng.within(1..=model.products_last.max(1) + missing))
}

fn adjustment(prng: &mut Prng, model: &Model) -> Adjustment {
    let product = product(prng, model);
    let n = u32::try_from(prng.within(0..=200)).expect("small");
    let target = match prng.index(4) {
        0 => Target::OnHand(n),
        1 => Target::Available(n),
        2 => Target::By(-i64::from(n / 8)),
        _ => Target::By(i64::from(n)),
    };
    let current = model.stock.get(&product.0).map_or(0, |stock_model| stock_model.balance.on_hand);
    let expected = prng.happens(200).then_some(current);
    Adjustment { product, target, expected, reason: prng.happens(500).then(|| "stocktake".into()) }
}

fn category(prng: &mut Prng, model: &Model) -> Ask {
    let id = CategoryId(prng.within(1..=model.categories_last + 1));
    match prng.index(4) {
        0 => Ask::DeleteCategory(id),
        1 => Ask::RenameCategory(id, category_name(prng.within(0..=9))),
        _ => Ask::CreateCategory(category_name(prng.within(0..=9))),
    }
}

fn product_edit(prng: &mut Prng, model: &Model, now: Timestamp) -> Ask {
    let id = product(prng, model);
    let today = DateTime::<Utc>::from_timestamp_micros(now.0).expect("the clock stays on the calendar").date_naive();
    let soon = today.checked_add_days(Days::new(prng.within(0..=20)));
    match prng.index(6) {
        0 => Ask::DeleteProduct(id),
        1 | 2 => {
            let details = ProductDetails {
                name: product_name(prng),
                description: "new".into(),
                price: price(prng),
                expiry_date: prng.happens(300).then_some(soon).flatten(),
                category: CategoryId(prng.within(1..=model.categories_last.max(1))),
                archived: prng.happens(50),
            };
            Ask::CreateProduct(details, u32::try_from(prng.within(0..=300)).expect("small"))
        }
        _ => {
            let patch = ProductPatch {
                name: prng.happens(300).then(|| product_name(prng)),
                price: prng.happens(500).then(|| price(prng)),
                expiry_date: prng.happens(200).then_some(if prng.happens(500) { soon } else { None }),
                archived: prng.happens(200).then(|| prng.happens(300)),
                ..ProductPatch::default()
            };
            let available = prng.happens(300).then(|| u32::try_from(prng.within(0..=200)).expect("small"));
            Ask::ChangeProduct(id, patch, available)
        }
    }
}

/// Few names and ids, so that they meet.
fn access(prng: &mut Prng, now: Timestamp) -> AccessCommand {
    use AccessCommand as C;
    let name = AccessName::parse(&format!("name-{}", prng.within(0..=4))).expect("it is well-formed");
    let role = prng.pick(&Role::ALL);
    let id = KeyId(prng.within(1..=9));
    let secret = prng.within(0..=u64::MAX / 2);
    let password = PasswordHash::parse(&format!("$argon2id${secret}")).expect("it is well-formed");
    match prng.index(8) {
        0 | 1 => C::AddUser { name, role, password },
        2 => C::SetPassword { name, password },
        3 => C::SetRole { name, role },
        4 => C::DisableUser(name),
        5 => C::EnableUser(name),
        6 => match prng.index(3) {
            0 => C::RevokeKey(id),
            _ => C::KeyUsed(id),
        },
        _ => {
            let mut digest = [0; 32];
            digest[..8].copy_from_slice(&secret.to_be_bytes());
            let end = now.plus(std::time::Duration::from_secs(prng.within(1..=600)));
            let expires_at = prng.happens(300).then_some(end);
            C::AddKey { name, role, scope: prng.pick(&Scope::ALL), digest: KeyDigest(digest), expires_at }
        }
    }
}

fn price(prng: &mut Prng) -> Money {
    Money::from_minor(prng.within(1..=99_999)).expect("it has few digits")
}

fn product_name(prng: &mut Prng) -> ProductName {
    ProductName::parse(&format!("Product {}", prng.within(0..=99))).expect("it is short")
}

fn category_name(number: u64) -> CategoryName {
    CategoryName::parse(&format!("Category {number}")).expect("it is short")
}
