//! Backups: made beside a server under load, restored whole and cut at any entry, and never taken for whole when they
//! are not. `BACKUP_KILLS` says how often a backup and a restore are killed (default 12).

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, unused_imports, reason = "shared with other tests, which need more of it")]
mod support;

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use actix::System;
use packhorse::Engine;
use packhorse::actors::{Clock, Request};
use packhorse::app::{self, BackupError, Format, Source, Until, What};
use packhorse::config::Settings;
use packhorse::domain::catalogue::ProductDetails;
use packhorse::domain::ids::{CategoryId, OrderId, ProductId};
use packhorse::domain::inventory::{LineRequest, OrderRequest};
use packhorse::domain::money::Money;
use packhorse::domain::order::{After, Contact, Status};
use packhorse::domain::origin::Origin;
use packhorse::domain::stock::{Adjustment, Target};
use packhorse::domain::text::{CategoryName, ProductName};
use packhorse::domain::time::Timestamp;
use tempfile::TempDir;

use support::process::binary;
use support::served::{API, Served, done, packhorse, refused};
use support::{Json, try_send};

const MANUAL: &[(&str, &str)] = &[
    ("PACKHORSE_STAGES__PENDING__AFTER", "manual"),
    ("PACKHORSE_STAGES__PROCESSING__AFTER", "manual"),
    ("PACKHORSE_STAGES__SHIPPED__AFTER", "manual"),
    ("PACKHORSE_JOURNAL__SEGMENT_BYTES", "1 MiB"),
];

// A server under load.

/// What clients were told of each order: every state, in order.
type Told = Mutex<BTreeMap<u64, Vec<Json>>>;

