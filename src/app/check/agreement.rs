//! What a check compares: the checkpoint with the journal, and balances with orders.

use std::collections::BTreeMap;

use super::{Checkpoint, Findings};
use crate::app::recovery::held_by_orders;
use crate::domain::access::Access;
use crate::domain::ids::{OrderId, ProductId};
use crate::store::{self, Store};
use crate::view::View;

/// Compares at the checkpoint's sequence what is exact there, and answers with the orders that the store holds at a
/// newer version.
pub(super) fn at_head(view: &View, checkpoint: &Checkpoint, findings: &mut Findings) -> Vec<OrderId> {
    let Checkpoint { original, store, loaded } = checkpoint;
    let inventory = view.products().inventory();
    if loaded.head.chain != view.chain() {
        findings.add(format!(
            "the checkpoint in {} contains another entry {} than the journal: the running hashes differ, as where the store \
             belongs to another data directory",
            original.display(),
            loaded.head.sequence
        ));
    }
    if loaded.head.order_last != inventory.order_last {
        findings.add(format!(
            "the checkpoint gave out order ids up to {}, the journal up to {}",
            loaded.head.order_last, inventory.order_last
        ));
    }
    let balances: BTreeMap<_, _> = loaded.balances.iter().copied().collect();
    for (head, revision) in &loaded.products {
        let id = revision.product;
        let current = inventory.catalogue.product(id);
        if current.map(|current| current.number) != Some(head.number) || current.is_some_and(|c| **c != **revision) {
            findings.add(format!("product {id} in the checkpoint is not the journal's"));
        }
        let (theirs, ours) = (balances.get(&id).copied().unwrap_or_default(), inventory.stock.balance(id));
        if theirs != ours {
            findings.add(format!("product {id}: the checkpoint says {theirs:?}, the journal {ours:?}"));
        }
    }
    if (loaded.categories.len() as u64, loaded.products.len() as u64) != inventory.catalogue.counts() {
        findings.add("the checkpoint's catalogue has not as many rows as the journal's".to_owned());
    }
    if Access::restore(loaded.users.clone(), loaded.api_keys.clone()) != *view.access() {
        findings.add("the users and keys of the checkpoint are not the journal's".to_owned());
    }
    compare_orders(view, store, inventory.order_last, findings)
}

fn compare_orders(view: &View, store: &Store, last: u64, findings: &mut Findings) -> Vec<OrderId> {
    let mut newer = Vec::new();
    for pack in 0..=last / store::PACK_ORDERS {
        let theirs = match store.pack(pack) {
            Ok(orders) => orders,
            Err(error) => {
                findings.add(error.to_string());
                continue;
            }
        };
        let ours = match view.whole_pack(pack) {
            Ok(orders) => orders,
            Err(error) => {
                findings.add(error.to_string());
                continue;
            }
        };
        for ours in ours {
            match theirs.iter().find(|order| order.id == ours.id) {
                None => findings.add(format!("order {} is missing from the store", ours.id)),
                Some(theirs) if theirs.version > ours.version => newer.push(ours.id),
                Some(theirs) if *theirs == *ours => {}
                Some(_) => findings.add(format!("order {} in the store is not the journal's", ours.id)),
            }
        }
    }
    newer
}

/// Compares orders that the store holds at a version which the journal reaches after the checkpoint.
pub(super) fn of_newer(view: &View, store: &Store, newer: Vec<OrderId>, findings: &mut Findings) {
    for id in newer {
        let (Ok(Some(ours)), Ok(Some(theirs))) = (view.order(id), store.order(id)) else {
            findings.add(format!("order {id} cannot be compared"));
            continue;
        };
        let ahead = theirs.version > ours.version;
        if ahead || (theirs.version == ours.version && theirs != *ours) {
            findings.add(format!("order {id} in the store is not the journal's"));
        }
    }
}

/// The stock that is reserved is what open, unshipped orders hold.
pub(super) fn of_reservations(view: &View, findings: &mut Findings) {
    let mut held = held_by_orders(view);
    let inventory = view.products().inventory();
    for revision in inventory.catalogue.products_from(ProductId(1)) {
        let (reserved, held) = (inventory.stock.balance(revision.product).reserved, held.remove(&revision.product));
        if u64::from(reserved) != held.unwrap_or_default() {
            findings.add(format!(
                "product {}: {reserved} reserved, but open orders hold {}",
                revision.product,
                held.unwrap_or_default()
            ));
        }
    }
    for (product, held) in held {
        findings.add(format!("open orders hold {held} of product {product}, which does not exist"));
    }
}
