//! For any sequence of commands: stock is conserved and never negative, histories are legal paths, folding the journal
//! again gives the live state, and folding it twice gives the same.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono_tz::Tz;
use packhorse::decide::{
    AdjustStock, ChangeAccess, ChangeProduct, Context, CreateCategory, CreateProduct, Decided, Decision, DeleteProduct,
    DryRun, Outcome, Place, RenameCategory, State, entry_for_order,
};
use packhorse::domain::access::{Access, AccessCommand, AccessName, KeyDigest, KeyId, PasswordHash, Role, Scope};
use packhorse::domain::catalogue::{ProductDetails, ProductPatch};
use packhorse::domain::effects::{Effects, OrderEffect};
use packhorse::domain::entry::{Entry, Event};
use packhorse::domain::expected::Expected;
use packhorse::domain::ids::{CategoryId, OrderId, ProductId};
use packhorse::domain::inventory::{Inventory, LineRequest, OrderRequest, PlaceRejection};
use packhorse::domain::money::Money;
use packhorse::domain::order::{Contact, ContactPatch, Field, Order, OrderCommand, Policy, Status, due};
use packhorse::domain::origin::Origin;
use packhorse::domain::stock::{Adjustment, Movement, Target};
use packhorse::domain::text::{CategoryName, ProductName};
use packhorse::domain::time::Timestamp;
use packhorse::journal::{Durable, Position};
use packhorse::view::{NoArchive, View};
use proptest::prelude::*;

fn view() -> View {
    View::new(Arc::new(NoArchive), 1_000)
}

fn durable(sequence: u64, entry: Arc<Entry>) -> Durable {
    let chain = std::array::from_fn(|i| u8::try_from((sequence >> (i % 8)) & 0xff).unwrap());
    Durable { sequence, position: Position { segment_first: 1, offset: sequence }, chain, entry }
}

/// What a client, an operator or the passing of time may do. Ids may be wrong.
#[derive(Clone, Debug)]
enum Op {
    Place(Vec<Vec<(u64, u32)>>),
    Move(u64, Status, bool),
    Timers,
    Edit(u64),
    Archive(u64),
    Adjust(u64, Target, Option<u32>),
    CreateProduct(u32),
    ChangeProduct(u64, Option<u32>, bool),
    DeleteProduct(u64),
    RenameCategory(u64),
    Access(AccessCommand),
    Pass(u32),
}

fn op() -> impl Strategy<Value = Op> {
    let id = 0..12_u64;
    let lines = prop::collection::vec((0..6_u64, 0..9_u32), 0..4);
    let target = prop_oneof![
        (-40..60_i64).prop_map(Target::By),
        (0..90_u32).prop_map(Target::OnHand),
        (0..90_u32).prop_map(Target::Available),
    ];
    prop_oneof![
        5 => prop::collection::vec(lines, 1..5).prop_map(Op::Place),
        5 => (id.clone(), prop::sample::select(&Status::ALL[..]), any::<bool>()).prop_map(|(id, to, why)| Op::Move(id, to, why)),
        3 => Just(Op::Timers),
        1 => id.clone().prop_map(Op::Edit),
        1 => id.clone().prop_map(Op::Archive),
        2 => (0..6_u64, target, prop::option::of(0..50_u32)).prop_map(|(id, to, seen)| Op::Adjust(id, to, seen)),
        1 => (0..80_u32).prop_map(Op::CreateProduct),
        1 => (0..6_u64, prop::option::of(0..80_u32), any::<bool>()).prop_map(|(id, n, gone)| Op::ChangeProduct(id, n, gone)),
        1 => (0..6_u64).prop_map(Op::DeleteProduct),
        1 => (0..3_u64).prop_map(Op::RenameCategory),
        3 => access_command().prop_map(Op::Access),
        2 => (0..9_000_u32).prop_map(Op::Pass),
    ]
}