/// Places, moves and cancels orders until it is told to end.
fn load(server: std::net::SocketAddr, client: usize, is_over: &AtomicBool, told: &Told) {
    let call = |path: &str, body: &str| {
        let reply = try_send(server, "POST", &format!("{API}{path}"), &[], body.as_bytes()).unwrap();
        let order = reply.expect_one_of(&[200, 201]).json();
        let id = order.get("id").unwrap().number();
        told.lock().unwrap().entry(id).or_default().push(order);
        id
    };
    for number in 0.. {
        if is_over.load(Ordering::Relaxed) {
            return;
        }
        let order = format!(
            r#"{{"customer_name": "{client}-{number}", "customer_email": "a@example.com", "customer_phone": "+880", "delivery_address": "{}", "items": [{{"product_id": 1, "quantity": 1}}]}}"#,
            "Here ".repeat(1 + number % 1_000).trim_end()
        );
        let id = call("/orders/", &order);
        match number % 3 {
            0 => drop(call(&format!("/orders/{id}/cancel/"), r#"{"reason": "no longer wanted"}"#)),
            1 => drop(call(&format!("/orders/{id}/transition/"), r#"{"to": "processing"}"#)),
            _ => {}
        }
    }
}

#[test]
fn a_backup_under_load_holds_every_order_acknowledged_before_it_began() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let server = Served::start(&data, MANUAL);
    server.stock_up(1_000_000);
    let is_segment = |path: &Path| path.extension().is_some_and(|end| end == "seg");
    let segments = || {
        let files = fs::read_dir(data.join("journal")).unwrap().map(|entry| entry.unwrap().path());
        files.filter(|path| is_segment(path)).count()
    };
    let told = Told::default();
    let is_over = AtomicBool::new(false);
    let mut backups = Vec::new();
    thread::scope(|scope| {
        let (address, told, is_over) = (server.address, &told, &is_over);
        for client in 0..4 {
            scope.spawn(move || load(address, client, is_over, told));
        }
        for name in ["one.tar", "two", "three.tar", "four"] {
            thread::sleep(Duration::from_millis(700));
            let before: BTreeMap<_, _> = told.lock().unwrap().iter().map(|(id, states)| (*id, states.len())).collect();
            let backup = directory.path().join(name);
            let said = done(&packhorse(&[&"backup", &"--data-dir", &data, &"--to", &backup]));
            let placed = told.lock().unwrap().values().map(Vec::len).sum::<usize>();
            assert!(placed > before.values().sum::<usize>(), "the load went on while {name} was made");
            backups.push((backup, before, said));
        }
        // However slow the machine is.
        while segments() < 2 {
            thread::sleep(Duration::from_millis(10));
        }
        is_over.store(true, Ordering::Relaxed);
    });
    server.stop();
    let told = told.into_inner().unwrap();
    for (backup, before, said) in &backups {
        let checked = done(&packhorse(&[&"check", &"--from", backup]));
        assert!(checked.ends_with("verdict: sound\n"), "{checked}");
        let sequence = said.lines().next().unwrap();
        assert!(checked.starts_with(&format!("{sequence}\n")), "{checked}{said}");
        let restored = directory.path().join("restored");
        assert_eq!(
            done(&packhorse(&[&"restore", &"--from", backup, &"--data-dir", &restored])).lines().next(),
            Some(sequence)
        );
        assert!(done(&packhorse(&[&"check", &"--data-dir", &restored])).ends_with("verdict: sound\n"));
        let server = Served::start(&restored, MANUAL);
        for (id, states_before) in before {
            let found = server.get(&format!("/orders/{id}/"));
            // It may have gone on while the backup was made; it never is older than what was acknowledged before.
            assert!(told[id][states_before - 1..].contains(&found), "order {id}: {found}");
        }
        // It goes on: the next order gets the next id.
        let last = server.get("/orders/?limit=1").rows()[0].get("id").unwrap().number();
        let order = r#"{"customer_name": "New", "customer_email": "a@example.com", "customer_phone": "1", "delivery_address": "Here", "items": [{"product_id": 1, "quantity": 1}]}"#;
        let placed = server.call("POST", "/orders/", order).expect(201).json();
        assert_eq!(placed.get("id").unwrap().number(), last + 1);
        server.stop();
        fs::remove_dir_all(restored).unwrap();
    }
    assert!(backups[0].1.len() > 10, "there was load: {}", backups[0].1.len());
    assert!(segments() > 1, "the load filled more than one segment");
}

// A journal of which every moment is known.

/// A clock that is set by hand.
struct SetClock(AtomicI64);

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::Relaxed))
    }

    fn passed(&self) -> Duration {
        Duration::ZERO
    }
}

fn settings(directory: &Path) -> Settings {
    let mut settings = Settings::default();
    directory.clone_into(&mut settings.general.data_dir);
    settings.journal.segment_bytes = 8 << 10;
    settings.stages.pending_after = After::Manual;
    settings.stages.processing_after = After::Manual;
    settings.stages.shipped_after = After::Manual;
    settings.checkpoint.interval = Duration::from_millis(100);
    settings
}

fn me() -> Request {
    Request::of(Origin::Client)
}

fn order() -> OrderRequest {
    let contact = Contact::new("=Ann", "ann@example.com", "+880 1", &"Here. ".repeat(150)).unwrap();
    let lines = [(1, 2), (2, 1)].map(|(product, quantity)| LineRequest { product: ProductId(product), quantity });
    OrderRequest { contact, lines: lines.into_iter().collect() }
}

/// Every export of a source, as one text.
fn picture(source: &Source) -> String {
    let mut picture = String::new();
    for what in [What::Orders, What::History, What::Movements] {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("rows");
        app::export(source, what, Format::Ndjson, Some(&file)).unwrap();
        picture.push_str(&fs::read_to_string(file).unwrap());
    }
    picture
}

/// A data directory with a life of about forty entries in several segments, and what could be seen after each of them:
/// its sequence, when it was, and the picture.
struct Life {
    directory: TempDir,
    moments: Vec<(u64, i64, String)>,
}

