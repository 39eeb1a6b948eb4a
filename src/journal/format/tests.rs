//! Every value comes back from its bytes, and no bytes do harm.

use std::sync::Arc;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::*;
use crate::domain::access::{AccessEvent, AccessName, ApiKey, KeyDigest, KeyId, PasswordHash, Role, Scope, User};
use crate::domain::catalogue::{CatalogueEvent, Category, ProductDetails, Revision};
use crate::domain::entry::{Answer, Entry, Event, KeyRecord};
use crate::domain::ids::{CategoryId, OrderId, ProductId};
use crate::domain::money::Money;
use crate::domain::order::{Contact, Line, Order, OrderChange, OrderEvent, Status, Step};
use crate::domain::origin::Origin;
use crate::domain::stock::{Balance, Change, Movement, ON_HAND_MAX, StockEvent};
use crate::domain::text::Name;
use crate::domain::time::Timestamp;
use crate::journal::tests::samples::{self, Shelf, shelf};

fn id() -> impl Strategy<Value = u64> {
    prop_oneof![1..300_u64, 1..=u64::MAX]
}

fn at() -> impl Strategy<Value = Timestamp> {
    any::<i64>().prop_map(Timestamp)
}

fn text() -> impl Strategy<Value = Box<str>> {
    "\\PC{0,40}".prop_map(Into::into)
}

fn name<const MAX: usize>() -> impl Strategy<Value = Name<MAX>> {
    "[a-zà-ÿ!]{1,40}".prop_map(|text| Name::parse(&text).unwrap())
}

fn money() -> impl Strategy<Value = Money> {
    (0..=Money::MAX.minor()).prop_map(|minor| Money::from_minor(minor).unwrap())
}

fn who() -> impl Strategy<Value = Origin> {
    prop_oneof![
        Just(Origin::Timer),
        Just(Origin::Client),
        Just(Origin::Cli),
        text().prop_map(|name| Origin::User(name.into())),
        text().prop_map(|name| Origin::Key(name.into())),
    ]
}

fn status() -> impl Strategy<Value = Status> {
    prop::sample::select(Status::ALL.to_vec())
}

fn category() -> impl Strategy<Value = Category> {
    (id(), name()).prop_map(|(id, name)| Category { id: CategoryId(id), name })
}

prop_compose! {
    fn details()(
        name in name(), description in text(), price in money(), days in option::of(-80_000_000..80_000_000_i32),
        category in id(), archived in any::<bool>(),
    ) -> ProductDetails {
        let expiry_date = days.and_then(chrono::NaiveDate::from_num_days_from_ce_opt);
        ProductDetails { name, description, price, expiry_date, category: CategoryId(category), archived }
    }
}

prop_compose! {
    fn revision()(product in id(), number in 1..=u32::MAX, details in details(), category_name in name()) -> Revision {
        Revision { product: ProductId(product), number, details, category_name }
    }
}

fn change() -> impl Strategy<Value = Change> {
    let n = 0..=ON_HAND_MAX;
    let most = i64::from(ON_HAND_MAX);
    prop_oneof![
        n.clone().prop_map(Change::Received),
        (-most..=most).prop_map(Change::Adjusted),
        n.clone().prop_map(Change::Reserved),
        n.clone().prop_map(Change::Released),
        n.prop_map(Change::Shipped),
    ]
}

fn balance() -> impl Strategy<Value = Balance> {
    (0..=ON_HAND_MAX, 0..=ON_HAND_MAX).prop_map(|(a, b)| Balance { on_hand: a.max(b), reserved: a.min(b) })
}

fn contact() -> impl Strategy<Value = Contact> {
    [text(), text(), text(), text()].prop_map(|texts| Contact::restore(texts.each_ref().map(|text| &**text)).unwrap())
}

fn lines() -> impl Strategy<Value = Box<[Line]>> {
    let product = prop::sample::select(vec![(1, 1), (1, 2), (2, 1), (3, 7)]);
    let line = (product, 1..=u32::MAX, any::<u32>()).prop_map(|((product, number), quantity, available_after)| Line {
        product: shelf().get(product, number),
        quantity,
        available_after,
    });
    vec(line, 1..4).prop_map(Into::into)
}

prop_compose! {
    fn placed()(id in id(), contact in contact(), lines in lines(), total in money()) -> Order {
        Order::placed(OrderId(id), contact, lines, total, Timestamp(0), &Origin::Timer)
    }
}

