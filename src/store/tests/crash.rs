//! A kill between any two writes leaves the old checkpoint or the new one, and the next attempt makes it whole.

use super::*;

/// A store that holds a first checkpoint, and the shop after that and before the second one.
fn prepared(kv: &Arc<MemoryKv>) -> (Shop, Loaded) {
    let mut shop = Shop::new();
    shop.trade(200);
    over(kv).write_checkpoint(shop.checkpoint()).unwrap();
    shop.written();
    let first = shop.expected();
    shop.trade(150);
    (shop, first)
}

/// What is exact at the head's sequence; pages and keys may be newer.
fn exact(loaded: &Loaded) -> Loaded {
    Loaded { pages: Vec::new(), keys: Vec::new(), ..loaded.clone() }
}

#[test]
fn a_kill_at_any_write_leaves_one_of_the_two_checkpoints() {
    let mut outcomes = [0, 0];
    for writes in 0.. {
        let kv = Arc::new(MemoryKv::default());
        let (shop, first) = prepared(&kv);
        let store = over(&kv);
        kv.fail(Failure::WritesAfter(writes));
        let finished = store.write_checkpoint(shop.checkpoint()).is_ok();

        let after = Arc::new(kv.after_kill());
        let store = over(&after);
        let found = store.load().unwrap().unwrap();
        let is_new = found.head.sequence == shop.head().sequence;
        let expected = if is_new { exact(&shop.expected()) } else { exact(&first) };
        assert_eq!(exact(&found), expected, "after {writes} writes");
        for product in 1..=PRODUCTS {
            let rows = store.movements(ProductId(product), None, usize::MAX).unwrap();
            assert!(rows.iter().all(|(id, _)| id.sequence <= found.head.sequence), "after {writes} writes");
            assert_eq!(rows.len() as u64, store.movement_count(ProductId(product)).unwrap());
        }
        assert!(is_new || !finished);
        outcomes[usize::from(is_new)] += 1;

        if !is_new {
            store.write_checkpoint(shop.checkpoint()).unwrap();
        }
        shop.check(&store).unwrap();
        shop.check(&over(&after)).unwrap();
        if finished {
            break;
        }
    }
    let [old, new] = outcomes;
    assert!(old > 5 && new > 1, "both outcomes were met: {outcomes:?}");
}

#[test]
fn a_failed_attempt_is_made_good_by_the_next_one_in_the_same_process() {
    for writes in 0..9 {
        let kv = Arc::new(MemoryKv::default());
        let (mut shop, _) = prepared(&kv);
        let store = over(&kv);
        kv.fail(Failure::WritesAfter(writes));
        let failed = store.write_checkpoint(shop.checkpoint()).is_err();
        kv.fail(Failure::Never);
        if failed {
            shop.trade(40);
            store.write_checkpoint(shop.checkpoint()).unwrap();
        }
        shop.check(&store).unwrap();
        shop.check(&over(&kv)).unwrap();
    }
}

#[test]
fn a_kill_in_the_very_first_checkpoint_leaves_an_empty_store() {
    let mut shop = Shop::new();
    shop.trade(50);
    for writes in 0.. {
        let kv = Arc::new(MemoryKv::default());
        let store = over(&kv);
        kv.fail(Failure::WritesAfter(writes));
        if store.write_checkpoint(shop.checkpoint()).is_ok() {
            break;
        }
        let store = over(&Arc::new(kv.after_kill()));
        if store.load().unwrap().is_none() {
            assert_eq!(store.order(OrderId(1)).unwrap(), None);
            assert_eq!(store.movements(ProductId(1), None, 9).unwrap(), []);
            store.write_checkpoint(shop.checkpoint()).unwrap();
        }
        shop.check(&store).unwrap();
    }
}

#[test]
fn a_failing_disk_is_an_error_of_the_disk_and_no_damage() {
    let kv = Arc::new(MemoryKv::default());
    let (shop, _) = prepared(&kv);
    let store = over(&kv);
    kv.fail(Failure::Everything);
    for error in [
        store.load().map(drop).unwrap_err(),
        store.order(OrderId(1)).map(drop).unwrap_err(),
        store.movements(ProductId(1), None, 1).map(drop).unwrap_err(),
        store.write_checkpoint(shop.checkpoint()).map(drop).unwrap_err(),
        store.open_orders(&shop.pages(), drop).map(drop).unwrap_err(),
    ] {
        assert!(matches!(error, StoreError::Io { .. }), "{error}");
    }
    assert!(Store::over(kv).is_err());
}