impl Life {
    fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn backup(&self, name: &str) -> PathBuf {
        let to = self.path(name);
        app::backup(&self.data(), &to).unwrap();
        to
    }
}

fn life() -> Life {
    let mut life = Life { directory: tempfile::tempdir().unwrap(), moments: Vec::new() };
    let settings = settings(&life.data());
    let source = Source::DataDirectory(life.data());
    System::new().block_on(async {
        let mut micros = 1_795_320_000_000_000;
        let clock = Arc::new(SetClock(AtomicI64::new(micros)));
        let engine = Engine::open_at(&settings, clock.clone()).await.unwrap();
        let mut note = |micros: i64| {
            life.moments.push((engine.view().applied(), micros, picture(&source)));
        };
        let mut tick = || {
            micros += 1_000_000;
            clock.0.store(micros, Ordering::Relaxed);
            micros
        };
        let at = tick();
        engine.create_category(me(), CategoryName::parse("Things").unwrap()).await.unwrap();
        note(at);
        for (name, price) in [("Phone", 29_999), ("Case", 5)] {
            let (name, price) = (ProductName::parse(name).unwrap(), Money::from_minor(price).unwrap());
            let category = CategoryId(1);
            let details = ProductDetails {
                name,
                description: "d".repeat(900).into(),
                price,
                expiry_date: None,
                category,
                archived: false,
            };
            let at = tick();
            engine.create_product(me(), details, 500).await.unwrap();
            note(at);
        }
        for id in 1..=14 {
            let at = tick();
            let orders = if id == 5 { vec![order(); 3] } else { vec![order()] };
            let placed = engine.place(me(), orders).await.unwrap().value;
            note(at);
            let id = placed[0].id;
            let at = tick();
            if id.0 % 2 == 0 {
                engine.cancel(me(), id, "no longer wanted".into()).await.unwrap();
                note(at);
                continue;
            }
            for to in [Status::Processing, Status::Shipped] {
                let at = tick();
                engine.transition(me(), id, to, None).await.unwrap();
                note(at);
            }
        }
        let at = tick();
        let adjustment = Adjustment {
            product: ProductId(1),
            target: Target::By(-3),
            expected: None,
            reason: Some("-damaged".into()),
        };
        engine.adjust(me(), adjustment).await.unwrap();
        note(at);
        engine.close().await;
    });
    assert!(life.moments.len() > 30, "{}", life.moments.len());
    life
}

#[test]
fn a_restore_up_to_each_entry_or_moment_is_the_fold_to_there_and_goes_on() {
    let life = life();
    let backups = [life.backup("b.tar"), life.backup("b")];
    for (number, (sequence, micros, picture_then)) in life.moments.iter().enumerate() {
        let untils = [
            Until::Sequence(*sequence),
            Until::Instant(Timestamp(*micros)),
            Until::Instant(Timestamp(micros + 999_999)),
        ];
        let (backup, until) = (&backups[number % 2], untils[number % 3]);
        let to = life.path("restored");
        let restored = app::restore(backup, &to, until).unwrap();
        assert_eq!((restored.sequence, restored.last_entry_at), (*sequence, Some(Timestamp(*micros))), "{until:?}");
        assert_eq!(&picture(&Source::DataDirectory(to.clone())), picture_then, "entry {sequence}");
        let report = app::check(&to).unwrap();
        assert_eq!(
            (report.sequence, report.chain, report.torn_bytes, report.findings),
            (*sequence, restored.chain, 0, vec![])
        );
        if number % 5 == 3 {
            go_on(&to, *sequence);
        }
        fs::remove_dir_all(to).unwrap();
    }
    let (first, ..) = life.moments[0];
    let too_early = app::restore(&backups[0], &life.path("early"), Until::Instant(Timestamp(0)));
    assert!(matches!(too_early, Err(BackupError::NothingBefore { .. })), "{too_early:?}");
    assert_eq!(first, 1);
    assert!(!life.path("early").exists());
}

