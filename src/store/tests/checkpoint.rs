//! A checkpoint that was written is what a load finds.

use super::*;

#[test]
fn an_empty_store_holds_no_checkpoint() {
    let store = Store::in_memory();
    assert_eq!(store.load().unwrap(), None);
    assert_eq!(store.order(OrderId(1)).unwrap(), None);
    assert_eq!(store.movements(ProductId(1), None, 9).unwrap(), []);
    assert_eq!(store.key(&KeyHash::of("key")).unwrap(), None);
}

#[test]
fn several_checkpoints_add_up_also_over_reopens() {
    let kv = Arc::new(MemoryKv::default());
    let mut shop = Shop::new();
    for count in [1, 7, 0, 2_000, 3] {
        shop.trade(count);
        let store = over(&kv);
        let written = store.write_checkpoint(shop.checkpoint()).unwrap();
        assert_eq!(written.movements, count);
        shop.written();
        shop.check(&store).unwrap();
        shop.check(&over(&kv)).unwrap();
    }
}

#[test]
fn a_checkpoint_survives_on_disk() {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("store");
    let mut shop = Shop::new();
    for count in [300, 5, 1_500] {
        shop.trade(count);
        let opened = open_or_quarantine(&directory, Options::default()).unwrap();
        assert_eq!(opened.quarantined, None);
        opened.store.write_checkpoint(shop.checkpoint()).unwrap();
        shop.written();
        drop(opened);
        let opened = open_or_quarantine(&directory, Options::default()).unwrap();
        assert_eq!(opened.loaded.as_ref(), Some(&shop.expected()));
        shop.check(&opened.store).unwrap();
    }
}

#[test]
fn what_was_deleted_is_gone_and_no_longer_counted() {
    let kv = Arc::new(MemoryKv::default());
    let mut shop = Shop::new();
    shop.trade(3);
    let store = over(&kv);
    store.write_checkpoint(shop.checkpoint()).unwrap();
    let head = Head { sequence: 10, ..shop.head() };
    let deleted = Checkpoint {
        head,
        products: vec![(ProductId(5), None)],
        balances: vec![(ProductId(5), None)],
        ..Checkpoint::default()
    };
    store.write_checkpoint(deleted).unwrap();
    for store in [store, over(&kv)] {
        let loaded = store.load().unwrap().unwrap();
        assert_eq!(loaded.head.counts, Counts { categories: 1, products: 4 });
        assert!(loaded.products.iter().all(|(_, revision)| revision.product != ProductId(5)));
        assert!(loaded.balances.iter().all(|(product, _)| *product != ProductId(5)));
        assert_eq!(store.revision(ProductId(5), 1), None);
        assert!(store.revision(ProductId(4), 1).is_some());
    }
}

#[test]
fn every_order_shares_the_revision_in_memory() {
    let kv = Arc::new(MemoryKv::default());
    let mut shop = Shop::new();
    shop.trade(20);
    over(&kv).write_checkpoint(shop.checkpoint()).unwrap();
    let store = over(&kv);
    let loaded = store.load().unwrap().unwrap();
    store
        .open_orders(&loaded.pages, |order| {
            let product = &order.lines[0].product;
            assert!(loaded.products.iter().any(|(_, revision)| Arc::ptr_eq(revision, product)));
        })
        .unwrap();
}

#[test]
fn an_older_checkpoint_is_refused_and_the_same_again_is_not() {
    let store = Store::in_memory();
    let checkpoint = |sequence| Checkpoint { head: Head { sequence, ..Head::default() }, ..Checkpoint::default() };
    store.write_checkpoint(checkpoint(5)).unwrap();
    store.write_checkpoint(checkpoint(5)).unwrap();
    let error = store.write_checkpoint(checkpoint(4)).unwrap_err();
    assert!(matches!(error, StoreError::CheckpointOlder { asked: 4, held: 5 }), "{error}");
}

#[test]
fn keys_expire_by_their_age_and_a_key_used_again_stays() {
    let store = Store::in_memory();
    let position = Position { segment_first: 1, offset: 2 };
    let key = |text: &str, at: i64, sequence| StoredKey {
        hash: KeyHash::of(text),
        request: [1; 16],
        sequence,
        position,
        at: Timestamp(at),
        owner: 1,
    };
    let checkpoint = |sequence, keys: Vec<StoredKey>, end: Option<i64>| Checkpoint {
        head: Head { sequence, ..Head::default() },
        keys,
        keys_expire_before: end.map(Timestamp),
        ..Checkpoint::default()
    };
    let many: Vec<_> = (1..=1_500).map(|i| key(&format!("many {i}"), i, 3)).collect();
    store.write_checkpoint(checkpoint(3, many, None)).unwrap();
    let twice = vec![key("again", 100, 4), key("again", 9_000, 5), key("before time", -5, 4)];
    store.write_checkpoint(checkpoint(5, twice, None)).unwrap();
    let written = store.write_checkpoint(checkpoint(6, Vec::new(), Some(1_400))).unwrap();
    assert_eq!(written.keys_expired, 1_399 + 1);
    assert_eq!(store.key(&KeyHash::of("before time")).unwrap(), None);
    assert_eq!(store.key(&KeyHash::of("many 1399")).unwrap(), None);
    assert_eq!(store.key(&KeyHash::of("many 1400")).unwrap(), Some(key("many 1400", 1_400, 3)));
    assert_eq!(store.key(&KeyHash::of("again")).unwrap(), Some(key("again", 9_000, 5)));
    let keys = store.load().unwrap().unwrap().keys;
    assert_eq!(keys.len(), 102);
    assert!(keys.is_sorted_by_key(|key| key.at));
}

#[test]
fn an_order_that_no_page_knows_is_noticed_at_the_load() {
    let kv = Arc::new(MemoryKv::default());
    let mut shop = Shop::new();
    shop.trade(1_500);
    let mut checkpoint = shop.checkpoint();
    checkpoint.head.order_last += 1;
    over(&kv).write_checkpoint(checkpoint).unwrap();
    assert!(over(&kv).load().unwrap_err().to_string().contains("order 1501 is missing"));
    over(&kv).write_checkpoint(shop.checkpoint()).unwrap();
    shop.check(&over(&kv)).unwrap();
    let mut batch = Batch::default();
    batch.delete([0; 10].to_vec());
    kv.apply(Table::Pages, batch).unwrap();
    assert!(over(&kv).load().unwrap_err().to_string().contains("status page 0 is missing"));
}
