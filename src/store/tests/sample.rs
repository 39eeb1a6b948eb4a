//! Values for the tests: arbitrary ones, and plain ones in any number.

use std::sync::Arc;

use chrono::NaiveDate;
use proptest::prelude::*;

use crate::domain::access::{AccessEvent, AccessName, ApiKey, KeyDigest, KeyId, PasswordHash, Role, Scope, User};
use crate::domain::audit::{AuditEvent, AuditRow};
use crate::domain::catalogue::{ProductDetails, Revision};
use crate::domain::ids::{CategoryId, OrderId, ProductId, RowId};
use crate::domain::money::Money;
use crate::domain::order::{
    Contact, ContactPatch, Field, FieldChange, Incident, Line, Order, OrderChange, OrderEvent, Status, Step, What,
};
use crate::domain::origin::Origin;
use crate::domain::stock::{Balance, Change, Movement, ON_HAND_MAX};
use crate::domain::text::{CategoryName, ProductName};
use crate::domain::time::Timestamp;
use crate::journal::Revisions;

/// The revisions that a test knows.
#[derive(Default)]
pub(super) struct Known(Vec<Arc<Revision>>);

impl Revisions for Known {
    fn revision(&self, product: ProductId, number: u32) -> Option<Arc<Revision>> {
        self.0.iter().find(|revision| (revision.product, revision.number) == (product, number)).cloned()
    }
}

pub(super) fn revisions_of(order: &Order) -> Known {
    Known(order.lines.iter().map(|line| line.product.clone()).collect())
}

fn who() -> impl Strategy<Value = Origin> {
    prop_oneof![
        Just(Origin::Timer),
        Just(Origin::Client),
        Just(Origin::Cli),
        "[a-z]{1,9}".prop_map(|name| Origin::User(name.into())),
        "[a-z]{1,9}".prop_map(|name| Origin::Key(name.into())),
    ]
}

fn money() -> impl Strategy<Value = Money> {
    (0..=Money::MAX.minor()).prop_map(|minor| Money::from_minor(minor).unwrap())
}

pub(super) fn revision() -> impl Strategy<Value = Revision> {
    let names = ("[a-zß€]{1,100}", "[a-z€]{1,50}", ".{0,99}");
    (1_u64.., 1_u32.., names, money(), prop::option::of(-90_000..90_000_i32), 1_u64.., any::<bool>()).prop_map(
        |(product, number, (name, category_name, description), price, days, category, archived)| Revision {
            product: ProductId(product),
            number,
            details: ProductDetails {
                name: ProductName::parse(&name).unwrap(),
                description: description.into(),
                price,
                expiry_date: days.and_then(NaiveDate::from_num_days_from_ce_opt),
                category: CategoryId(category),
                archived,
            },
            category_name: CategoryName::parse(&category_name).unwrap(),
        },
    )
}

fn line() -> impl Strategy<Value = Line> {
    (revision(), 1_u32.., any::<u32>()).prop_map(|(product, quantity, available_after)| Line {
        product: Arc::new(product),
        quantity,
        available_after,
    })
}

pub(super) fn order() -> impl Strategy<Value = Order> {
    let texts = ("[a-zä ]{1,30}", "[a-z]{1,9}@[a-z]{1,9}\\.de", "[0-9]{1,20}", ".{1,200}");
    let steps = prop::collection::vec(
        (prop::sample::select(&Status::ALL[..]), any::<i64>(), who(), prop::option::of(".{0,40}")),
        1..6,
    );
    let numbers = (1_u64.., 1_u32.., any::<[i64; 3]>(), any::<bool>());
    (numbers, texts, prop::collection::vec(line(), 1..4), money(), steps).prop_map(
        |((id, version, [placed_at, updated_at, moved_at], archived), texts, lines, total, steps)| {
            let mut from = None;
            let history = steps
                .iter()
                .map(|(to, at, who, reason)| Step::new(from.replace(*to), *to, Timestamp(*at), who, reason.as_deref()));
            let mut history: Box<[Step]> = history.collect();
            // Every other order was edited and archived.
            if version % 2 == 0 {
                let before = Contact::restore(["Ann", &texts.1, "", &texts.3]).unwrap();
                let after = Contact::restore([&texts.0, &texts.1, &texts.2, &texts.3]).unwrap();
                let who = history[0].who().clone();
                let changed = What::ContactChanged(FieldChange::between(&before, &after));
                let last = history.len() - 1;
                history[0].note(Incident { at: Timestamp(placed_at), who: who.clone(), what: changed });
                history[last].note(Incident { at: Timestamp(updated_at), who, what: What::Archived });
            }
            Order {
                id: OrderId(id),
                version,
                status: from.unwrap(),
                archived,
                contact: Contact::restore([&texts.0, &texts.1, &texts.2, &texts.3]).unwrap(),
                lines: lines.into(),
                total,
                placed_at: Timestamp(placed_at),
                updated_at: Timestamp(updated_at),
                moved_at: Timestamp(moved_at),
                history,
            }
        },
    )
}