/// Opens what was restored, changes something, and checks all of it.
fn go_on(directory: &Path, sequence: u64) {
    let orders_before = System::new().block_on(async {
        let engine = Engine::open(&settings(directory)).await.unwrap();
        let orders_before: u64 = engine.view().counts().values().sum();
        if engine.view().products().contains(ProductId(2)) {
            let placed = engine.place(me(), vec![order()]).await.unwrap().value;
            assert_eq!(placed[0].id, OrderId(orders_before + 1), "the next id is given out again");
        } else {
            engine.create_category(me(), CategoryName::parse("More").unwrap()).await.unwrap();
        }
        engine.close().await;
        orders_before
    });
    let report = app::check(directory).unwrap();
    assert_eq!((report.sequence, report.findings), (sequence + 1, vec![]));
    assert!(report.orders.values().sum::<u64>() >= orders_before);
}

#[test]
fn a_backup_shows_what_its_data_directory_shows_and_what_the_api_answers() {
    let life = life();
    let (_, _, last) = life.moments.last().unwrap();
    for name in ["b.tar", "b"] {
        assert_eq!(&picture(&Source::Backup(life.backup(name))), last);
    }
    let server = Served::start(&life.data(), MANUAL);
    let export = |what: &str| {
        // Beside the server that uses the directory.
        let rows =
            done(&packhorse(&[&"export", &"--data-dir", &life.data(), &"--format", &"ndjson", &"--what", &what]));
        rows.lines().map(Json::parse).collect::<Vec<_>>()
    };
    let orders = export("orders");
    assert_eq!(orders.len(), 16);
    let times = ["created_at", "updated_at", "last_transition_time"];
    for row in &orders {
        let answer = server.get(&format!("/orders/{}/", row.get("id").unwrap()));
        let Json::Object(members) = row else { panic!("{row}") };
        for (name, value) in members.iter().filter(|(name, _)| name != "archived" && !times.contains(&name.as_str())) {
            assert_eq!(answer.get(name), Some(value), "{name} of {row}");
        }
        assert!(row.get("created_at").unwrap().text().ends_with('Z'));
    }
    let steps = export("history");
    for order in &orders {
        let id = order.get("id").unwrap();
        let ours: Vec<_> = steps.iter().filter(|step| step.get("order") == Some(id)).collect();
        let theirs = server.get(&format!("/orders/{id}/history/"));
        assert_eq!(ours.len(), theirs.rows().len());
        for (ours, theirs) in ours.iter().zip(theirs.rows()) {
            for name in ["previous_status", "new_status", "who", "reason"] {
                assert_eq!(ours.get(name), theirs.get(name), "{ours}");
            }
        }
    }
    let movements = export("movements");
    for product in 1..=2 {
        let mut ours: Vec<_> = movements.iter().filter(|row| row.get("product").unwrap().number() == product).collect();
        ours.reverse();
        let theirs = server.get(&format!("/products/{product}/movements/"));
        assert_eq!(ours.len(), theirs.rows().len());
        for (ours, theirs) in ours.iter().zip(theirs.rows()) {
            for name in ["sequence", "cause", "quantity", "on_hand", "reserved", "available", "order", "who", "reason"]
            {
                assert_eq!(ours.get(name), theirs.get(name), "{ours}");
            }
        }
    }
    let csv = done(&packhorse(&[&"export", &"--data-dir", &life.data(), &"--format", &"csv", &"--what", &"orders"]));
    assert!(csv.starts_with("id,customer_name,"), "{csv}");
    let marked = [
        &"export" as &dyn AsRef<std::ffi::OsStr>,
        &"--data-dir",
        &life.data(),
        &"--format",
        &"csv",
        &"--what",
        &"orders",
        &"--bom",
    ];
    assert_eq!(done(&packhorse(&marked)), format!("\u{feff}{csv}"), "for who asks for it");
    assert!(csv.contains("\n1,\"'=Ann\",\"ann@example.com\",\"'+880 1\",\"Here. Here."), "{csv}");
    assert!(csv.lines().nth(1).unwrap().ends_with(']') || csv.lines().nth(1).unwrap().ends_with("]\""), "{csv}");
}

