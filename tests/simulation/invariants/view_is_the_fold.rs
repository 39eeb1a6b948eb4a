//! What readers see is the fold of the journal: all of it and nothing else. Balances, the ledger behind them, orders.

use packhorse::domain::ids::ProductId;
use packhorse::domain::order::{PerStatus, timeline};

use super::{Depth, Probe, ensure};
use crate::model::{OrderModel, is_row};

pub(super) fn check(probe: &Probe<'_>) -> Result<(), String> {
    let view = probe.engine.view();
    let (applied, durable) = (view.applied(), probe.model.log.len() as u64);
    ensure(applied == durable, || format!("entry {durable} is durable, and readers see entry {applied}"))?;
    if let Some(fault) = probe.model.faults.first() {
        return Err(fault.clone());
    }
    for (id, stock_model) in &probe.model.stock {
        let found = view.products().get(ProductId(*id)).map(|product| product.balance);
        ensure(found == Some(stock_model.balance), || {
            format!("product {id} has {found:?}, not {:?}", stock_model.balance)
        })?;
    }
    if probe.depth != Depth::Step {
        ledgers(probe)?;
        let mut counts = PerStatus::default();
        probe.model.orders.values().for_each(|order_model| counts[order_model.status] += 1);
        ensure(view.counts() == counts, || format!("orders by status: {:?}, not {counts:?}", view.counts()))?;
    }
    probe.orders().try_for_each(|(id, order_model)| order(probe, id, order_model))
}

fn ledgers(probe: &Probe<'_>) -> Result<(), String> {
    for (id, stock_model) in &probe.model.stock {
        let rows = probe.engine.view().movements(ProductId(*id), None, 1_000_000).map_err(|error| error.to_string())?;
        let same = rows.len() == stock_model.rows.len()
            && rows.iter().rev().zip(&stock_model.rows).all(|((_, found), expected)| is_row(found, expected));
        ensure(same, || {
            format!(
                "the ledger of product {id} has {} rows that are not its {} movements",
                rows.len(),
                stock_model.rows.len()
            )
        })?;
    }
    Ok(())
}

fn order(probe: &Probe<'_>, id: u64, order_model: &OrderModel) -> Result<(), String> {
    let found = probe.read(id)?;
    let placed = &order_model.placed;
    ensure(
        (found.status, found.version, found.moved_at, found.archived, found.total, found.placed_at)
            == (
                order_model.status,
                order_model.version,
                order_model.moved_at,
                order_model.archived,
                placed.total,
                placed.placed_at,
            )
            && found.lines == placed.lines,
        || {
            format!(
                "order {id} is read as {found:?}, and its entries say {} at version {}",
                order_model.status, order_model.version
            )
        },
    )?;
    let path = found.history.iter().map(|step| (step.from, step.to, step.at, step.who().clone()));
    ensure(path.eq(order_model.path.iter().cloned()), || {
        format!("the history of order {id} is not what its entries say")
    })?;
    let happened = timeline(&found.history).count();
    ensure(happened == found.version as usize, || {
        format!("{happened} things happened to order {id}, which is at version {}", found.version)
    })
}
