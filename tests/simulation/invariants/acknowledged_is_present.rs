//! What was acknowledged is present and equal: the entry is in the journal, and readers find what the answer showed, or
//! what became of it.

use packhorse::domain::access::AccessOutcome;
use packhorse::domain::order::Order;
use packhorse::view::Product;

use super::{Probe, ensure};
use crate::client::Given;

pub(super) fn check(probe: &Probe<'_>) -> Result<(), String> {
    for (number, operation) in probe.operations() {
        for (given, replayed) in operation.done() {
            let entries = probe.model.by_operation.get(&(number as u64));
            ensure(entries.is_some() || !operation.has_effect(), || {
                format!("operation {number} was acknowledged, and no entry is its")
            })?;
            match given {
                Given::Orders(orders) => orders.iter().try_for_each(|order| is_there(probe, order))?,
                Given::Order(order) => is_there(probe, order)?,
                Given::Product(product) => {
                    // One that was asked for again may have been done already, and looked at anew.
                    let entries = if replayed || operation.key.is_none() { entries } else { None };
                    is_accounted_for(probe, number, entries, product)?;
                }
                Given::Category(category) => ensure(category.id.0 <= probe.model.categories_last, || {
                    format!("operation {number} was answered {category:?}, which never was")
                })?,
                Given::Access(AccessOutcome::User(user)) => {
                    let found = probe.engine.view().access();
                    ensure(found.user(&user.name).is_some_and(|found| found.epoch >= user.epoch), || {
                        format!("user {} was acknowledged at epoch {} and is gone", user.name, user.epoch)
                    })?;
                }
                Given::Access(AccessOutcome::Key(key)) => {
                    let found = probe.engine.view().access();
                    ensure(found.key(key.id).is_some_and(|found| found.digest == key.digest), || {
                        format!("API key {} was acknowledged and is gone", key.id)
                    })?;
                }
                Given::Nothing => {}
            }
        }
    }
    Ok(())
}

/// The balance in an answer is that of the decision: units of orders that shipped or were cancelled just then may
/// still be counted, in both numbers.
fn is_accounted_for(
    probe: &Probe<'_>,
    number: usize,
    entries: Option<&Vec<u64>>,
    answered: &Product,
) -> Result<(), String> {
    let id = answered.revision.product.0;
    let mut known = id <= probe.model.products_last;
    if let (Some([sequence]), Some(stock_model)) = (entries.map(Vec::as_slice), probe.model.stock.get(&id))
        && let Some((.., after)) = stock_model.rows.iter().find(|(row, ..)| row == sequence)
    {
        known &= answered.balance.on_hand >= after.on_hand && answered.balance.reserved >= after.reserved;
    }
    ensure(known, || format!("operation {number} was answered {answered:?}, which never was"))
}

fn is_there(probe: &Probe<'_>, answered: &Order) -> Result<(), String> {
    let id = answered.id;
    let found = probe.read(id.0).map_err(|gone| format!("{gone}, and was acknowledged"))?.as_answered();
    let same = (&found.lines, found.total, found.placed_at) == (&answered.lines, answered.total, answered.placed_at)
        && found.version >= answered.version
        && found.history.starts_with(&answered.history)
        && (found.version > answered.version || *found == *answered);
    ensure(same, || format!("order {id} was acknowledged as {answered:?} and is {found:?}"))
}