// Damage.

/// The parts of a file that a backup consists of.
fn parts(backup: &Path) -> Vec<(PathBuf, u64, u64)> {
    if backup.is_dir() {
        let files =
            [backup.to_owned(), backup.join("journal")].into_iter().flat_map(|folder| fs::read_dir(folder).unwrap());
        let files = files.map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
        return files.map(|path| (path.clone(), 0, path.metadata().unwrap().len())).collect();
    }
    let mut archive = tar::Archive::new(fs::File::open(backup).unwrap());
    let members = archive.entries_with_seek().unwrap().map(|entry| {
        let entry = entry.unwrap();
        // With the header of the member, which has 512 bytes.
        (backup.to_owned(), entry.raw_file_position() - 512, entry.size() + 512)
    });
    members.collect()
}

#[track_caller]
fn assert_found(backup: &Path, to: &Path, case: &str) {
    let checked = app::check_backup(backup);
    assert!(checked.is_err(), "{case}: check says nothing");
    let restored = app::restore(backup, to, Until::End);
    assert!(restored.is_err(), "{case}: it was restored");
    assert!(!to.exists(), "{case}: something was made visible");
}

#[test]
fn damage_in_each_file_of_a_backup_is_found() {
    let life = life();
    for name in ["b.tar", "b"] {
        let backup = life.backup(name);
        let parts = parts(&backup);
        assert!(parts.len() > 3, "a manifest and some segments");
        for (path, offset, len) in &parts {
            let file = fs::OpenOptions::new().read(true).write(true).open(path).unwrap();
            let step = usize::try_from(len / 23 + 1).unwrap();
            // The last byte of a manifest in a directory is the end of its line.
            for at in (*offset..offset + len - 1).step_by(step) {
                let mut byte = [0];
                file.read_exact_at(&mut byte, at).unwrap();
                file.write_all_at(&[byte[0] ^ 4], at).unwrap();
                assert_found(&backup, &life.path("to"), &format!("{} at {at}", path.display()));
                file.write_all_at(&byte, at).unwrap();
            }
            // A journal that ends in zeros is a shorter one: only the manifest knows that it was longer.
            let (mut bytes, at) = (vec![0; 700], offset + len - 700.min(*len));
            bytes.truncate(usize::try_from(700.min(*len)).unwrap());
            file.read_exact_at(&mut bytes, at).unwrap();
            file.write_all_at(&vec![0; bytes.len()], at).unwrap();
            assert_found(&backup, &life.path("to"), &format!("{} ending in zeros", path.display()));
            file.write_all_at(&bytes, at).unwrap();
        }
        // Every file is cut, and taken away.
        let whole: Vec<_> = parts.iter().map(|(path, ..)| (path.clone(), fs::read(path).unwrap())).collect();
        for (path, bytes) in &whole {
            for len in [0, bytes.len() / 3, bytes.len() - 2_000.min(bytes.len() / 2)] {
                fs::write(path, &bytes[..len]).unwrap();
                assert_found(&backup, &life.path("to"), &format!("{} of {len} bytes", path.display()));
            }
            fs::remove_file(path).unwrap();
            assert_found(&backup, &life.path("to"), &format!("without {}", path.display()));
            fs::write(path, bytes).unwrap();
        }
        assert_eq!(app::check_backup(&backup).unwrap().findings, vec![]);
        app::restore(&backup, &life.path("to"), Until::End).unwrap();
        fs::remove_dir_all(life.path("to")).unwrap();
    }
}

// Interruptions.