fn access_command() -> impl Strategy<Value = AccessCommand> {
    use AccessCommand as C;
    let name = prop::sample::select(&["ann", "bob", "cem"][..]).prop_map(|name| AccessName::parse(name).unwrap());
    let password = (0..3_u8).prop_map(|n| PasswordHash::parse(&format!("$argon2id$v=19${n}")).unwrap());
    let role = prop::sample::select(&Role::ALL[..]);
    let key = (name.clone(), role.clone(), prop::sample::select(&Scope::ALL[..]), 0..9_u8, prop::option::of(0..60_i64));
    prop_oneof![
        (name.clone(), role.clone(), password.clone()).prop_map(|(name, role, password)| C::AddUser {
            name,
            role,
            password
        }),
        (name.clone(), password).prop_map(|(name, password)| C::SetPassword { name, password }),
        (name.clone(), role).prop_map(|(name, role)| C::SetRole { name, role }),
        name.clone().prop_map(C::DisableUser),
        name.prop_map(C::EnableUser),
        key.prop_map(|(name, role, scope, n, end)| {
            let expires_at = end.map(|seconds| Timestamp(seconds * 1_000_000));
            C::AddKey { name, role, scope, digest: KeyDigest([n; 32]), expires_at }
        }),
        (0..5_u64).prop_map(|id| C::RevokeKey(KeyId(id))),
        (0..5_u64).prop_map(|id| C::KeyUsed(KeyId(id))),
    ]
}

/// The live state, driven without actors, and everything it wrote.
struct Live {
    inventory: Inventory,
    access: Access,
    view: View,
    journal: Vec<Durable>,
    now: Timestamp,
    names: u64,
}

impl Live {
    fn new() -> Self {
        let mut live = Self {
            inventory: Inventory::default(),
            access: Access::default(),
            view: view(),
            journal: Vec::new(),
            now: Timestamp(0),
            names: 0,
        };
        let name = CategoryName::parse("Things").unwrap();
        live.decide(CreateCategory(name));
        for stock in [0, 5, 40] {
            live.act(Op::CreateProduct(stock));
        }
        live
    }

    fn details(&mut self, archived: bool) -> ProductDetails {
        self.names += 1;
        ProductDetails {
            name: ProductName::parse(&format!("Product {}", self.names)).unwrap(),
            description: "".into(),
            price: Money::from_minor(100 * self.names).unwrap(),
            expiry_date: None,
            category: CategoryId(1),
            archived,
        }
    }

    fn judged<D: Decision>(&self, decision: D) -> Result<Decided<D::Outcome>, D::Rejection> {
        let state = State { inventory: &self.inventory, access: &self.access };
        decision.decide(state, Context { now: self.now, zone: Tz::UTC, who: &Origin::Client })
    }

    fn decide(&mut self, decision: impl Decision) {
        let Ok(Decided { events, .. }) = self.judged(decision) else { return };
        if events.is_empty() {
            return;
        }
        for event in &events {
            if let Event::Access(event) = event {
                self.access.apply(event, self.now);
            }
            self.inventory.apply_event(event, &mut ());
        }
        self.write(Entry { at: self.now, who: Origin::Client, key: None, events });
    }

    /// A dry run changes nothing; the real run on the same state places the same orders, or is refused for the first
    /// row that the dry run refused; and without the rows that it refused, the others are placed as it said.
    fn assert_dry_run_agrees(&self, rows: &[OrderRequest]) {
        let Ok(Decided { events, outcome: outcomes }) = self.judged(DryRun(rows.to_vec()));
        assert!(events.is_empty() && outcomes.answer().is_none(), "a dry run leaves nothing behind");
        assert_eq!(outcomes.len(), rows.len());
        let first = outcomes.iter().enumerate().find_map(|(row, outcome)| Some((row, outcome.clone().err()?)));
        let orders: Vec<_> = outcomes.iter().filter_map(|outcome| outcome.clone().ok()).collect();
        match (self.judged(Place(rows.to_vec())), first) {
            (Ok(real), None) => assert_eq!(real.outcome, orders),
            (Err(real), Some((row, reason))) => assert_eq!(real, PlaceRejection { row, reason }),
            (real, first) => panic!("the real run says {real:?}, the dry run {first:?}"),
        }
        let kept = rows.iter().zip(&outcomes).filter(|(_, outcome)| outcome.is_ok()).map(|(row, _)| row.clone());
        let real = self.judged(Place(kept.collect())).unwrap();
        assert_eq!(real.outcome, orders);
    }

    fn command(&mut self, id: u64, command: OrderCommand, who: &Origin) {
        let Ok(Some(order)) = self.view.order(OrderId(id)) else { return };
        let at = order.not_before(self.now);
        let Ok(Some((events, next))) = entry_for_order(&order, command, at, who) else { return };
        for event in &events {
            if let Event::Order(_, event) = event {
                self.inventory.apply_order(&order, event, &mut ());
            }
        }
        self.write(Entry { at, who: who.clone(), key: None, events });
        assert_eq!(*self.view.order(OrderId(id)).unwrap().unwrap(), next, "the view has what was decided");
    }

