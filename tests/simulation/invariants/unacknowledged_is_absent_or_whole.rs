//! What was not acknowledged is absent or whole: an entry holds everything that was asked for, and what was refused has
//! none.

use packhorse::domain::catalogue::CatalogueEvent;
use packhorse::domain::entry::{Entry, Event};
use packhorse::domain::inventory::OrderRequest;
use packhorse::domain::order::{Order, OrderChange, Status};

use super::{Probe, ensure};
use crate::client::{Ask, Operation};

pub(super) fn check(probe: &Probe<'_>) -> Result<(), String> {
    for (number, operation) in probe.operations() {
        let entries = probe.model.by_operation.get(&(number as u64)).map_or(&[][..], Vec::as_slice);
        ensure(entries.is_empty() || !operation.is_refused(), || {
            format!("operation {number} was refused, and entry {} is its", entries[0])
        })?;
        ensure(entries.len() <= 1 || operation.key.is_some(), || {
            format!("operation {number} was asked once and has the entries {entries:?}")
        })?;
        for sequence in entries {
            let at = usize::try_from(sequence - 1).expect("a sequence fits");
            let entry = &probe.model.log[at].entry;
            ensure(is_whole(operation, entry), || {
                format!("operation {number} asked for {:?}, and entry {sequence} is {entry:?}", operation.ask)
            })?;
        }
    }
    Ok(())
}

fn is_whole(operation: &Operation, entry: &Entry) -> bool {
    let keyed = match (&operation.key, &entry.key) {
        (Some(asked), Some(kept)) => asked.key == kept.key && asked.request == kept.request,
        // A deletion has no answer to keep.
        (Some(_), None) => matches!(operation.ask, Ask::DeleteCategory(_) | Ask::DeleteProduct(_)),
        (None, kept) => kept.is_none(),
    };
    let events = entry.events.as_slice();
    let moved = |id, wanted| match events {
        [Event::Order(found, event)] => {
            *found == id && matches!(event.change, OrderChange::Moved { to, .. } if to == wanted)
        }
        _ => false,
    };
    let what = match &operation.ask {
        Ask::Place(rows) => {
            let placed = |(row, event): (&OrderRequest, &Event)| match event {
                Event::Placed(order) => is_row(row, order),
                Event::Catalogue(_) | Event::Stock(_) | Event::Order(..) | Event::Access(_) => false,
            };
            rows.len() == events.len() && rows.iter().zip(events).all(placed)
        }
        Ask::Move(id, to) => moved(*id, *to),
        Ask::Cancel(id) => moved(*id, Status::Cancelled),
        Ask::Edit(id, _) => matches!(events, [Event::Order(found, event)]
            if found == id && matches!(event.change, OrderChange::ContactChanged(_))),
        Ask::Archive(id) => matches!(events, [Event::Order(found, event)]
            if found == id && event.change == OrderChange::Archived),
        Ask::Adjust(adjustment) => matches!(events, [Event::Stock(event)] if event.product == adjustment.product),
        Ask::CreateProduct(details, opening) => match events {
            [Event::Catalogue(event), rest @ ..] => {
                let created = matches!(&**event, CatalogueEvent::ProductCreated(_, found) if found == details);
                created && rest.len() == usize::from(*opening > 0)
            }
            _ => false,
        },
        Ask::ChangeProduct(..) => matches!(events.len(), 1 | 2),
        Ask::CreateCategory(_) | Ask::RenameCategory(..) | Ask::DeleteCategory(_) | Ask::DeleteProduct(_) => {
            matches!(events, [Event::Catalogue(_)])
        }
        Ask::Access(_) => matches!(events, [Event::Access(_)]),
    };
    keyed && what
}

fn is_row(row: &OrderRequest, order: &Order) -> bool {
    let lines = order.lines.iter().map(|line| (line.product.product, line.quantity));
    order.contact == row.contact && lines.eq(row.lines.iter().map(|line| (line.product, line.quantity)))
}