fn kills() -> u32 {
    std::env::var("BACKUP_KILLS").map_or(12, |text| text.parse().unwrap())
}

/// Runs a command and kills it after `pause`, if it has not ended by then.
fn run_and_kill(arguments: &[&dyn AsRef<std::ffi::OsStr>], pause: Duration) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_packhorse"));
    command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    thread::sleep(pause);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_kill_leaves_nothing_that_looks_whole() {
    let life = life();
    let source = life.backup("source.tar");
    let (last, _, picture_then) = life.moments.last().unwrap();
    let (mut backups, mut restores) = (0, 0);
    let begun = Instant::now();
    done(&packhorse(&[&"backup", &"--data-dir", &life.data(), &"--to", &life.path("unhurried")]));
    let took = begun.elapsed();
    for number in 0..kills() {
        // Spread over all of it, and a little beyond.
        let pause = took.mul_f64(1.2 * f64::from(number + 1) / f64::from(kills()));
        for name in ["k.tar", "k"] {
            let (to, unfinished) = (life.path(name), life.path(&format!("{name}.unfinished")));
            run_and_kill(&[&"backup", &"--data-dir", &life.data(), &"--to", &to], pause);
            if to.exists() {
                assert_eq!(app::check_backup(&to).unwrap().sequence, *last);
            } else if unfinished.exists() {
                backups += 1;
                let said = refused(&packhorse(&[&"backup", &"--data-dir", &life.data(), &"--to", &to]), 1);
                assert!(said.contains("remove it if none is running"), "{said}");
            }
            for left in [to, unfinished] {
                if left.is_dir() {
                    fs::remove_dir_all(left).unwrap();
                } else {
                    fs::remove_file(left).ok();
                }
            }
        }
        let to = life.path("restored");
        run_and_kill(&[&"restore", &"--from", &source, &"--data-dir", &to], pause);
        if to.join("FORMAT").exists() {
            assert_eq!(app::check(&to).unwrap().sequence, *last);
        } else if to.join("RESTORING").exists() {
            restores += 1;
            for command in ["serve", "check"] {
                let said = refused(&packhorse(&[&command, &"--data-dir", &to]), 1);
                assert!(said.contains("a restore into"), "{said}");
            }
        }
        if !to.join("FORMAT").exists() {
            done(&packhorse(&[&"restore", &"--from", &source, &"--data-dir", &to]));
        }
        assert_eq!(&picture(&Source::DataDirectory(to.clone())), picture_then);
        fs::remove_dir_all(to).unwrap();
    }
    println!("{backups} backups and {restores} restores were killed in the middle");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let life = life();
    life.backup("source.tar");
    let program = env!("CARGO_BIN_EXE_packhorse");
    for arguments in [
        "export --data-dir data --format csv --what movements",
        "export --data-dir data --format ndjson --what orders",
        "check --data-dir data",
        "check --from source.tar",
        "backup --data-dir data --to again.tar",
        "restore --from source.tar --data-dir restored",
        "config --example",
        "completions bash",
        "user list --data-dir data",
        "key list --data-dir data",
    ] {
        // The reader is gone before anything is written.
        let script = format!("exec 3>said; {{ sleep 0.2; {program} {arguments} 2>&3; echo $? >code; }} | exec true");
        let ended = Command::new("bash").args(["-c", &script]).current_dir(life.directory.path()).status().unwrap();
        assert!(ended.success());
        let read = |name| fs::read_to_string(life.path(name)).unwrap();
        assert_eq!(read("code"), "0\n", "{arguments}: {}", read("said"));
        assert!(!read("said").contains("Broken pipe"), "{arguments}: {}", read("said"));
    }
    // Where nobody read the secret of a key, that has to be known.
    let script = format!("{{ sleep 0.2; {program} key add shop --role admin --data-dir data 2>said; }} | exec true");
    Command::new("bash").args(["-c", &script]).current_dir(life.directory.path()).status().unwrap();
    let said = fs::read_to_string(life.path("said")).unwrap();
    assert!(
        said.contains("error: the key was made, but its secret could not be shown; revoke it: cannot write to the standard output: Broken pipe"),
        "{said}"
    );
}

