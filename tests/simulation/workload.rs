//! What clients ask for, drawn from the dice. Most of it can be done; some of it cannot, and has to be refused.

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

use super::book::Book;
use super::client::Ask;
use super::dice::Dice;

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
pub(crate) fn opening(dice: &mut Dice) -> Vec<Ask> {
    let mut asks = vec![Ask::CreateCategory(category_name(0)), Ask::CreateCategory(category_name(1))];
    for _ in 0..dice.within(1..=4) {
        let (name, price) = (product_name(dice), price(dice));
        let category = CategoryId(dice.within(1..=2));
        let details =
            ProductDetails { name, description: "".into(), price, expiry_date: None, category, archived: false };
        asks.push(Ask::CreateProduct(details, u32::try_from(dice.within(0..=400)).expect("small")));
    }
    asks
}

/// One wish.
pub(crate) fn wish(dice: &mut Dice, book: &Book, now: Timestamp) -> Ask {
    match dice.weighted(&KINDS) {
        Kind::Place => Ask::Place(rows(dice, book, 1)),
        Kind::Bulk => {
            let orders = match dice.index(3) {
                0 => dice.within(2..=5),
                1 => dice.within(10..=30),
                _ => dice.within(60..=120),
            };
            Ask::Place(rows(dice, book, orders))
        }
        Kind::Move => Ask::Move(order(dice, book), dice.pick(&Status::ALL[1..4])),
        Kind::Cancel => Ask::Cancel(order(dice, book)),
        Kind::Edit => {
            let mut patch = ContactPatch::default();
            let name = format!("Name {}", dice.within(0..=3));
            patch.set(Field::CustomerName, &name).expect("the name is short");
            Ask::Edit(order(dice, book), patch)
        }
        Kind::Archive => Ask::Archive(order(dice, book)),
        Kind::Adjust => Ask::Adjust(adjustment(dice, book)),
        Kind::Category => category(dice, book),
        Kind::Product => product_edit(dice, book, now),
        Kind::Access => Ask::Access(access(dice, now)),
    }
}

fn rows(dice: &mut Dice, book: &Book, orders: u64) -> Vec<OrderRequest> {
    let mut row = || {
        let contact = Contact::new(&format!("Name {}", dice.within(0..=9)), "ann@example.com", "1", "Here 1");
        let lines = (0..dice.weighted(&[(7, 1), (2, 2), (1, 3)])).map(|_| LineRequest {
            product: product(dice, book),
            quantity: dice.weighted(&[(8, 1), (3, 2), (1, 7), (1, 60)]),
        });
        let lines = lines.collect();
        OrderRequest { contact: contact.expect("it is well-formed"), lines }
    };
    (0..orders).map(|_| row()).collect()
}

/// Mostly one of the newest orders, which are open; sometimes one that does not exist.
fn order(dice: &mut Dice, book: &Book) -> OrderId {
    let last = book.orders.len() as u64;
    let oldest = if dice.happens(700) { last.saturating_sub(12) } else { 0 };
    let missing = u64::from(dice.happens(30));
    OrderId(dice.within(oldest..=last + missing).max(1))
}

fn product(dice: &mut Dice, book: &Book) -> ProductId {
    let missing = u64::from(dice.happens(10));
    ProductId(dice.within(1..=book.products_last.max(1) + missing))
}

fn adjustment(dice: &mut Dice, book: &Book) -> Adjustment {
    let product = product(dice, book);
    let n = u32::try_from(dice.within(0..=200)).expect("small");
    let target = match dice.index(4) {
        0 => Target::OnHand(n),
        1 => Target::Available(n),
        2 => Target::By(-i64::from(n / 8)),
        _ => Target::By(i64::from(n)),
    };
    let current = book.stock.get(&product.0).map_or(0, |shelf| shelf.balance.on_hand);
    let expected = dice.happens(200).then_some(current);
    Adjustment { product, target, expected, reason: dice.happens(500).then(|| "stocktake".into()) }
}

fn category(dice: &mut Dice, book: &Book) -> Ask {
    let id = CategoryId(dice.within(1..=book.categories_last + 1));
    match dice.index(4) {
        0 => Ask::DeleteCategory(id),
        1 => Ask::RenameCategory(id, category_name(dice.within(0..=9))),
        _ => Ask::CreateCategory(category_name(dice.within(0..=9))),
    }
}

fn product_edit(dice: &mut Dice, book: &Book, now: Timestamp) -> Ask {
    let id = product(dice, book);
    let today = DateTime::<Utc>::from_timestamp_micros(now.0).expect("the clock stays on the calendar").date_naive();
    let soon = today.checked_add_days(Days::new(dice.within(0..=20)));
    match dice.index(6) {
        0 => Ask::DeleteProduct(id),
        1 | 2 => {
            let details = ProductDetails {
                name: product_name(dice),
                description: "new".into(),
                price: price(dice),
                expiry_date: dice.happens(300).then_some(soon).flatten(),
                category: CategoryId(dice.within(1..=book.categories_last.max(1))),
                archived: dice.happens(50),
            };
            Ask::CreateProduct(details, u32::try_from(dice.within(0..=300)).expect("small"))
        }
        _ => {
            let patch = ProductPatch {
                name: dice.happens(300).then(|| product_name(dice)),
                price: dice.happens(500).then(|| price(dice)),
                expiry_date: dice.happens(200).then_some(if dice.happens(500) { soon } else { None }),
                archived: dice.happens(200).then(|| dice.happens(300)),
                ..ProductPatch::default()
            };
            let available = dice.happens(300).then(|| u32::try_from(dice.within(0..=200)).expect("small"));
            Ask::ChangeProduct(id, patch, available)
        }
    }
}

/// Few names and ids, so that they meet.
fn access(dice: &mut Dice, now: Timestamp) -> AccessCommand {
    use AccessCommand as C;
    let name = AccessName::parse(&format!("name-{}", dice.within(0..=4))).expect("it is well-formed");
    let role = dice.pick(&Role::ALL);
    let id = KeyId(dice.within(1..=9));
    let secret = dice.within(0..=u64::MAX / 2);
    let password = PasswordHash::parse(&format!("$argon2id${secret}")).expect("it is well-formed");
    match dice.index(8) {
        0 | 1 => C::AddUser { name, role, password },
        2 => C::SetPassword { name, password },
        3 => C::SetRole { name, role },
        4 => C::DisableUser(name),
        5 => C::EnableUser(name),
        6 => match dice.index(3) {
            0 => C::RevokeKey(id),
            _ => C::KeyUsed(id),
        },
        _ => {
            let mut digest = [0; 32];
            digest[..8].copy_from_slice(&secret.to_be_bytes());
            let end = now.plus(std::time::Duration::from_secs(dice.within(1..=600)));
            let expires_at = dice.happens(300).then_some(end);
            C::AddKey { name, role, scope: dice.pick(&Scope::ALL), digest: KeyDigest(digest), expires_at }
        }
    }
}

fn price(dice: &mut Dice) -> Money {
    Money::from_minor(dice.within(1..=99_999)).expect("it has few digits")
}

fn product_name(dice: &mut Dice) -> ProductName {
    ProductName::parse(&format!("Product {}", dice.within(0..=99))).expect("it is short")
}

fn category_name(number: u64) -> CategoryName {
    CategoryName::parse(&format!("Category {number}")).expect("it is short")
}