    fn write(&mut self, entry: Entry) {
        let durable = durable(self.journal.len() as u64 + 1, Arc::new(entry));
        self.view.apply(std::slice::from_ref(&durable)).unwrap();
        self.journal.push(durable);
    }

    fn act(&mut self, op: Op) {
        match op {
            Op::Place(rows) => {
                let contact = Contact::new("Ann", "ann@example.com", "1", "Here").unwrap();
                let line = |(product, quantity)| LineRequest { product: ProductId(product), quantity };
                let row = |lines: Vec<_>| OrderRequest {
                    contact: contact.clone(),
                    lines: lines.into_iter().map(line).collect(),
                };
                let rows: Vec<_> = rows.into_iter().map(row).collect();
                self.assert_dry_run_agrees(&rows);
                self.decide(Place(rows));
            }
            Op::Move(id, to, why) => {
                self.command(id, OrderCommand::Move { to, reason: why.then(|| "because".into()) }, &Origin::Client);
            }
            Op::Timers => {
                let policy = Policy::default();
                let (open, now) = (self.view.open_orders(), self.now);
                for order in open.into_iter().filter(|order| due(order, &policy).is_some_and(|due| due <= now)) {
                    let fired = OrderCommand::TimerFired { version: order.version };
                    self.command(order.id.0, fired.clone(), &Origin::Timer);
                    let entries = self.journal.len();
                    self.command(order.id.0, fired, &Origin::Timer);
                    assert_eq!(self.journal.len(), entries, "a timer that fires again does nothing");
                }
            }
            Op::Edit(id) => {
                let mut patch = ContactPatch::default();
                self.names += 1;
                patch.set(Field::CustomerName, &format!("Bob {}", self.names)).unwrap();
                self.command(id, OrderCommand::EditContact(Box::new(patch)), &Origin::Client);
            }
            Op::Archive(id) => self.command(id, OrderCommand::Archive, &Origin::Client),
            Op::Adjust(product, target, expected) => {
                let adjustment = Adjustment { product: ProductId(product), target, expected, reason: None };
                self.decide(AdjustStock { adjustment, expected: Expected::ANYTHING });
            }
            Op::CreateProduct(stock) => {
                let details = self.details(false);
                self.decide(CreateProduct { details, opening: stock });
            }
            Op::ChangeProduct(id, available, archived) => {
                let details = self.details(archived);
                let patch =
                    ProductPatch { name: Some(details.name), archived: Some(archived), ..ProductPatch::default() };
                let (product, stock) = (ProductId(id), available.into());
                self.decide(ChangeProduct { product, patch, stock, expected: Expected::ANYTHING });
            }
            Op::DeleteProduct(id) => {
                self.decide(DeleteProduct { product: ProductId(id), expected: Expected::ANYTHING });
            }
            Op::RenameCategory(id) => {
                self.names += 1;
                let name = CategoryName::parse(&format!("Category {}", self.names)).unwrap();
                self.decide(RenameCategory(CategoryId(id), name));
            }
            Op::Access(command) => self.decide(ChangeAccess(command)),
            Op::Pass(millis) => self.now = self.now.plus(Duration::from_millis(millis.into())),
        }
    }

    fn orders(view: &View) -> Vec<Arc<Order>> {
        (1..=view.products().inventory().order_last).map(|id| view.order(OrderId(id)).unwrap().unwrap()).collect()
    }

    /// What came in, less what left, is there; what is reserved is what open orders hold.
    fn assert_stock_conserved(&self) {
        let mut on_hand: BTreeMap<ProductId, i64> = BTreeMap::new();
        let mut reserved: BTreeMap<ProductId, i64> = BTreeMap::new();
        for durable in &self.journal {
            for event in &durable.entry.events {
                if let Event::Stock(event) = event {
                    *on_hand.entry(event.product).or_default() += event.change.on_hand();
                }
            }
        }
        for order in Self::orders(&self.view) {
            for line in &order.lines {
                let (product, quantity) = (line.product.product, i64::from(line.quantity));
                match order.status {
                    Status::Pending | Status::Processing => *reserved.entry(product).or_default() += quantity,
                    Status::Shipped | Status::Delivered => *on_hand.entry(product).or_default() -= quantity,
                    Status::Cancelled => {}
                }
            }
        }
        for revision in self.inventory.catalogue.products_from(ProductId(1)) {
            let id = revision.product;
            let balance = self.inventory.stock.balance(id);
            assert!(balance.reserved <= balance.on_hand, "never more is reserved than is on hand");
            assert_eq!(i64::from(balance.on_hand), on_hand.get(&id).copied().unwrap_or(0), "on hand, product {id}");
            assert_eq!(i64::from(balance.reserved), reserved.get(&id).copied().unwrap_or(0), "reserved, product {id}");
            self.assert_ledger_explains(id);
        }
    }