#[test]
fn a_disk_that_is_full_is_named_and_nothing_is_left() {
    let life = life();
    let source = life.backup("source.tar");
    let limited = |arguments: &str| {
        // A file that may not grow is as good as a disk that is full, and asks for no rights.
        let script = format!("trap '' XFSZ; ulimit -f 4; exec {} {arguments}", env!("CARGO_BIN_EXE_packhorse"));
        Command::new("bash").args(["-c", &script]).current_dir(life.directory.path()).output().unwrap()
    };
    for to in ["full.tar", "full"] {
        let said = refused(&limited(&format!("backup --data-dir data --to {to}")), 1);
        assert!(said.contains("cannot write") && said.contains("File too large"), "{said}");
        assert!(!life.path(to).exists() && !life.path(&format!("{to}.unfinished")).exists());
    }
    let said = refused(&limited("restore --from source.tar --data-dir full"), 1);
    assert!(said.contains("cannot write") && said.contains("nothing was restored"), "{said}");
    let left: Vec<_> = fs::read_dir(life.path("full")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["LOCK"]);
    let said = refused(&limited("export --data-dir data --format csv --what movements --to rows.csv"), 1);
    assert!(said.contains("cannot write"), "{said}");
    assert!(!life.path("rows.csv").exists() && !life.path("rows.csv.unfinished").exists());
    done(&packhorse(&[&"restore", &"--from", &source, &"--data-dir", &life.path("full")]));
}

// What is refused.

#[test]
fn says_what_it_cannot_do_and_what_to_do_instead() {
    let life = life();
    let (data, backup) = (life.data(), life.backup("b.tar"));
    let check = |arguments: &[&dyn AsRef<std::ffi::OsStr>], code, text: &str| {
        let said = refused(&packhorse(arguments), code);
        assert!(said.contains(text), "{said}");
    };
    check(
        &[&"backup", &"--data-dir", &data, &"--to", &backup],
        1,
        "name a file or a directory that does not exist yet",
    );
    check(
        &[&"backup", &"--data-dir", &life.path("no"), &"--to", &life.path("c")],
        1,
        "there is no Packhorse data directory",
    );
    check(&[&"backup", &"--data-dir", &data, &"--to", &life.path("no/c.tar")], 1, "No such file or directory");
    check(&[&"restore", &"--from", &backup, &"--data-dir", &data], 1, "Restore into a new or an empty directory");
    check(&[&"restore", &"--from", &data, &"--data-dir", &life.path("d")], 1, "it has no MANIFEST.json");
    check(&[&"restore", &"--from", &life.path("no"), &"--data-dir", &life.path("d")], 1, "No such file or directory");
    check(
        &[&"restore", &"--from", &backup, &"--data-dir", &life.path("d"), &"--until", &"0"],
        2,
        "the first entry has number 1",
    );
    let early = "2001-01-01T00:00:00Z";
    check(
        &[&"restore", &"--from", &backup, &"--data-dir", &life.path("d"), &"--until", &early],
        1,
        "at or before that moment",
    );
    let text = life.path("text.tar");
    fs::write(&text, "no archive at all\n".repeat(100)).unwrap();
    check(&[&"check", &"--from", &text], 1, "it cannot be read as a tar archive");
    assert!(!life.path("d").exists(), "nothing was made");

    let rows = life.path("rows.csv");
    done(&packhorse(&[&"export", &"--from", &backup, &"--format", &"csv", &"--what", &"history", &"--to", &rows]));
    assert!(
        fs::read_to_string(&rows)
            .unwrap()
            .starts_with("order,previous_status,new_status,timestamp,who,reason,event,changes\n")
    );
    check(
        &[&"export", &"--from", &backup, &"--format", &"csv", &"--what", &"history", &"--to", &rows],
        1,
        "exists already",
    );

    let mut newer = String::new();
    let folder = life.backup("newer");
    fs::File::open(folder.join("MANIFEST.json")).unwrap().read_to_string(&mut newer).unwrap();
    fs::write(folder.join("MANIFEST.json"), newer.replacen("\"format\": 1", "\"format\": 2", 1)).unwrap();
    check(&[&"check", &"--from", &folder], 1, "its text is not what was written");

    let server = Served::start(&data, MANUAL);
    check(&[&"check", &"--data-dir", &data], 3, "is in use by process");
    done(&packhorse(&[&"backup", &"--data-dir", &data, &"--to", &life.path("beside")]));
    server.stop();
}

