//! A check of a directory in which most orders have ended.

use std::fs;

use actix::System;

use super::*;
use crate::actors::Request;
use crate::app::Engine;
use crate::config::Settings;
use crate::domain::catalogue::ProductDetails;
use crate::domain::ids::{CategoryId, OrderId, ProductId};
use crate::domain::inventory::{LineRequest, OrderRequest};
use crate::domain::money::Money;
use crate::domain::order::{After, Contact, Status};
use crate::domain::origin::Origin;
use crate::domain::text::{CategoryName, ProductName};

/// Makes a directory of 60 orders, most of which have ended, some of them archived later, and a checkpoint of it all.
fn lived(path: &Path) {
    let mut settings = Settings::default();
    path.clone_into(&mut settings.general.data_dir);
    settings.journal.segment_bytes = 1 << 20;
    settings.stages.pending_after = After::Manual;
    settings.stages.processing_after = After::Manual;
    settings.stages.shipped_after = After::Manual;
    let client = || Request::of(Origin::Client);
    System::new().block_on(async {
        let engine = Engine::open(&settings).await.unwrap();
        engine.create_category(client(), CategoryName::parse("Things").unwrap()).await.unwrap();
        let details = ProductDetails {
            name: ProductName::parse("Phone").unwrap(),
            description: "A phone".into(),
            price: Money::from_minor(29_999).unwrap(),
            expiry_date: None,
            category: CategoryId(1),
            archived: false,
        };
        engine.create_product(client(), details, 1_000).await.unwrap();
        let contact = Contact::new("Ann", "ann@example.com", "1", "Here").unwrap();
        let line = LineRequest { product: ProductId(1), quantity: 2 };
        let order = OrderRequest { contact, lines: [line].into_iter().collect() };
        engine.place(client(), vec![order; 60]).await.unwrap();
        for id in (1..=60).filter(|id| id % 4 != 0) {
            let path: &[Status] = match id % 4 {
                1 => &[Status::Cancelled],
                _ => &[Status::Processing, Status::Shipped, Status::Delivered],
            };
            for to in path {
                engine.transition(client(), OrderId(id), *to, Some("moved".into())).await.unwrap();
            }
        }
        for id in [1, 2, 17, 58] {
            engine.archive(client(), OrderId(id)).await.unwrap();
        }
        engine.close().await;
    });
}

#[test]
fn orders_that_were_put_aside_are_compared_like_those_in_memory() {
    let directory = tempfile::tempdir().unwrap();
    lived(directory.path());
    let whole = check(directory.path()).unwrap();
    assert_eq!(whole.findings, []);
    for step in [1, 3, 20] {
        let report = check_in_steps(directory.path(), step, &OnInterrupt::default()).unwrap();
        assert_eq!(report.findings, [], "step {step}");
        assert_eq!((report.orders, report.chain), (whole.orders, whole.chain), "step {step}");
    }
}

#[test]
fn a_check_puts_aside_what_ended_and_finds_it_again() {
    let directory = tempfile::tempdir().unwrap();
    lived(directory.path());
    let shelf = Arc::new(Shelf::new(tempfile::tempfile().unwrap()));
    let view = shelf::view(&shelf);
    let mut reader = Reader::open(&directory.path().join("journal"), None).unwrap();
    while let Some(durable) = reader.next(&view).unwrap() {
        view.apply(&[durable]).unwrap();
        shelf.take_ended(&view).unwrap();
    }
    assert_eq!(view.orders_in_memory(), 15, "only the open orders are in memory");
    let whole: Vec<_> = (0..8).flat_map(|pack| view.whole_pack(pack).unwrap()).collect();
    assert_eq!(whole.iter().map(|order| order.id.0).collect::<Vec<_>>(), (1..=60).collect::<Vec<_>>());
    assert!(whole[0].archived && whole[57].archived && !whole[2].archived);
    assert_eq!(whole[1].history.len(), 4);
}

#[test]
fn a_check_changes_and_leaves_nothing() {
    let names = |path: &Path| {
        let mut names: Vec<_> = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let directory = tempfile::tempdir().unwrap();
    lived(directory.path());
    let (all, store) = (names(directory.path()), fs::read(directory.path().join("store/db")).unwrap());
    // As a check leaves it that is killed while sled opens the copy.
    let left = directory.path().join(".packhorse-check-abc");
    fs::create_dir(&left).unwrap();
    std::os::unix::fs::symlink("/proc/self/fd/999", left.join("db")).unwrap();
    assert_eq!(check(directory.path()).unwrap().checkpoint, Some(whole_sequence(directory.path())));
    assert_eq!(names(directory.path()), all);
    assert_eq!(fs::read(directory.path().join("store/db")).unwrap(), store);
}

/// The last entry of the journal in `path`.
fn whole_sequence(path: &Path) -> u64 {
    check(path).unwrap().sequence
}