    /// The rows of the ledger lead to the balance, one from the other.
    fn assert_ledger_explains(&self, product: ProductId) {
        let mut rows = self.view.movements(product, None, usize::MAX).unwrap();
        rows.reverse();
        let mut balance = packhorse::domain::stock::Balance::default();
        for (_, row) in rows {
            balance = balance.after(row.change);
            assert_eq!(balance, row.after);
        }
        assert_eq!(balance, self.inventory.stock.balance(product), "the ledger explains the balance");
    }

    fn assert_histories_are_legal(&self) {
        for order in Self::orders(&self.view) {
            let mut at = Timestamp(i64::MIN);
            let mut stands = None;
            for step in &order.history {
                assert_eq!(step.from, stands, "order {}: each step starts where the one before ended", order.id);
                assert!(stands.is_none_or(|from: Status| from.may_become(step.to)), "order {}: {step:?}", order.id);
                assert!(step.at >= at, "order {}: history goes forward", order.id);
                (at, stands) = (step.at, Some(step.to));
            }
            assert_eq!(stands, Some(order.status));
            assert_eq!(order.history[0].to, Status::Pending);
        }
    }

    /// Once there is an admin who may sign in, there always is one.
    fn assert_an_admin_stays(&self) {
        let mut access = Access::default();
        let mut had_one = false;
        for durable in &self.journal {
            for event in &durable.entry.events {
                if let Event::Access(event) = event {
                    access.apply(event, durable.entry.at);
                }
            }
            let has_one = access.users().any(|user| user.role == Role::Admin && !user.disabled);
            assert!(has_one || !had_one, "entry {} took the last admin away", durable.sequence);
            had_one = has_one;
        }
    }

    /// Whoever follows the journal with nothing but the effects of its entries has the same state, one step from the
    /// other.
    fn assert_effects_are_the_state(&self) {
        let (mut inventory, mut access, mut effects) = (Inventory::default(), Access::default(), Effects::default());
        let mut orders: BTreeMap<OrderId, Arc<Order>> = BTreeMap::new();
        let mut ledger: BTreeMap<ProductId, Vec<Movement>> = BTreeMap::new();
        let mut audited = Vec::new();
        for durable in &self.journal {
            effects.clear();
            let standing = |id| orders.get(&id).cloned();
            effects.take_over(&durable.entry, durable.sequence, &mut inventory, standing);
            for OrderEffect { before, after } in &effects.orders {
                assert_eq!(before.as_ref(), orders.get(&after.id), "it leads on from what was known");
                orders.insert(after.id, after.clone());
            }
            for (product, movement) in effects.movements.drain(..) {
                ledger.entry(product).or_default().push(movement);
            }
            for event in &effects.access {
                access.apply(event, durable.entry.at);
            }
            audited.append(&mut effects.audit);
        }
        assert_eq!(inventory, self.inventory);
        assert_eq!(access, self.access);
        assert_eq!(orders.into_values().collect::<Vec<_>>(), Self::orders(&self.view));
        for (product, rows) in ledger {
            let shown = self.view.movements(product, None, usize::MAX).unwrap().into_iter().rev();
            assert_eq!(rows, shown.map(|(_, row)| row).collect::<Vec<_>>(), "the ledger of product {product}");
        }
        let mut shown = self.view.audit(None, usize::MAX).unwrap();
        shown.reverse();
        assert_eq!(audited, shown);
    }

    fn assert_fold_equals(&self, batch: usize) {
        let folded = view();
        for entries in self.journal.chunks(batch) {
            folded.apply(entries).unwrap();
        }
        assert_eq!(folded.products().inventory(), self.inventory, "the durable inventory is the decided one");
        assert_eq!(*folded.access(), self.access, "users and keys are those that were decided");
        assert_eq!(Self::orders(&folded), Self::orders(&self.view));
        assert_eq!(folded.counts(), self.view.counts());
        assert_eq!(folded.open_orders(), self.view.open_orders());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_commands_keeps_the_invariants(ops in prop::collection::vec(op(), 1..80)) {
        let mut live = Live::new();
        for op in ops {
            live.act(op);
        }
        live.assert_stock_conserved();
        live.assert_histories_are_legal();
        live.assert_an_admin_stays();
        live.assert_effects_are_the_state();
        live.assert_fold_equals(1);
        live.assert_fold_equals(7);
    }
}
