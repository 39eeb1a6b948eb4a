//! What readers see is the fold of the journal: all of it and nothing else. Balances, the ledger behind them, orders.

use packhorse::domain::ids::ProductId;
use packhorse::domain::order::{PerStatus, timeline};

use super::{Depth, Probe, ensure};
use crate::model::{OrderModel, is_row};

pub(super) fn check(sight: &Probe<'_>) -> Result<(), String> {
    let view = sight.engine.view();
    let (applied, durable) = (view.applied(), sight.model.log.len() as u64);
    ensure(applied == durable, || format!("entry {durable} is durable, and readers see entry {applied}"))?;
    if let Some(fault) = sight.model.faults.first() {
        return Err(fault.clone());
    }
    for (id, shelf) in &sight.model.stock {
        let found = view.products().get(ProductId(*id)).map(|product| product.balance);
        ensure(found == Some(shelf.balance), || format!("product {id} has {found:?}, not {:?}", shelf.balance))?;
    }
    if sight.depth != Depth::Step {
        ledgers(sight)?;
        let mut counts = PerStatus::default();
        sight.model.orders.values().for_each(|tale| counts[tale.status] += 1);
        ensure(view.counts() == counts, || format!("orders by status: {:?}, not {counts:?}", view.counts()))?;
    }
    sight.orders().try_for_each(|(id, tale)| order(sight, id, tale))
}

fn ledgers(sight: &Probe<'_>) -> Result<(), String> {
    for (id, shelf) in &sight.model.stock {
        let rows = sight.engine.view().movements(ProductId(*id), None, 1_000_000).map_err(|error| error.to_string())?;
        let same = rows.len() == shelf.rows.len()
            && rows.iter().rev().zip(&shelf.rows).all(|((_, found), expected)| is_row(found, expected));
        ensure(same, || {
            format!(
                "the ledger of product {id} has {} rows that are not its {} movements",
                rows.len(),
                shelf.rows.len()
            )
        })?;
    }
    Ok(())
}

fn order(sight: &Probe<'_>, id: u64, tale: &OrderModel) -> Result<(), String> {
    let found = sight.read(id)?;
    let placed = &tale.placed;
    ensure(
        (found.status, found.version, found.moved_at, found.archived, found.total, found.placed_at)
            == (tale.status, tale.version, tale.moved_at, tale.archived, placed.total, placed.placed_at)
            && found.lines == placed.lines,
        || format!("order {id} is read as {found:?}, and its entries say {} at version {}", tale.status, tale.version),
    )?;
    let path = found.history.iter().map(|step| (step.from, step.to, step.at, step.who().clone()));
    ensure(path.eq(tale.path.iter().cloned()), || format!("the history of order {id} is not what its entries say"))?;
    let happened = timeline(&found.history).count();
    ensure(happened == found.version as usize, || {
        format!("{happened} things happened to order {id}, which is at version {}", found.version)
    })
}