#[test]
fn an_engine_that_was_never_used_can_be_backed_up_too() {
    let directory = tempfile::tempdir().unwrap();
    let (data, backup, to) =
        (directory.path().join("data"), directory.path().join("b.tar"), directory.path().join("to"));
    Served::start(&data, MANUAL).stop();
    assert!(done(&packhorse(&[&"backup", &"--data-dir", &data, &"--to", &backup])).starts_with("last sequence: 0\n"));
    assert!(done(&packhorse(&[&"check", &"--from", &backup])).ends_with("verdict: sound\n"));
    done(&packhorse(&[&"restore", &"--from", &backup, &"--data-dir", &to]));
    let server = Served::start(&to, MANUAL);
    server.stock_up(3);
    server.stop();
}

#[test]
fn the_script_for_every_night_removes_what_interrupted_nights_left() {
    let life = life();
    let documented = include_str!("../docs/backup.md");
    let (_, script) = documented.split_once("```sh\n#!/bin/sh\n").unwrap();
    let script = script.split("```").next().unwrap();
    let place = life.path("backups");
    fs::create_dir(&place).unwrap();
    let left = |name: &str, days: u64| {
        let file = fs::File::create(place.join(name)).unwrap();
        file.set_modified(std::time::SystemTime::now() - Duration::from_hours(24 * days)).unwrap();
    };
    left("2026-01-01T023000.tar.unfinished", 3);
    left("2026-01-02T023000.tar.unfinished", 0);
    let path = format!("{}:{}", binary().parent().unwrap().display(), std::env::var("PATH").unwrap());
    // As it often is: a link to another disk, and here with a name that looks like an option.
    std::os::unix::fs::symlink(&place, life.path("-d")).unwrap();
    let mut night = Command::new("sh");
    night.current_dir(life.directory.path());
    night.args(["-c", script, "packhorse-backup"]).args([&life.data(), Path::new("-d")]).env("PATH", path);
    let output = night.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let mut names: Vec<_> =
        fs::read_dir(&place).unwrap().map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    let (whole, unfinished): (Vec<_>, Vec<_>) = names.iter().partition(|name| !name.contains(".unfinished"));
    assert_eq!((whole.len(), unfinished), (1, vec![&"2026-01-02T023000.tar.unfinished".to_owned()]), "{names:?}");
}

#[test]
fn a_name_that_is_nothing_but_its_ending_is_an_archive_too() {
    let life = life();
    done(&packhorse(&[&"backup", &"--data-dir", &life.data(), &"--to", &life.path(".tar")]));
    assert!(life.path(".tar").is_file());
}

#[test]
fn a_dash_names_no_file() {
    let life = life();
    let data = life.data();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(binary());
        command.args(arguments).arg("--data-dir").arg(&data).current_dir(life.directory.path()).output().unwrap()
    };
    for arguments in [&["export", "--format", "csv", "--what", "orders", "--to", "-"][..], &["backup", "--to", "-"][..]]
    {
        let said = refused(&run(arguments), 1);
        assert!(said.contains("./-"), "{said}");
    }
    assert!(!life.path("-").exists());
}