prop_compose! {
    fn order()(
        placed in placed(), version in 1..=u32::MAX, archived in any::<bool>(), times in [at(), at(), at()],
        steps in vec((option::of(status()), status(), at(), who(), option::of(text())), 1..5),
    ) -> Order {
        let history: Box<[Step]> =
            steps.iter().map(|(from, to, at, who, why)| Step::new(*from, *to, *at, who, why.as_deref())).collect();
        let [placed_at, updated_at, moved_at] = times;
        let status = history.last().unwrap().to;
        Order { version, status, archived, placed_at, updated_at, moved_at, history, ..placed }
    }
}

fn access_name() -> impl Strategy<Value = AccessName> {
    "[a-z0-9._@+-]{1,64}".prop_map(|text| AccessName::parse(&text).unwrap())
}

fn password() -> impl Strategy<Value = PasswordHash> {
    "[!-~]{0,99}".prop_map(|text| PasswordHash::parse(&format!("$argon2id${text}")).unwrap())
}

fn role() -> impl Strategy<Value = Role> {
    prop::sample::select(Role::ALL.to_vec())
}

fn scope() -> impl Strategy<Value = Scope> {
    prop::sample::select(Scope::ALL.to_vec())
}

fn digest() -> impl Strategy<Value = KeyDigest> {
    any::<[u8; 32]>().prop_map(KeyDigest)
}

fn access_event() -> impl Strategy<Value = AccessEvent> {
    let key = (id(), access_name(), role(), scope(), digest(), option::of(at()));
    prop_oneof![
        (access_name(), role(), password()).prop_map(|(name, role, password)| AccessEvent::UserAdded {
            name,
            role,
            password
        }),
        (access_name(), password()).prop_map(|(name, password)| AccessEvent::PasswordSet { name, password }),
        (access_name(), role()).prop_map(|(name, role)| AccessEvent::RoleSet { name, role }),
        access_name().prop_map(AccessEvent::UserDisabled),
        access_name().prop_map(AccessEvent::UserEnabled),
        key.prop_map(|(id, name, role, scope, digest, expires_at)| {
            AccessEvent::KeyAdded { id: KeyId(id), name, role, scope, digest, expires_at }
        }),
        id().prop_map(|id| AccessEvent::KeyRevoked(KeyId(id))),
        id().prop_map(|id| AccessEvent::KeyUsed(KeyId(id))),
    ]
}

prop_compose! {
    fn user()(
        name in access_name(), role in role(), password in password(), disabled in any::<bool>(), times in [at(), at()],
        epoch in 1..=u32::MAX,
    ) -> User {
        User { name, role, password, disabled, created_at: times[0], changed_at: times[1], epoch }
    }
}

prop_compose! {
    fn api_key()(
        id in id(), name in access_name(), role in role(), scope in scope(), digest in digest(), created_at in at(),
        times in [option::of(at()), option::of(at()), option::of(at())],
    ) -> ApiKey {
        let [expires_at, revoked_at, used_at] = times;
        ApiKey { id: KeyId(id), name, role, scope, digest, created_at, expires_at, revoked_at, used_at }
    }
}

fn event() -> impl Strategy<Value = Event> {
    let catalogue = prop_oneof![
        category().prop_map(CatalogueEvent::CategoryCreated),
        category().prop_map(CatalogueEvent::CategoryRenamed),
        id().prop_map(|id| CatalogueEvent::CategoryDeleted(CategoryId(id))),
        (id(), details()).prop_map(|(id, details)| CatalogueEvent::ProductCreated(ProductId(id), details)),
        (id(), details()).prop_map(|(id, details)| CatalogueEvent::ProductChanged(ProductId(id), details)),
        id().prop_map(|id| CatalogueEvent::ProductDeleted(ProductId(id))),
    ];
    let stock = (id(), change(), option::of(text()));
    let stock = stock.prop_map(|(id, change, reason)| StockEvent { product: ProductId(id), change, reason });
    let change = prop_oneof![
        (status(), option::of(text())).prop_map(|(to, reason)| OrderChange::Moved { to, reason }),
        contact().prop_map(OrderChange::ContactChanged),
        Just(OrderChange::Archived),
    ];
    let change = (1..=u32::MAX, change).prop_map(|(version, change)| OrderEvent { version, change });
    prop_oneof![
        catalogue.prop_map(|event| Event::Catalogue(Box::new(event))),
        stock.prop_map(|event| Event::Stock(Box::new(event))),
        placed().prop_map(|order| Event::Placed(Arc::new(order))),
        (id(), change).prop_map(|(id, event)| Event::Order(OrderId(id), Box::new(event))),
        access_event().prop_map(|event| Event::Access(Box::new(event))),
    ]
}

