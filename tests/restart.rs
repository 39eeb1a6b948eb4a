//! What was acknowledged is there again: after a clean stop, without the store, and with whatever is left of it. What
//! was damaged in the journal is named, and nothing starts.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, unused_imports, reason = "shared with other tests, which need more of it")]
mod support;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use actix::System;
use packhorse::Engine;
use packhorse::actors::{Clock, Failure, IdempotencyKey, Request};
use packhorse::app::{self, OpenError, RecoveryError};
use packhorse::config::Settings;
use packhorse::domain::ids::OrderId;
use packhorse::domain::order::{After, Status, Step};
use packhorse::domain::origin::Origin;
use packhorse::domain::time::Timestamp;
use support::library::{Picture, client, picture, rows, run, settings, work};
use support::process::{MANUAL, Process};

fn refused(settings: &Settings) -> OpenError {
    System::new().block_on(async { Engine::open(settings).await.err().expect("the start is refused") })
}

fn worked(directory: &Path) -> (Settings, Picture) {
    let settings = settings(directory);
    let before = run(&settings, async |engine| {
        work(engine).await;
        picture(engine)
    });
    assert_eq!(before.orders.len(), 60);
    let incidents = before.orders.iter().flat_map(|order| order.history.iter()).flat_map(Step::incidents);
    assert_eq!(incidents.count(), 2, "an edit and a deletion are part of what has to come back");
    (settings, before)
}

#[test]
fn everything_is_there_after_a_clean_stop() {
    let directory = tempfile::tempdir().unwrap();
    let (settings, before) = worked(directory.path());
    for _ in 0..2 {
        assert_eq!(run(&settings, async |engine| picture(engine)), before);
    }
    let next = run(&settings, async |engine| engine.place(client(), rows(1, 1)).await.unwrap().value[0].id);
    assert_eq!(next, OrderId(61), "ids go on without reuse");
    let report = app::check(directory.path()).unwrap();
    assert_eq!(report.findings, []);
    assert_eq!(report.orders.values().sum::<u64>(), 61);
}

/// The wall clock of the machine, wrong by so much.
struct Wrong(Duration);

impl Clock for Wrong {
    fn now(&self) -> Timestamp {
        app::now().plus(self.0)
    }

    fn passed(&self) -> Duration {
        Duration::ZERO
    }
}

const YEAR: Duration = Duration::from_hours(365 * 24);

#[test]
fn a_start_warns_of_a_clock_that_is_behind_the_last_entry_and_of_no_other() {
    for wrong in [YEAR, Duration::ZERO] {
        let directory = tempfile::tempdir().unwrap();
        let settings = settings(directory.path());
        System::new().block_on(async {
            let engine = Engine::open_at(&settings, Arc::new(Wrong(wrong))).await.unwrap();
            work(&engine).await;
            engine.close().await;
        });
        let ended = Process::start(directory.path(), MANUAL).stop("-TERM");
        assert!(ended.status.success(), "{}", ended.log);
        let warning = ended.log.lines().find(|line| line.contains("the clock is behind the last entry of the journal"));
        assert_eq!(warning.is_some(), wrong == YEAR, "{}", ended.log);
        if let Some(warning) = warning {
            assert!(warning.contains("\"level\":\"WARN\""), "{warning}");
            let now = app::now();
            for (name, at) in [("clock", now), ("last_entry", now.plus(YEAR))] {
                // Around midnight the two lines are of different days.
                let days = [at, at.minus(Duration::from_mins(10))].map(|at| at.to_string()[..10].to_owned());
                let said = days.iter().any(|day| warning.contains(&format!("\"{name}\":\"{day}T")));
                assert!(said, "{name} is said: {warning}");
            }
        }
    }
}

#[test]
fn a_clock_beyond_the_calendar_refuses_the_start_by_name_and_leaves_nothing() {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("data");
    let settings = settings(&directory);
    for years in [7_979, 8_000, 200_000] {
        let clock = Arc::new(Wrong(365 * 24 * Duration::from_hours(years)));
        let refused = System::new().block_on(async { Engine::open_at(&settings, clock).await.err() });
        let said = refused.expect("the start is refused").to_string();
        assert!(said.contains("the clock of this machine") && said.contains("Set it right"), "{said}");
        assert!(!directory.exists(), "nothing was made");
    }
}

