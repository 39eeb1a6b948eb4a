//! Orders in packs.

use super::*;

fn page_of_all(orders: &[Arc<Order>]) -> Vec<(u64, StatusPage)> {
    let mut shop = Shop::new();
    shop.orders = orders.iter().map(|order| (order.id.0, order.clone())).collect();
    shop.pages()
}

fn packs(orders: &[Arc<Order>]) -> Vec<Pack> {
    let chunks = orders.chunk_by(|a, b| pack_of(a.id) == pack_of(b.id));
    chunks.map(|orders| (pack_of(orders[0].id), orders.to_vec())).collect()
}

fn some_orders(ids: impl IntoIterator<Item = u64>) -> Vec<Arc<Order>> {
    let product = sample::revision_of(1, 1);
    ids.into_iter().map(|id| sample::order_of(id, &product)).collect()
}

#[test]
fn orders_not_handed_over_stay_in_their_pack() {
    let store = Store::in_memory();
    let orders = some_orders(8..16);
    store.put_packs(packs(&orders[..5])).unwrap();
    store.put_packs(packs(&orders[5..7])).unwrap();
    let newer = sample::moved(&orders[2], Status::Processing);
    store.put_packs([(1, vec![newer.clone()]), (1, vec![orders[7].clone()]), (2, Vec::new())]).unwrap();
    let mut expected: Vec<Order> = orders.iter().map(|order| (**order).clone()).collect();
    expected[2] = (*newer).clone();
    assert_eq!(store.pack(1).unwrap(), expected);
    assert_eq!(store.pack(2).unwrap(), []);
    assert_eq!(store.order(OrderId(10)).unwrap().as_ref(), Some(&*newer));
}

#[test]
fn an_order_in_a_pack_that_is_not_its_own_is_refused() {
    let store = Store::in_memory();
    let error = store.put_packs([(2, some_orders([8]))]).unwrap_err();
    assert!(matches!(error, StoreError::OrderMisplaced { order: 8, pack: 2 }), "{error}");
}

#[test]
fn revisions_newer_than_the_checkpoint_come_along_with_the_orders_that_name_them() {
    let kv = Arc::new(MemoryKv::default());
    let mut shop = Shop::new();
    shop.trade(9);
    over(&kv).write_checkpoint(shop.checkpoint()).unwrap();
    let order = sample::order_of(10, &sample::revision_of(1, 7));
    over(&kv).put_packs(packs(std::slice::from_ref(&order))).unwrap();
    assert_eq!(over(&kv).order(order.id).unwrap().as_ref(), Some(&*order));
}

#[test]
fn an_order_with_very_long_texts_and_many_lines_comes_back() {
    let store = Store::in_memory();
    let mut order = (*some_orders([3])[0]).clone();
    order.contact = crate::domain::order::Contact::restore(["n", "e@x.de", "1", &"a".repeat(50_000)]).unwrap();
    order.lines = (0..500).map(|_| order.lines[0].clone()).collect();
    let order = Arc::new(order);
    store.put_packs([(0, vec![order.clone()])]).unwrap();
    assert_eq!(store.order(order.id).unwrap().as_ref(), Some(&*order));
}

#[test]
fn open_orders_are_found_in_sparse_and_in_dense_pages() {
    let store = Store::in_memory();
    let product = sample::revision_of(1, 1);
    let mut orders = Vec::new();
    for id in 1..=3_000_u64 {
        let order = sample::order_of(id, &product);
        // The first page is dense, the second has five open orders, the third none.
        let ended = id > 2_048 || id > 1_024 && id % 200 != 0;
        orders.push(if ended { sample::moved(&order, Status::Cancelled) } else { order });
    }
    store.put_packs(packs(&orders)).unwrap();
    let mut found = Vec::new();
    store.open_orders(&page_of_all(&orders), |order| found.push(order)).unwrap();
    found.sort_by_key(|order| order.id);
    orders.retain(|order| order.status == Status::Pending);
    assert_eq!(found.len(), 1_023 + 1 + 5);
    assert_eq!(found, orders);
}

#[test]
fn an_order_that_went_on_since_its_page_is_shown_as_it_is() {
    let store = Store::in_memory();
    let orders = some_orders(1..=9);
    let pages = page_of_all(&orders);
    let later: Vec<_> = orders.iter().map(|order| sample::moved(order, Status::Cancelled)).collect();
    store.put_packs(packs(&later)).unwrap();
    let mut found = Vec::new();
    store.open_orders(&pages, |order| found.push(order)).unwrap();
    found.sort_by_key(|order| order.id);
    assert_eq!(found, later);
}

#[test]
fn an_order_that_lags_behind_its_page_is_damage() {
    let store = Store::in_memory();
    let orders = some_orders(1..=9);
    store.put_packs(packs(&orders)).unwrap();
    let later: Vec<_> = orders.iter().map(|order| sample::moved(order, Status::Processing)).collect();
    assert!(store.open_orders(&page_of_all(&later), drop).unwrap_err().is_damage());
}

#[test]
fn an_order_that_its_page_knows_and_its_pack_does_not_is_damage() {
    let kv = Arc::new(MemoryKv::default());
    let mut shop = Shop::new();
    shop.trade(1_100);
    over(&kv).write_checkpoint(shop.checkpoint()).unwrap();
    kv.clear(Table::Orders).unwrap();
    let store = over(&kv);
    for id in [1, 500, 1_100] {
        assert!(store.order(OrderId(id)).unwrap_err().is_damage());
    }
    assert_eq!(store.order(OrderId(1_101)).unwrap(), None);
    assert!(store.open_orders(&shop.pages(), drop).unwrap_err().is_damage());
}
