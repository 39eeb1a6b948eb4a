//! The clients: what they ask for, by which key, and what they were told.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use packhorse::actors::{Answered, Failure, Fulfillment, IdempotencyKey, Request};
use packhorse::domain::access::{AccessCommand, AccessOutcome};
use packhorse::domain::catalogue::{Category, ProductDetails, ProductPatch};
use packhorse::domain::ids::{CategoryId, OrderId, ProductId};
use packhorse::domain::inventory::OrderRequest;
use packhorse::domain::order::{ContactPatch, Order, Status};
use packhorse::domain::origin::Origin;
use packhorse::domain::stock::Adjustment;
use packhorse::domain::text::CategoryName;
use packhorse::view::Product;

/// What somebody wants done.
#[derive(Clone, Debug)]
pub(crate) enum Ask {
    Place(Vec<OrderRequest>),
    Move(OrderId, Status),
    Cancel(OrderId),
    Edit(OrderId, ContactPatch),
    Archive(OrderId),
    Adjust(Adjustment),
    CreateCategory(CategoryName),
    RenameCategory(CategoryId, CategoryName),
    DeleteCategory(CategoryId),
    CreateProduct(ProductDetails, u32),
    ChangeProduct(ProductId, ProductPatch, Option<u32>),
    DeleteProduct(ProductId),
    Access(AccessCommand),
}

/// What was given for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Given {
    Orders(Vec<Arc<Order>>),
    Order(Arc<Order>),
    Product(Product),
    Category(Category),
    Access(AccessOutcome),
    Nothing,
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Done {
        given: Given,
        replayed: bool,
    },
    /// Refused, and without an effect; the text says why.
    Refused(String),
    /// Nobody knows whether it had an effect.
    Unknown,
}

/// One wish of one client, asked once or more often.
pub(crate) struct Operation {
    pub(crate) ask: Ask,
    pub(crate) key: Option<IdempotencyKey>,
    pub(crate) tries: Vec<Answer>,
    /// How many tries are on their way.
    pub(crate) under_way: usize,
}

/// Where the answer to one try comes to lie.
pub(crate) type Slot = Rc<RefCell<Option<Answer>>>;

/// A try that is on its way.
pub(crate) struct Attempt {
    pub(crate) operation: usize,
    pub(crate) is_retry: bool,
    pub(crate) slot: Slot,
    pub(crate) task: tokio::task::JoinHandle<()>,
}

impl Operation {
    /// The first answer that it was done.
    pub(crate) fn done(&self) -> impl Iterator<Item = (&Given, bool)> {
        self.tries.iter().filter_map(|answer| match answer {
            Answer::Done { given, replayed } => Some((given, *replayed)),
            Answer::Refused(_) | Answer::Unknown => None,
        })
    }

    /// Whether every try was refused, so that nothing of it may be found.
    pub(crate) fn is_refused(&self) -> bool {
        self.under_way == 0 && self.tries.iter().all(|answer| matches!(answer, Answer::Refused(_)))
    }

    /// Whether it cannot be done without an entry.
    pub(crate) fn has_effect(&self) -> bool {
        match &self.ask {
            Ask::Place(_)
            | Ask::Move(..)
            | Ask::Cancel(_)
            | Ask::CreateCategory(_)
            | Ask::DeleteCategory(_)
            | Ask::CreateProduct(..)
            | Ask::DeleteProduct(_) => true,
            Ask::Edit(..)
            | Ask::Archive(_)
            | Ask::Adjust(_)
            | Ask::RenameCategory(..)
            | Ask::ChangeProduct(..)
            | Ask::Access(_) => false,
        }
    }
}

/// Asks `engine` for it, in the name of operation `number`.
pub(crate) async fn ask(engine: Fulfillment, number: usize, key: Option<IdempotencyKey>, ask: Ask) -> Answer {
    // An answer shows nothing of what happened between the steps of an order.
    let shown = |order: Arc<Order>| Given::Order(order.as_answered());
    let request = Request { key, ..Request::of(Origin::User(format!("op-{number}").into())) };
    match ask {
        Ask::Place(rows) => answer(engine.place(request, rows).await, Given::Orders),
        Ask::Move(order, to) => answer(engine.transition(request, order, to, None).await, shown),
        Ask::Cancel(order) => answer(engine.cancel(request, order, "changed my mind".into()).await, shown),
        Ask::Edit(order, patch) => answer(engine.edit_contact(request, order, patch).await, shown),
        Ask::Archive(order) => answer(engine.archive(request, order).await, shown),
        Ask::Adjust(adjustment) => {
            answer(engine.adjust(request, adjustment).await, |(product, _)| Given::Product(product))
        }
        Ask::CreateCategory(name) => answer(engine.create_category(request, name).await, Given::Category),
        Ask::RenameCategory(id, name) => answer(engine.rename_category(request, id, name).await, Given::Category),
        Ask::DeleteCategory(id) => answer(engine.delete_category(request, id).await, |()| Given::Nothing),
        Ask::CreateProduct(details, opening) => {
            answer(engine.create_product(request, details, opening).await, Given::Product)
        }
        Ask::ChangeProduct(id, patch, available) => {
            answer(engine.change_product(request, id, patch, available.into()).await, Given::Product)
        }
        Ask::Access(command) => answer(engine.access(request, command).await, Given::Access),
        Ask::DeleteProduct(id) => answer(engine.delete_product(request, id).await, |()| Given::Nothing),
    }
}

fn answer<T, R: std::error::Error>(result: Result<Answered<T>, Failure<R>>, given: impl FnOnce(T) -> Given) -> Answer {
    match result {
        Ok(Answered { value, replayed }) => Answer::Done { given: given(value), replayed },
        Err(Failure::Stopped(_) | Failure::Interrupted) => Answer::Unknown,
        Err(refused) => Answer::Refused(refused.to_string()),
    }
}