#[test]
fn ended_orders_that_left_memory_answer_as_before() {
    let directory = tempfile::tempdir().unwrap();
    let (mut settings, before) = worked(directory.path());
    settings.retention.ended_orders_in_memory = Duration::ZERO;
    settings.checkpoint.interval = Duration::from_millis(100);
    run(&settings, async |engine| {
        assert_eq!(engine.view().orders_in_memory(), 36, "only open orders are read back into memory");
        assert_eq!(picture(engine), before);
        let ended = engine.view().counts()[Status::Delivered];
        engine.transition(client(), OrderId(1), Status::Delivered, None).await.unwrap();
        let begun = Instant::now();
        while engine.view().orders_in_memory() != 35 {
            assert!(begun.elapsed() < Duration::from_secs(20), "the order that ended leaves memory");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(engine.view().counts()[Status::Delivered], ended + 1);
        assert_eq!(engine.order(OrderId(1)).unwrap().unwrap().history.len(), 4);
        engine.archive(client(), OrderId(1)).await.unwrap();
        assert!(engine.order(OrderId(1)).unwrap().unwrap().archived, "an ended order's actor starts from the store");
    });
}

#[test]
fn the_store_is_made_anew_from_the_journal() {
    /// What befalls the store's directory.
    type Harm = fn(&Path);
    let cases: [(&str, Harm); 4] = [
        ("deleted", |store| fs::remove_dir_all(store).unwrap()),
        ("emptied", |store| each_file(store, |_| Vec::new())),
        ("cut", |store| each_file(store, |bytes| bytes[..bytes.len() / 2].to_vec())),
        ("garbage", |store| each_file(store, |bytes| bytes.iter().map(|byte| byte ^ 0x5a).collect())),
    ];
    for (case, harm) in cases {
        let directory = tempfile::tempdir().unwrap();
        let (settings, before) = worked(directory.path());
        harm(&directory.path().join("store"));
        assert_eq!(run(&settings, async |engine| picture(engine)), before, "{case}");
        assert_eq!(run(&settings, async |engine| picture(engine)), before, "{case}, once more");
        assert_eq!(app::check(directory.path()).unwrap().findings, [], "{case}");
    }
}

fn each_file(directory: &Path, change: impl Fn(&[u8]) -> Vec<u8> + Copy) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            each_file(&path, change);
        } else {
            fs::write(&path, change(&fs::read(&path).unwrap())).unwrap();
        }
    }
}

fn last_segment(directory: &Path) -> std::path::PathBuf {
    let segments = fs::read_dir(directory.join("journal")).unwrap().map(|entry| entry.unwrap().path());
    let mut segments: Vec<_> = segments.filter(|path| path.extension().is_some_and(|end| end == "seg")).collect();
    segments.sort();
    segments.pop().unwrap()
}

/// Both `check` and the start refuse, and name the file.
fn assert_refused(settings: &Settings, file: &Path, case: &str) {
    let name = file.file_name().unwrap().to_str().unwrap();
    let check = app::check(&settings.general.data_dir).err().unwrap_or_else(|| panic!("{case}: check finds it"));
    assert!(check.to_string().contains(name), "{case}: {check}");
    let start = refused(settings);
    assert!(matches!(start, OpenError::Recovery(RecoveryError::Journal(_))), "{case}: {start}");
    assert!(start.to_string().contains(name), "{case}: {start}");
}

#[test]
fn a_segment_cut_at_any_byte_is_named_and_refused() {
    let directory = tempfile::tempdir().unwrap();
    let (settings, before) = worked(directory.path());
    let segment = last_segment(directory.path());
    let whole = fs::read(&segment).unwrap();
    let used = whole.iter().rposition(|byte| *byte != 0).unwrap();
    for cut in [0, 1, 100, 4095, 4096, 4100, used / 2, used - 1, used, used + 1, used + 5_000, whole.len() - 1] {
        fs::write(&segment, &whole[..cut]).unwrap();
        assert_refused(&settings, &segment, &format!("cut at byte {cut}"));
    }
    fs::write(&segment, &whole).unwrap();
    assert_eq!(run(&settings, async |engine| picture(engine)), before, "the refusals changed nothing");
}