pub(super) fn movement() -> impl Strategy<Value = Movement> {
    let change = prop_oneof![
        (1..=ON_HAND_MAX).prop_map(Change::Received),
        (1..=ON_HAND_MAX).prop_map(Change::Reserved),
        (1..=ON_HAND_MAX).prop_map(Change::Released),
        (1..=ON_HAND_MAX).prop_map(Change::Shipped),
        (1_i64..i64::from(ON_HAND_MAX)).prop_map(Change::Adjusted),
    ];
    let numbers = (1_u64..99, any::<i64>(), 0..=ON_HAND_MAX, prop::option::of(1_u64..));
    (numbers, change, who(), prop::option::of(".{0,40}")).prop_map(
        |((sequence, at, on_hand, order), change, who, reason)| Movement {
            sequence,
            at: Timestamp(at),
            change,
            after: Balance { on_hand, reserved: on_hand / 2 },
            order: order.map(OrderId),
            who,
            reason: reason.map(Into::into),
        },
    )
}

/// A plain row of the ledger.
pub(super) fn movement_at(sequence: u64) -> Movement {
    Movement {
        sequence,
        at: Timestamp(1_700_000_000_000_000 + sequence.cast_signed()),
        change: Change::Reserved(1),
        after: Balance { on_hand: 1_000, reserved: 1 },
        order: Some(OrderId(sequence)),
        who: Origin::Client,
        reason: None,
    }
}

/// A plain revision.
pub(super) fn revision_of(product: u64, number: u32) -> Arc<Revision> {
    Arc::new(Revision {
        product: ProductId(product),
        number,
        details: ProductDetails {
            name: ProductName::parse(&format!("Product {product}, as of {number}")).unwrap(),
            description: "Plain".into(),
            price: Money::from_minor(29_999).unwrap(),
            expiry_date: None,
            category: CategoryId(1),
            archived: false,
        },
        category_name: CategoryName::parse("Electronics").unwrap(),
    })
}

/// A plain order of two lines, pending.
pub(super) fn order_of(id: u64, product: &Arc<Revision>) -> Arc<Order> {
    let line = |quantity| Line { product: product.clone(), quantity, available_after: 990 };
    let name = format!("Customer {id}");
    let contact = Contact::new(&name, "customer@example.com", "+880 1234 567890", "12 Long Street, Dhaka").unwrap();
    let now = Timestamp(1_700_000_000_000_000 + id.cast_signed());
    let total = Money::from_minor(3 * 29_999).unwrap();
    Arc::new(Order::placed(OrderId(id), contact, Box::new([line(1), line(2)]), total, now, &Origin::Client))
}

/// `order` after it moved to `to`.
pub(super) fn moved(order: &Order, to: Status) -> Arc<Order> {
    let change = OrderChange::Moved { to, reason: None };
    let event = OrderEvent { version: order.version + 1, change };
    let at = Timestamp(order.updated_at.0 + 5_000_000);
    Arc::new(order.after(&event, at, &Origin::Timer))
}

/// `order` with another telephone number.
pub(super) fn edited(order: &Order) -> Arc<Order> {
    let mut patch = ContactPatch::default();
    patch.set(Field::CustomerPhone, "555").unwrap();
    let change = OrderChange::ContactChanged(order.contact.patched(&patch));
    let event = OrderEvent { version: order.version + 1, change };
    let at = Timestamp(order.updated_at.0 + 1_000_000);
    Arc::new(order.after(&event, at, &Origin::User("ann".into())))
}

/// A plain user.
pub(super) fn user() -> Arc<User> {
    Arc::new(User {
        name: AccessName::parse("ann@example.com").unwrap(),
        role: Role::Admin,
        password: PasswordHash::parse("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA").unwrap(),
        disabled: true,
        created_at: Timestamp(1_700_000_000_000_000),
        changed_at: Timestamp(1_700_000_000_000_001),
        epoch: 2,
    })
}

/// A plain API key.
pub(super) fn api_key() -> Arc<ApiKey> {
    Arc::new(ApiKey {
        id: KeyId(7),
        name: AccessName::parse("shop-1").unwrap(),
        role: Role::Operator,
        scope: Scope::Orders,
        digest: KeyDigest([9; 32]),
        created_at: Timestamp(1_700_000_000_000_002),
        expires_at: Some(Timestamp(1_900_000_000_000_000)),
        revoked_at: None,
        used_at: Some(Timestamp(1_700_000_000_000_003)),
    })
}

/// A few rows of the audit log, oldest first.
pub(super) fn audit() -> Vec<Arc<AuditRow>> {
    let row = |sequence, nth, event| {
        let (at, who) = (Timestamp(1_700_000_000_000_000), Origin::User("ann@example.com".into()));
        let what = AuditEvent::Access(Box::new(event));
        Arc::new(AuditRow { id: RowId { sequence, nth }, at, who, what })
    };
    let name = user().name.clone();
    vec![
        row(1, 0, AccessEvent::UserDisabled(name.clone())),
        row(1, 1, AccessEvent::RoleSet { name, role: Role::Viewer }),
        row(300, 0, AccessEvent::KeyRevoked(KeyId(7))),
    ]
}
