//! The ledger: appended in any portions, read backwards in any portions.

use proptest::prelude::*;

use super::*;

fn store_with(portions: &[Vec<Movement>]) -> (Arc<MemoryKv>, Store) {
    let kv = Arc::new(MemoryKv::default());
    let store = over(&kv);
    for rows in portions {
        let last = rows.last().map_or(0, |row| row.sequence);
        let head = Head { sequence: last.max(held(&store)), ..Head::default() };
        let movements = [1, 2].map(|product| (ProductId(product), rows.iter().collect())).into();
        store.write_checkpoint(Checkpoint { head, movements, ..Checkpoint::default() }).unwrap();
    }
    (kv, store)
}

fn held(store: &Store) -> u64 {
    store.load().unwrap().map_or(0, |loaded| loaded.head.sequence)
}

fn records(kv: &MemoryKv) -> usize {
    let mut count = 0;
    kv.scan(Table::Movements, &Range::all(), Direction::Forward, &mut |_, _| {
        count += 1;
        Ok(std::ops::ControlFlow::Continue(()))
    })
    .unwrap();
    count
}

/// All rows of product 1, read `limit` at a time.
fn paged(store: &Store, limit: usize) -> Vec<(RowId, Movement)> {
    let mut all: Vec<(RowId, Movement)> = Vec::new();
    loop {
        let before = all.last().map(|(id, _)| *id);
        let page = store.movements(ProductId(1), before, limit).unwrap();
        assert!(page.len() <= limit);
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn rows_come_back_newest_first_however_they_were_appended_and_read(
        sizes in prop::collection::vec(0_u64..90, 1..12),
        per_entry in 1_u64..7,
        limit in 1_usize..60,
    ) {
        let mut sequence = 0;
        let mut portions = Vec::new();
        for size in sizes {
            sequence += 1;
            let rows: Vec<_> = (0..size).map(|i| sample::movement_at(sequence + i / per_entry)).collect();
            sequence = rows.last().map_or(sequence, |row| row.sequence);
            portions.push(rows);
        }
        let (_, store) = store_with(&portions);
        let expected: Vec<_> = portions.into_iter().flatten().rev().collect();
        let found = paged(&store, limit);
        prop_assert!(found.is_sorted_by(|a, b| a.0 > b.0));
        prop_assert!(found.iter().all(|(id, row)| id.sequence == row.sequence));
        prop_assert_eq!(found.into_iter().map(|(_, row)| row).collect::<Vec<_>>(), expected);
    }
}

#[test]
fn rows_of_many_checkpoints_share_records() {
    let portions: Vec<_> = (1..=200).map(|sequence| vec![sample::movement_at(sequence)]).collect();
    let (kv, store) = store_with(&portions);
    assert_eq!(store.movement_count(ProductId(1)).unwrap(), 200);
    assert!(records(&kv) <= 2 * 4, "{} records for twice 200 rows", records(&kv));
}

#[test]
fn an_entry_of_a_hundred_thousand_rows_is_read_like_any_other() {
    let rows: Vec<_> = (0..100_000).map(|_| sample::movement_at(7)).collect();
    let (_, store) = store_with(&[vec![sample::movement_at(6)], rows, vec![sample::movement_at(8)]]);
    assert_eq!(store.movement_count(ProductId(2)).unwrap(), 100_002);
    let middle = RowId { sequence: 7, nth: 70_000 };
    let page = store.movements(ProductId(2), Some(middle), 3).unwrap();
    let ids: Vec<_> = page.iter().map(|(id, _)| (id.sequence, id.nth)).collect();
    assert_eq!(ids, [(7, 69_999), (7, 69_998), (7, 69_997)]);
    let first = store.movements(ProductId(2), Some(RowId { sequence: 7, nth: 1 }), 9).unwrap();
    assert_eq!(first.iter().map(|(id, _)| (id.sequence, id.nth)).collect::<Vec<_>>(), [(7, 0), (6, 0)]);
}

#[test]
fn a_row_with_a_very_long_reason_comes_back() {
    let long = |sequence| Movement { reason: Some("r".repeat(100_000).into()), ..sample::movement_at(sequence) };
    let (_, store) = store_with(&[vec![sample::movement_at(1), long(2), sample::movement_at(3)], vec![long(4)]]);
    let found: Vec<_> = paged(&store, 2).into_iter().map(|(_, row)| row).collect();
    assert_eq!(found, [long(4), sample::movement_at(3), long(2), sample::movement_at(1)]);
}

#[test]
fn rows_newer_than_the_checkpoint_or_in_disorder_are_refused() {
    let check = |movements: Vec<(u64, Vec<u64>)>| {
        let (_, store) = store_with(&[vec![sample::movement_at(5)]]);
        let rows = |sequences: Vec<u64>| sequences.into_iter().map(sample::movement_at).collect::<Vec<_>>();
        let lists: Vec<_> = movements.into_iter().map(|(product, list)| (ProductId(product), rows(list))).collect();
        let movements = lists.iter().map(|(product, rows)| (*product, rows.iter().collect())).collect();
        let head = Head { sequence: 9, ..Head::default() };
        let result = store.write_checkpoint(Checkpoint { head, movements, ..Checkpoint::default() });
        assert_eq!(held(&store), if result.is_ok() { 9 } else { 5 });
        result
    };
    assert!(check(vec![(1, vec![5, 6, 6, 9]), (2, vec![6])]).is_ok());
    for wrong in [vec![(1, vec![10])], vec![(1, vec![7, 6])], vec![(1, vec![6]), (1, vec![7])]] {
        let error = check(wrong).unwrap_err();
        assert!(matches!(error, StoreError::MovementMisplaced { .. }), "{error}");
    }
}

#[test]
fn a_lost_record_is_damage_wherever_it_was() {
    let rows: Vec<_> = (1..=1_000).map(sample::movement_at).collect();
    let (kv, _) = store_with(&[rows]);
    let mut keys = Vec::new();
    kv.scan(Table::Movements, &Range::prefix(&1_u64.to_be_bytes()), Direction::Forward, &mut |key, _| {
        keys.push(key.to_vec());
        Ok(std::ops::ControlFlow::Continue(()))
    })
    .unwrap();
    assert!(keys.len() > 3);
    for key in keys {
        let kv = Arc::new(kv.after_kill());
        let mut batch = Batch::default();
        batch.delete(key);
        kv.apply(Table::Movements, batch).unwrap();
        let store = over(&kv);
        assert!(store.movements(ProductId(1), None, usize::MAX).unwrap_err().is_damage());
        assert_eq!(store.movements(ProductId(2), None, usize::MAX).unwrap().len(), 1_000);
    }
}