#[test]
fn a_flipped_bit_in_the_journal_is_named_and_refused() {
    let directory = tempfile::tempdir().unwrap();
    let (settings, before) = worked(directory.path());
    // Without a checkpoint everything is read.
    fs::remove_dir_all(directory.path().join("store")).unwrap();
    let segment = last_segment(directory.path());
    let whole = fs::read(&segment).unwrap();
    let used = whole.iter().rposition(|byte| *byte != 0).unwrap();
    for (round, at) in (4096..used).step_by(used / 40).chain([used]).enumerate() {
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << (round % 8);
        fs::write(&segment, &flipped).unwrap();
        assert_refused(&settings, &segment, &format!("a bit of byte {at}"));
    }
    fs::write(&segment, &whole).unwrap();
    assert_eq!(run(&settings, async |engine| picture(engine)), before);
}

#[test]
fn entries_that_only_the_checkpoint_knows_are_missed() {
    let directory = tempfile::tempdir().unwrap();
    let (settings, _) = worked(directory.path());
    let segment = last_segment(directory.path());
    let mut bytes = fs::read(&segment).unwrap();
    // As if nothing had ever been written behind the header and the first entries.
    bytes[8192..].fill(0);
    fs::write(&segment, &bytes).unwrap();
    let start = refused(&settings).to_string();
    assert!(start.contains("the journal ends ") || start.contains("damaged"), "{start}");
}

#[test]
fn a_second_process_is_told_that_the_directory_is_in_use() {
    let directory = tempfile::tempdir().unwrap();
    let settings = settings(directory.path());
    run(&settings, async |_| {
        let second = Engine::open(&settings).await.err().expect("the second start is refused");
        assert!(matches!(second, OpenError::Directory(_)), "{second}");
        assert!(second.to_string().contains(directory.path().to_str().unwrap()), "{second}");
    });
}

#[test]
fn a_newer_format_is_refused_untouched() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("FORMAT"), "999\n").unwrap();
    let start = refused(&settings(directory.path()));
    assert!(start.to_string().contains("999"), "{start}");
    assert_eq!(fs::read_to_string(directory.path().join("FORMAT")).unwrap(), "999\n");
    let left: Vec<_> = fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| name == "FORMAT" || name == "LOCK"), "{left:?}");
}

#[test]
fn a_key_has_its_effect_once_also_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let (settings, _) = worked(directory.path());
    let keyed = || Request {
        key: Some(IdempotencyKey { key: "retry-me".into(), request: [7; 16] }),
        ..Request::of(Origin::Client)
    };
    let first = run(&settings, async |engine| engine.place(keyed(), rows(3, 1)).await.unwrap());
    assert!(!first.replayed);
    for store in ["kept", "deleted"] {
        if store == "deleted" {
            fs::remove_dir_all(directory.path().join("store")).unwrap();
        }
        let again = run(&settings, async |engine| engine.place(keyed(), rows(3, 1)).await.unwrap());
        assert!(again.replayed, "store {store}");
        assert_eq!(again.value, first.value, "store {store}");
    }
}

#[test]
fn overdue_timers_fire_once_and_in_due_order() {
    let directory = tempfile::tempdir().unwrap();
    let (mut settings, before) = worked(directory.path());
    settings.stages.pending_after = After::Span(Duration::from_millis(1));
    let after = run(&settings, async |engine| picture(engine));
    let pending: Vec<_> = before.orders.iter().filter(|order| order.status == Status::Pending).collect();
    assert_eq!(pending.len(), 12);
    let mut fired: Vec<_> = Vec::new();
    for order in pending {
        let now = &after.orders[usize::try_from(order.id.0).unwrap() - 1];
        assert_eq!((now.status, now.history.len()), (Status::Processing, 2), "order {}", order.id);
        assert_eq!(now.history[1].who(), &Origin::Timer);
        fired.push((order.moved_at, now.updated_at));
    }
    fired.sort();
    assert!(fired.is_sorted_by_key(|(_, fired_at)| *fired_at), "those due first fire first");
    settings.stages.pending_after = After::Manual;
    assert_eq!(run(&settings, async |engine| picture(engine)), after, "once");
}