prop_compose! {
    fn key()(
        key in text(), request in any::<[u8; 16]>(),
        answer in prop_oneof![
            Just(Answer::Placed),
            order().prop_map(|order| Answer::Order(Arc::new(order))),
            (revision(), balance()).prop_map(|(revision, balance)| Answer::Product(Arc::new(revision), balance)),
            category().prop_map(Answer::Category),
        ],
    ) -> KeyRecord {
        KeyRecord { key, request, answer }
    }
}

prop_compose! {
    fn entry()(at in at(), who in who(), key in option::of(key()), events in vec(event(), 1..6)) -> Entry {
        let placed = |event| match event {
            Event::Placed(order) => {
                let Order { id, contact, lines, total, .. } = (*order).clone();
                Event::Placed(Arc::new(Order::placed(id, contact, lines, total, at, &who)))
            }
            Event::Catalogue(_) | Event::Stock(_) | Event::Order(..) | Event::Access(_) => event,
        };
        let events = events.into_iter().map(placed).collect();
        Entry { at, who, key: key.map(Box::new), events }
    }
}

prop_compose! {
    fn movement()(
        sequence in id(), at in at(), change in change(), after in balance(), order in option::of(id()), who in who(),
        reason in option::of(text()),
    ) -> Movement {
        Movement { sequence, at, change, after, order: order.map(OrderId), who, reason: reason.map(Into::into) }
    }
}

fn encoded(entry: &Entry) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode_entry(entry, &mut bytes);
    bytes
}