#[test]
fn keys_that_are_too_old_keep_no_new_ones_out_after_a_start() {
    let directory = tempfile::tempdir().unwrap();
    let (mut settings, _) = worked(directory.path());
    settings.retention.idempotency_keys = Duration::from_secs(1);
    settings.retention.idempotency_keys_max = 16;
    settings.checkpoint.interval = Duration::from_hours(1);
    for (round, is_old_at_the_start) in [false, true, false, true].into_iter().enumerate() {
        let grow_old = || std::thread::sleep(Duration::from_millis(1_100));
        if is_old_at_the_start {
            grow_old();
        }
        run(&settings, async |engine| {
            if is_old_at_the_start {
                assert_eq!(engine.view().keys().len(), 0, "what is too old is not held after a start");
            } else {
                grow_old();
            }
            for nth in 0..10 {
                engine.place(with_key("till", &format!("{round}-{nth}")), rows(1, 1)).await.unwrap();
            }
        });
        fs::remove_dir_all(directory.path().join("store")).unwrap();
    }
}

fn with_key(who: &str, key: &str) -> Request {
    Request { key: Some(IdempotencyKey { key: key.into(), request: [1; 16] }), ..Request::of(Origin::Key(who.into())) }
}

#[test]
fn whose_a_key_was_and_when_it_is_forgotten_is_known_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let (mut settings, _) = worked(directory.path());
    settings.retention.idempotency_keys_max = 50;
    run(&settings, async |engine| {
        for nth in 0..40 {
            engine.place(with_key("till", &format!("t{nth}")), rows(1, 1)).await.unwrap();
        }
    });
    for store in ["kept", "deleted"] {
        if store == "deleted" {
            fs::remove_dir_all(directory.path().join("store")).unwrap();
        }
        run(&settings, async |engine| {
            match engine.place(with_key("till", "more"), rows(1, 1)).await {
                Err(Failure::KeysFull { retry_after }) => {
                    let hours = retry_after.as_secs_f64() / 3600.0;
                    assert!((23.9..=24.0).contains(&hours), "store {store}: in {hours} h");
                }
                other => panic!("store {store}: {other:?}"),
            }
            for nth in 0..4 {
                let placed = engine.place(with_key("shop", &format!("{store}-{nth}")), rows(1, 1));
                placed.await.unwrap_or_else(|error| panic!("store {store}, order {nth}: {error}"));
            }
        });
    }
}

/// The clocks of the machine, of which the test sets the wall clock: how many hours it is wrong by.
#[derive(Default)]
struct SetBy(AtomicI64);

impl SetBy {
    fn hours(hours: i64) -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(hours)))
    }

    fn set(&self, hours: i64) {
        self.0.store(hours, Ordering::Relaxed);
    }
}

impl Clock for SetBy {
    fn now(&self) -> Timestamp {
        Timestamp(app::now().0 + self.0.load(Ordering::Relaxed) * 3_600_000_000)
    }

    fn passed(&self) -> Duration {
        app::SystemClock.passed()
    }
}

/// What `act` makes of the engine of `settings` while the clock is `clock`.
fn run_at<T>(settings: &Settings, clock: &Arc<SetBy>, act: impl AsyncFnOnce(&Engine) -> T) -> T {
    System::new().block_on(async {
        let engine = Engine::open_at(settings, clock.clone()).await.unwrap();
        let result = act(&engine).await;
        engine.close().await;
        result
    })
}

/// Places the order of the key `name`. Answers whether it was placed before.
async fn replayed(engine: &Engine, name: &str) -> bool {
    engine.place(with_key("till", name), rows(1, 1)).await.unwrap().replayed
}

#[test]
fn a_start_with_a_clock_that_is_behind_dates_no_key_anew() {
    let directory = tempfile::tempdir().unwrap();
    let (settings, _) = worked(directory.path());
    assert!(!run(&settings, async |engine| replayed(engine, "k").await));
    // As after a crash before a checkpoint: the key is read from the journal.
    fs::remove_dir_all(directory.path().join("store")).unwrap();
    run_at(&settings, &SetBy::hours(-48), async |_| ());
    assert!(run(&settings, async |engine| replayed(engine, "k").await), "a minute later the key is known");
}

#[test]
fn a_clock_that_is_put_right_while_it_runs_makes_no_key_older_than_it_is() {
    for is_stored_before in [false, true] {
        let directory = tempfile::tempdir().unwrap();
        let (mut settings, _) = worked(directory.path());
        settings.checkpoint.interval = Duration::from_millis(if is_stored_before { 20 } else { 3_600_000 });
        let clock = SetBy::hours(-48);
        run_at(&settings, &clock, async |engine| {
            assert!(!replayed(engine, "k").await);
            if is_stored_before {
                let stored = || engine.view().checkpoint().is_some_and(|mark| mark.sequence == engine.view().applied());
                while !stored() {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            }
            clock.set(0);
            // Something to be written besides.
            assert!(!replayed(engine, "other").await);
        });
        for name in ["k", "other"] {
            let again = run(&settings, async |engine| replayed(engine, name).await);
            assert!(again, "{name}, a second later; stored before: {is_stored_before}");
        }
    }
}

#[test]
fn a_key_of_a_clock_that_was_ahead_is_forgotten_for_good_when_it_is_old() {
    let directory = tempfile::tempdir().unwrap();
    let (mut settings, _) = worked(directory.path());
    run_at(&settings, &SetBy::hours(24 * 365), async |engine| assert!(!replayed(engine, "k").await));
    assert!(run(&settings, async |engine| replayed(engine, "k").await), "a start with the right clock knows it");
    settings.retention.idempotency_keys = Duration::from_secs(1);
    settings.checkpoint.interval = Duration::from_millis(50);
    run(&settings, async |engine| {
        assert_eq!(engine.view().keys().len(), 1);
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        assert!(engine.view().keys().is_empty());
        engine.archive(client(), OrderId(3)).await.unwrap();
    });
    run(&settings, async |engine| assert!(engine.view().keys().is_empty(), "no start brings it back"));
}

/// As after a power cut, or in a container that moved: the store is not trusted.
fn cut_power(directory: &Path) {
    fs::write(directory.join("store/IN_USE"), "another boot").unwrap();
}

#[test]
fn a_journal_that_lost_its_end_is_refused_after_a_power_cut_and_goes_on_when_somebody_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let (mut settings, _) = worked(directory.path());
    let segment = directory.path().join("journal/00000000000000000001.seg");
    fs::remove_file(&segment).unwrap();
    let before = fs::read_dir(directory.path()).unwrap().count();
    cut_power(directory.path());
    let said = refused(&settings).to_string();
    assert!(said.contains(segment.to_str().unwrap()), "{said}");
    assert!(said.contains("backup") && said.contains("--accept-shorter-journal"), "{said}");
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), before, "nothing is made or moved");

    settings.accept_shorter_journal = true;
    let next = run(&settings, async |engine| engine.view().products().inventory().order_last);
    assert_eq!(next, 0, "it began anew");
    settings.accept_shorter_journal = false;
    run(&settings, async |engine| work(engine).await);
    assert_eq!(app::check(directory.path()).unwrap().findings, []);
}

#[test]
fn damage_of_the_journal_is_found_before_a_store_is_moved_aside() {
    let directory = tempfile::tempdir().unwrap();
    let (settings, _) = worked(directory.path());
    cut_power(directory.path());
    let segment = directory.path().join("journal/00000000000000000001.seg");
    let mut bytes = fs::read(&segment).unwrap();
    bytes[5_000] ^= 1;
    fs::write(&segment, bytes).unwrap();
    let said = refused(&settings).to_string();
    assert!(said.contains(segment.to_str().unwrap()), "{said}");
    assert!(directory.path().join("store").exists() && !directory.path().join("store.damaged-1").exists());
}

#[test]
fn a_store_that_knows_of_more_than_the_journal_has_is_believed_even_when_it_is_not_trusted() {
    let directory = tempfile::tempdir().unwrap();
    let (settings, _) = worked(directory.path());
    let segment = directory.path().join("journal/00000000000000000001.seg");
    let mut bytes = fs::read(&segment).unwrap();
    bytes[4_096..].fill(0);
    fs::write(&segment, bytes).unwrap();
    // As an older version left it.
    fs::remove_file(directory.path().join("WITNESS")).unwrap();
    cut_power(directory.path());
    let error = refused(&settings);
    assert!(matches!(error, OpenError::Recovery(RecoveryError::JournalBehind { journal: 0, .. })), "{error}");
    assert!(!directory.path().join("store.damaged-1").exists());
}