proptest! {
    #[test]
    fn every_entry_comes_back(entry in entry()) {
        prop_assert_eq!(decode_entry(&encoded(&entry), &shelf()).unwrap(), entry);
    }

    #[test]
    fn every_order_comes_back(order in order()) {
        let mut bytes = Vec::new();
        encode_order(&order, &mut bytes);
        prop_assert_eq!(decode_order(&bytes, &shelf()).unwrap(), order);
    }

    #[test]
    fn every_movement_and_revision_comes_back(movement in movement(), revision in revision()) {
        let mut bytes = Vec::new();
        encode(&MovementV1::from(&movement), &mut bytes);
        prop_assert_eq!(decode::<MovementV1<'_>>(&bytes).unwrap().restore().unwrap(), movement);
        bytes.clear();
        encode(&RevisionV1::from(&revision), &mut bytes);
        prop_assert_eq!(decode::<RevisionV1<'_>>(&bytes).unwrap().restore().unwrap(), revision);
    }

    #[test]
    fn every_user_and_key_comes_back(user in user(), key in api_key()) {
        let mut bytes = Vec::new();
        encode(&UserV1::from(&user), &mut bytes);
        prop_assert_eq!(decode::<UserV1<'_>>(&bytes).unwrap().restore().unwrap(), user);
        bytes.clear();
        encode(&ApiKeyV1::from(&key), &mut bytes);
        prop_assert_eq!(decode::<ApiKeyV1<'_>>(&bytes).unwrap().restore().unwrap(), key);
    }

    #[test]
    fn no_bytes_do_harm(bytes in vec(any::<u8>(), 0..200)) {
        let _ = decode_entry(&bytes, &shelf());
        let _ = decode_order(&bytes, &shelf());
    }

    #[test]
    fn changed_bytes_do_no_harm(entry in entry(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = encoded(&entry);
        *at.get_mut(&mut bytes) = byte;
        // What can be read at all can be written again.
        if let Ok(entry) = decode_entry(&bytes, &shelf()) {
            prop_assert_eq!(decode_entry(&encoded(&entry), &shelf()).unwrap(), entry);
        }
    }
}

#[test]
fn an_entry_uses_all_of_its_bytes_and_needs_them_all() {
    for entry in samples::all().into_iter().chain(samples::access()) {
        let mut bytes = encoded(&entry);
        for len in 0..bytes.len() {
            assert!(decode_entry(&bytes[..len], &shelf()).is_err(), "cut to {len} bytes");
        }
        bytes.push(0);
        assert!(matches!(decode_entry(&bytes, &shelf()), Err(FormatError::LeftOver { left: 1 })));
    }
}

#[test]
fn appends_to_what_is_there() {
    let entry = samples::all().remove(0);
    let mut bytes = b"before".to_vec();
    encode_entry(&entry, &mut bytes);
    assert_eq!(bytes[6..], encoded(&entry));
}

#[test]
fn a_placed_order_takes_few_bytes() {
    let order = samples::placed(1_000_000, 5, &Origin::Client);
    let texts: usize = crate::domain::order::Field::ALL.map(|field| order.contact.get(field).len()).iter().sum();
    let mut bytes = Vec::new();
    encode(&PlacedV1::from(&*order), &mut bytes);
    assert_eq!(bytes.len() - texts, 25);
}

#[test]
fn a_length_that_lies_allocates_nothing() {
    // At 0, by a timer, without a key, and with 2^64 - 1 events.
    let mut bytes = vec![0, 0, 0, 253];
    bytes.extend([0xFF; 8]);
    assert!(matches!(decode_entry(&bytes, &shelf()), Err(FormatError::Encoding(_))));
}

#[test]
fn values_are_checked_and_named() {
    fn check<F: bincode::Encode>(form: F, text: &str) {
        let mut bytes = vec![0, 0, 0, 1];
        encode(&form, &mut bytes);
        let error = decode_entry(&bytes, &shelf()).unwrap_err().to_string();
        assert!(error.contains(text), "{error}");
    }
    let contact = ("a", "b", "c", "d");
    let line = (1_u64, 2_u32, 1_u32, 24_999_u64, 0_u32);
    check((0_u32, 0_u32, 0_u64, "name"), "a category id cannot be 0");
    check((0_u32, 0_u32, 1_u64, " name"), "a category's name starts or ends with white space");
    check((0_u32, 0_u32, 1_u64, ""), "a category's name: the text is blank");
    check(
        (0_u32, 0_u32, 1_u64, "n".repeat(51)),
        "a category's name: the text has 51 characters; at most 50 are allowed",
    );
    check((0_u32, 3_u32, 1_u64, "n", "", 10_000_000_000_u64, 0_u8, 1_u64, false), "a price cannot be 10000000000");
    check((0_u32, 3_u32, 1_u64, "n", "", 1_u64, (1_u8, i32::MAX), 1_u64, false), "an expiry date cannot be 2147483647");
    check((1_u32, 1_u64, 0_u32, u32::MAX, 0_u8), "a change of stock cannot be 4294967295");
    check((1_u32, 1_u64, 1_u32, i64::MIN, 0_u8), "a change of stock cannot be -9223372036854775808");
    check((2_u32, 1_u64, contact, 0_u64, 0_u64), "an order's list of lines is empty");
    check((2_u32, 0_u64, contact, 1_u64, line, 0_u64), "an order id cannot be 0");
    check((2_u32, 1_u64, contact, 1_u64, (1_u64, 3_u32, 1_u32, 0_u64, 0_u32), 0_u64), "names revision 3 of product 1");
    check((2_u32, 1_u64, contact, 1_u64, (1_u64, 2_u32, 0_u32, 24_999_u64, 0_u32), 0_u64), "a quantity cannot be 0");
    check(
        (2_u32, 1_u64, contact, 1_u64, (1_u64, 2_u32, 1_u32, 1_u64, 0_u32), 0_u64),
        "costs 0.01, but that revision costs 249.99",
    );
    check((2_u32, 1_u64, contact, 1_u64, line, u64::MAX), "a total cannot be 9223372036854775807");
    check((4_u32, 2_u32, "bob", 4_u8), "a role cannot be 4");
    check((4_u32, 3_u32, "Bob"), "the name of a user or key is malformed");
    check((4_u32, 1_u32, "bob", "secret"), "the hash of a password is malformed");
    check((4_u32, 6_u32, 0_u64), "a key id cannot be 0");
    check((3_u32, 1_u64, 0_u32, 2_u32), "an order's version cannot be 0");
    check((3_u32, 1_u64, 2_u32, 0_u32, 6_u8, 0_u8), "a status cannot be 6");
    let empty = decode_entry(&[0, 0, 0, 0], &shelf()).unwrap_err().to_string();
    assert_eq!(empty, "an entry's list of events is empty");
    let missing = decode_entry(&encoded(&samples::all()[6]), &Shelf::default()).unwrap_err();
    assert!(matches!(missing, FormatError::RevisionMissing { product: ProductId(1), number: 2 }));
}

#[test]
fn a_balance_keeps_its_invariant() {
    let check = |on_hand: u32, reserved: u32, text: &str| {
        let mut bytes = Vec::new();
        encode(&(on_hand, reserved), &mut bytes);
        assert_eq!(decode::<BalanceV1>(&bytes).unwrap().restore().unwrap_err().to_string(), text);
    };
    check(ON_HAND_MAX + 1, 0, "stock on hand cannot be 2147483648");
    check(3, 4, "reserved stock above what is on hand cannot be 4");
}
