//! Starts that are refused, and what a directory is after them: as it was. Clocks that are wrong beyond the calendar,
//! journals of others, files that are none of ours.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, unused_imports, reason = "shared with other tests, which need more of it")]
mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use support::process::{MANUAL, Process, Starting, binary, ended_within, order, serve};
use support::send;
use tempfile::TempDir;

/// Every file below `directory` with its content, but for the lock, and what sled notes for itself when it is opened.
fn content(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut content = BTreeMap::new();
    let mut ahead = vec![directory.to_owned()];
    while let Some(next) = ahead.pop() {
        for entry in fs::read_dir(next).unwrap().map(Result::unwrap) {
            let kind = entry.file_type().unwrap();
            if kind.is_dir() {
                ahead.push(entry.path());
            } else if kind.is_file() && entry.file_name() != "LOCK" && !is_of_sled(&entry.file_name().to_string_lossy())
            {
                content.insert(entry.path(), fs::read(entry.path()).unwrap());
            }
        }
    }
    content
}

fn is_of_sled(name: &str) -> bool {
    name == "db" || name.starts_with("snap.")
}

/// A data directory with a product and `orders` orders, stopped well.
fn worked(directory: &Path, orders: usize) {
    let server = Process::start(directory, MANUAL);
    server.stock_up(100_000);
    for nth in 0..orders {
        let body = support::process::order(&format!("Customer {nth}"), 1);
        server.call("POST", "/orders/", &body).expect(201);
    }
    assert!(server.stop("-TERM").status.success());
}

/// The command line `args`, on `directory`, with nothing of the test's own settings but small segments.
fn command(args: &[&str], directory: &Path) -> Command {
    let mut command = Command::new(binary());
    command.args(args).arg("--data-dir").arg(directory).envs(MANUAL.iter().copied()).stdin(Stdio::null());
    command
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The library `name`, compiled on the spot, to be loaded into a process before its C library. What it does says its
/// source in `tests/support`. The C compiler is the one that building the crate needs as well.
fn library(name: &str) -> (TempDir, PathBuf) {
    let home = tempfile::tempdir().unwrap();
    let library = home.path().join("library.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support").join(name);
    let built = Command::new("cc").args(["-O1", "-shared", "-fPIC", "-o"]).arg(&library).arg(source).status();
    assert!(built.unwrap().success(), "the library compiles");
    (home, library)
}

#[test]
fn a_clock_beyond_the_calendar_refuses_every_command_and_changes_nothing() {
    let home = tempfile::tempdir().unwrap();
    let (directory, new) = (home.path().join("data"), home.path().join("new"));
    worked(&directory, 3);
    let catalogue = home.path().join("catalogue.csv");
    fs::write(&catalogue, "category,name,price,stock\nThings,Kettle,1.00,1\n").unwrap();
    let before = content(&directory);
    let (_built, library) = library("clock.c");
    let backup = home.path().join("backup.tar");
    let (catalogue, to) = (catalogue.to_str().unwrap(), backup.to_str().unwrap());
    for years in [-70_i64, 8_000] {
        for args in [
            &["serve", "--listen", "127.0.0.1:0"][..],
            &["import", catalogue],
            &["user", "add", "ann", "--role", "viewer"],
            &["key", "add", "shop", "--role", "viewer"],
            &["backup", "--to", to],
            &["check"],
            &["user", "list"],
        ] {
            for directory in [&directory, &new] {
                let mut command = command(args, directory);
                command.env("LD_PRELOAD", &library).env("CLOCK_BY", (years * 365 * 86_400).to_string());
                let output = command.output().unwrap();
                let case = format!("{years} years, {args:?}: {}", said(&output));
                assert_eq!(output.status.code(), Some(1), "{case}");
                assert!(
                    case.contains("the clock of this machine shows") && case.contains("run the command again"),
                    "{case}"
                );
                assert!(!case.contains("panicked"), "{case}");
            }
        }
    }
    assert_eq!(content(&directory).keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
    assert!(content(&directory) == before && !new.exists() && !backup.exists());
    assert!(Process::start(&directory, MANUAL).stop("-TERM").status.success());
}

/// Two directories with journals of their own: the first one's is longer.
fn two(home: &Path) -> (PathBuf, PathBuf) {
    let (long, short) = (home.join("long"), home.join("short"));
    worked(&long, 30);
    worked(&short, 10);
    (long, short)
}

fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-a").args([from, to]).status().unwrap().success());
}

/// Puts a copy of the store of `from` in the place of that of `to`.
fn give_store(from: &Path, to: &Path) {
    fs::remove_dir_all(to.join("store")).unwrap();
    copy(&from.join("store"), &to.join("store"));
}

/// What a start of `directory` with `args` besides says, which is refused within a few seconds and changes nothing.
fn refused(directory: &Path, args: &[&str]) -> String {
    let before = content(directory);
    let mut command = command(&["serve", "--listen", "127.0.0.1:0"], directory);
    let output = ended_within(Duration::from_secs(20), command.args(args).env("RUST_LOG", "packhorse=info"));
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let after = content(directory);
    let names = |content: &BTreeMap<PathBuf, Vec<u8>>| content.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&after), names(&before), "{}", said(&output));
    let changed: Vec<_> =
        before.iter().filter(|(name, bytes)| after.get(*name) != Some(*bytes)).map(|(n, _)| n).collect();
    assert!(changed.is_empty(), "changed: {changed:?}; {}", said(&output));
    said(&output)
}

#[test]
fn the_journal_of_another_directory_is_refused_and_leaves_the_store_as_it_is() {
    let home = tempfile::tempdir().unwrap();
    let (long, short) = two(home.path());
    let kept = home.path().join("kept");
    fs::rename(short.join("journal"), &kept).unwrap();
    copy(&long.join("journal"), &short.join("journal"));
    // With the witness of the right journal, and without one.
    assert!(refused(&short, &[]).contains("belongs to another journal"));
    let witness = fs::read(short.join("WITNESS")).unwrap();
    fs::remove_file(short.join("WITNESS")).unwrap();
    let said = refused(&short, &[]);
    assert!(said.contains("--accept-shorter-journal") && said.contains("belongs to another data directory"), "{said}");
    // With the right one, all is there.
    fs::rename(short.join("journal"), home.path().join("foreign")).unwrap();
    fs::rename(&kept, short.join("journal")).unwrap();
    fs::write(short.join("WITNESS"), witness).unwrap();
    let server = Process::start(&short, MANUAL);
    assert_eq!(server.orders().len(), 10);
    let ended = server.stop("-TERM");
    assert!(ended.status.success() && !ended.log.contains("made anew"), "{}", ended.log);
}

#[test]
fn the_store_of_another_directory_gives_way_where_the_witness_vouches_for_the_journal() {
    let home = tempfile::tempdir().unwrap();
    let (long, short) = two(home.path());
    give_store(&short, &long);
    let server = Process::start(&long, MANUAL);
    assert_eq!(server.orders().len(), 30);
    assert!(server.stop("-TERM").log.contains("made anew"));
    // Without that, somebody has to say so.
    give_store(&short, &long);
    fs::remove_file(long.join("WITNESS")).unwrap();
    refused(&long, &[]);
    let mut command = support::process::serve(&long, MANUAL);
    command.arg("--accept-shorter-journal");
    let server = Starting::spawn(command).ready().unwrap();
    assert_eq!(server.orders().len(), 30);
}

#[test]
fn a_store_that_knows_more_than_the_journal_is_refused_by_name() {
    let home = tempfile::tempdir().unwrap();
    let (long, short) = two(home.path());
    give_store(&long, &short);
    let (store, segment) = (short.join("store"), short.join("journal/00000000000000000001.seg"));
    let files = [&store, &segment].map(|path| path.display().to_string());
    for _with_and_without_witness in 0..2 {
        let start = refused(&short, &[]);
        for text in [&*files[0], &*files[1], "belongs to another data directory", "--accept-shorter-journal"] {
            assert!(start.contains(text), "{text}: {start}");
        }
        let check = said(&command(&["check"], &short).output().unwrap());
        assert!(check.contains(&files[0]) && check.contains("belongs to another data directory"), "{check}");
        fs::remove_file(short.join("WITNESS")).ok();
    }
    let check = said(&command(&["check"], &long).output().unwrap());
    assert!(!check.contains("another data directory"), "{check}");
}

#[test]
fn a_witness_of_another_directory_is_refused_by_serve_as_by_check() {
    let home = tempfile::tempdir().unwrap();
    let (long, short) = two(home.path());
    // The checkpoint stands in a later segment than what the witness says.
    let server = Process::start(&long, MANUAL);
    let orders = vec![support::process::order("Ann", 1); 4_000].join(",");
    let segments = || {
        let names = fs::read_dir(long.join("journal")).unwrap().map(|entry| entry.unwrap().path());
        names.filter(|path| path.extension().is_some_and(|extension| extension == "seg")).count()
    };
    for _ in 0..20 {
        if segments() > 1 {
            break;
        }
        server.call("POST", "/orders/bulk/", &format!("[{orders}]")).expect(201);
    }
    assert!(server.stop("-TERM").status.success());
    assert!(segments() > 1, "there are several segments");
    fs::copy(short.join("WITNESS"), long.join("WITNESS")).unwrap();
    let start = refused(&long, &[]);
    let check = said(&command(&["check"], &long).output().unwrap());
    for said in [start, check] {
        assert!(said.contains("belongs to another journal"), "{said}");
    }
}

#[test]
fn a_start_that_is_not_safe_makes_no_directory() {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("new");
    let mut command = Command::new(binary());
    command.args(["serve", "--listen", "0.0.0.0:0", "--data-dir"]).arg(&directory);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("access is not set up"), "{}", said(&output));
    assert!(!directory.exists(), "it made the directory");
}

#[test]
fn what_is_no_regular_file_in_the_place_of_one_is_refused_by_name_at_once() {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("data");
    worked(&directory, 3);
    for name in ["WITNESS", "FORMAT", "store/IN_USE", "store/REBUILD"] {
        for kind in ["pipe", "image"] {
            let (file, kept) = (directory.join(name), home.path().join("kept"));
            fs::rename(&file, &kept).ok();
            if kind == "pipe" {
                assert!(Command::new("mkfifo").arg(&file).status().unwrap().success());
            } else if name == "store/REBUILD" {
                // Its beginning is read.
                continue;
            } else {
                fs::File::create(&file).unwrap().set_len(1 << 40).unwrap();
            }
            let said = refused_quickly(&directory);
            let part = if kind == "pipe" { "no regular file" } else { "more than" };
            assert!(said.contains(part), "{name}, {kind}: {said}");
            assert!(said.contains(&*file.to_string_lossy()), "{name}, {kind}: {said}");
            fs::remove_file(&file).unwrap();
            fs::rename(&kept, &file).ok();
        }
    }
    for name in ["store/conf", "store/db", "store/other", "LOCK", "journal/prepared-0.tmp", "WITNESS.tmp"] {
        for kind in ["pipe", "directory", "link"] {
            let (file, kept) = (directory.join(name), home.path().join("kept"));
            match (name, kind) {
                // A directory of the store is sled's business, and a link to a directory as well.
                (name, "directory" | "link") if name.starts_with("store/") => continue,
                // Whatever can be removed is no hindrance there.
                ("journal/prepared-0.tmp" | "WITNESS.tmp", "pipe" | "link") => continue,
                _ => {}
            }
            fs::rename(&file, &kept).ok();
            match kind {
                "pipe" => assert!(Command::new("mkfifo").arg(&file).status().unwrap().success()),
                "directory" => fs::create_dir(&file).unwrap(),
                _ => std::os::unix::fs::symlink(home.path(), &file).unwrap(),
            }
            let said = refused_quickly(&directory);
            assert!(said.contains(&*file.to_string_lossy()), "{name}, {kind}: {said}");
            assert!(said.contains("move it away") || said.contains("remove it"), "{name}, {kind}: {said}");
            if name != "journal/prepared-0.tmp" && name != "WITNESS.tmp" {
                let check = checked_quickly(&directory);
                assert!(check.contains(&*file.to_string_lossy()), "{name}, {kind}: {check}");
            }
            fs::remove_dir(&file).or_else(|_| fs::remove_file(&file)).unwrap();
            fs::rename(&kept, &file).ok();
        }
    }
    assert!(Process::start(&directory, MANUAL).stop("-TERM").status.success());
}

/// What a check of `directory` says, which ends with an error within a few seconds.
fn checked_quickly(directory: &Path) -> String {
    ended_quickly(&mut command(&["check"], directory))
}

/// What `command` says, which ends with an error within a few seconds.
fn ended_quickly(command: &mut Command) -> String {
    let output = ended_within(Duration::from_secs(20), command);
    assert!(!output.status.success(), "{}", said(&output));
    said(&output)
}

/// What a start of `directory` says, which ends with an error within a few seconds. Its content is not looked at.
fn refused_quickly(directory: &Path) -> String {
    let mut starting = Starting::spawn(serve(directory, MANUAL));
    let ended = starting.wait_at_most(Duration::from_secs(20)).expect("it is refused within 20 s");
    assert_eq!(ended.status.code(), Some(1), "{}", ended.log);
    ended.log
}

/// A copy of `from` by hard links, as cheap backups are made.
fn linked(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-al").args([from, to]).status().unwrap().success());
}

fn names_of_customers(server: &Process) -> Vec<String> {
    let mut names: Vec<_> =
        server.orders().iter().map(|order| order.get("customer_name").unwrap().text().to_owned()).collect();
    names.sort();
    names
}

#[test]
fn a_copy_by_hard_links_and_its_original_write_into_no_file_of_each_other() {
    let home = tempfile::tempdir().unwrap();
    let (original, beside, later) = (home.path().join("data"), home.path().join("beside"), home.path().join("later"));
    let place = |server: &Process, name: &str| {
        server.call("POST", "/orders/", &order(name, 1)).expect(201);
    };
    // While it is served, without what most copies leave out.
    let server = Process::start(&original, MANUAL);
    server.stock_up(9);
    place(&server, "Ann");
    linked(&original, &beside);
    fs::remove_file(beside.join("LOCK")).unwrap();
    fs::remove_dir_all(beside.join("store")).unwrap();
    let other = Process::start(&beside, MANUAL);
    place(&other, "Trial");
    place(&server, "Bob");
    for server in [other, server] {
        assert!(server.stop("-TERM").status.success());
    }
    // One after the other, with everything.
    linked(&original, &later);
    let other = Process::start(&later, MANUAL);
    place(&other, "Drill");
    assert!(other.stop("-TERM").status.success());
    for (directory, names) in
        [(&original, ["Ann", "Bob"].as_slice()), (&beside, &["Ann", "Trial"]), (&later, &["Ann", "Bob", "Drill"])]
    {
        let server = Process::start(directory, MANUAL);
        assert_eq!(names_of_customers(&server), names, "{}", directory.display());
        assert!(server.stop("-TERM").status.success());
        let checked = command(&["check"], directory).output().unwrap();
        assert!(checked.status.success(), "{}: {}", directory.display(), said(&checked));
    }
}

#[test]
fn a_directory_that_cannot_be_made_is_an_error_that_names_it() {
    let home = tempfile::tempdir().unwrap();
    let (link, gone) = (home.path().join("link"), home.path().join("gone"));
    std::os::unix::fs::symlink(home.path().join("unmounted"), &link).unwrap();
    fs::create_dir(&gone).unwrap();
    let refused = |command: &mut Command, part: &str| {
        let output = command.stdin(Stdio::null()).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        assert!(said(&output).contains(part), "{}", said(&output));
    };
    refused(&mut serve(Path::new("/proc/packhorse"), MANUAL), "/proc/packhorse");
    refused(&mut serve(&link, MANUAL), "is a volume not mounted?");
    let mut add = Command::new(binary());
    add.args(["user", "add", "eve", "--role", "viewer", "--data-dir"]).arg(home.path().join("data"));
    let output = add.stdin(fs::File::open(&gone).unwrap()).output().unwrap();
    assert!(said(&output).contains("the password on the standard input: "), "{}", said(&output));
    // A shell whose directory was replaced while it stood in it.
    let mut stale = Command::new("sh");
    stale.args(["-c", "rmdir \"$PWD\" && exec \"$0\" serve --listen 127.0.0.1:0"]).arg(binary());
    refused(stale.current_dir(&gone).env("PACKHORSE_ACCESS", "open"), "data-dir");
}

#[test]
fn a_store_that_may_not_be_read_is_named_by_a_check() {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("data");
    worked(&directory, 3);
    // Nobody may read it, root included: the file leads to itself.
    let file = directory.join("store/db");
    fs::remove_file(&file).unwrap();
    std::os::unix::fs::symlink(&file, &file).unwrap();
    let said = said(&command(&["check"], &directory).output().unwrap());
    assert!(said.contains(&format!("cannot read {}: ", file.display())), "{said}");
    assert!(!said.contains("TMPDIR"), "{said}");
}

#[test]
fn a_backup_that_is_a_pipe_is_refused_at_once() {
    let home = tempfile::tempdir().unwrap();
    let pipe = home.path().join("backup.tar");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for (args, target) in [(["check", "--from"], None), (["restore", "--from"], Some(home.path().join("data")))] {
        let mut command = Command::new(binary());
        command.args(args).arg(&pipe);
        if let Some(target) = target {
            command.arg("--data-dir").arg(target);
        }
        let said = ended_quickly(&mut command);
        assert!(said.contains(&format!("{} is no regular file", pipe.display())), "{said}");
    }
}

#[test]
fn a_settings_file_is_a_regular_file_of_at_most_a_mebibyte() {
    let home = tempfile::tempdir().unwrap();
    let (pipe, large, line) = (home.path().join("pipe"), home.path().join("large"), home.path().join("line"));
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    fs::File::create(&large).unwrap().set_len(1 << 40).unwrap();
    fs::write(&line, "[".repeat(200_000)).unwrap();
    for (path, part) in [
        (pipe.as_path(), "no regular file"),
        (Path::new("/dev/zero"), "no regular file"),
        (&large, "more than 1048576 bytes"),
        (&line, "not valid TOML"),
    ] {
        let mut command = Command::new(binary());
        let output = ended_within(Duration::from_secs(10), command.args(["config", "--config"]).arg(path));
        let said = said(&output);
        assert_eq!(output.status.code(), Some(2), "{}: {said:.300}", path.display());
        assert!(said.contains(part) && said.len() < 2_000, "{}: {said:.300}", path.display());
    }
}

/// `serve` on `directory` in a shell that sets a limit first.
fn serve_within(limit: &str, directory: &Path) -> Starting {
    Starting::spawn(support::process::serve_under(
        &["sh", "-c", &format!("{limit}; exec \"$0\" \"$@\"")],
        directory,
        MANUAL,
    ))
}

#[test]
fn few_files_are_an_error_with_a_remedy_and_their_size_one_of_the_disk() {
    let home = tempfile::tempdir().unwrap();
    let mut few = serve_within("ulimit -n 40", &home.path().join("few"));
    let ended = few.wait_at_most(Duration::from_secs(20)).expect("it ends");
    assert_eq!(ended.status.code(), Some(1), "{}", ended.log);
    assert!(ended.log.contains("LimitNOFILE") && !ended.log.contains("panicked"), "{}", ended.log);
    assert!(!home.path().join("few").exists());
    // Segments of a mebibyte fit, a larger store does not.
    let directory = home.path().join("short");
    let mut server = serve_within("ulimit -f 3000", &directory).ready().unwrap_or_else(|ended| panic!("{}", ended.log));
    server.stock_up(100_000);
    let orders = vec![support::process::order("Ann", 1); 4_000].join(",");
    for _ in 0..6 {
        // Placed or refused, but answered.
        let status = server.call("POST", "/orders/bulk/", &format!("[{orders}]")).status;
        assert!([201, 503, 507].contains(&status), "{status}: {}", server.process.log());
        thread::sleep(Duration::from_millis(300));
    }
    assert_eq!(server.call("GET", "/orders/", "").status, 200);
    server.process.signal("-TERM");
    let ended = server.process.wait_at_most(Duration::from_mins(1)).expect("it ends");
    assert_eq!(ended.status.code(), Some(0), "{}", ended.log);
    drop(server);
    assert!(support::process::check(&directory).status.success());
}

#[test]
fn nothing_is_written_into_a_data_directory_that_is_not_its_own() {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("data");
    worked(&directory, 3);
    let before = content(&directory);
    for target in ["journal/night.seg", "journal/night.tmp", "night", "store/night.tar"] {
        let to = directory.join(target);
        for args in [&["backup", "--to"][..], &["export", "--format", "csv", "--what", "orders", "--to"]] {
            let output = command(&[args, &[to.to_str().unwrap()]].concat(), &directory).output().unwrap();
            let said = said(&output);
            assert_eq!(output.status.code(), Some(1), "{target}, {args:?}: {said}");
            assert!(said.contains("lies in the data directory"), "{target}, {args:?}: {said}");
        }
    }
    assert!(content(&directory) == before);
    let beside = home.path().join("night.tar");
    assert!(command(&["backup", "--to", beside.to_str().unwrap()], &directory).status().unwrap().success());
}

#[test]
fn the_key_is_sent_to_no_other_port_than_the_one_that_was_named() {
    for url in ["http://127.0.0.1:99999", "http://127.0.0.1:", "http://127.0.0.1:0", "https://[::1]:65536"] {
        let mut command = Command::new(binary());
        let output = command.args(["user", "list", "--url", url]).env("PACKHORSE_KEY", "ph_secret").output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{url}: {}", said(&output));
        assert!(said(&output).contains("has no port from 1 to 65535"), "{url}: {}", said(&output));
    }
}

#[test]
fn a_key_that_has_expired_stays_so_while_the_clock_is_set_back() {
    let home = tempfile::tempdir().unwrap();
    let (directory, file) = (home.path().join("data"), home.path().join("clock"));
    let add = |name: &str, role: &str, ends: &[&str]| {
        let output = command(&[&["key", "add", name, "--role", role], ends].concat(), &directory).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.split_whitespace().find(|word| word.starts_with("ph_")).unwrap().to_owned()
    };
    add("owner", "admin", &[]);
    let (_built, clock) = library("clock.c");
    fs::write(&file, "0").unwrap();
    let brief = add("brief", "viewer", &["--expires-in", "5s"]);
    let mut serve = serve(&directory, MANUAL);
    serve.env("LD_PRELOAD", clock).env("CLOCK_FILE", &file);
    let server = Starting::spawn(serve).ready().unwrap_or_else(|ended| panic!("{}", ended.log));
    let asked = || send(server.address, "GET", "/api/inventory/orders/", &[("X-Api-Key", &brief)], b"").status;
    let begun = Instant::now();
    while asked() == 200 {
        assert!(begun.elapsed() < Duration::from_secs(20), "it expires");
        thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(asked(), 401);
    for hours in [-1_i64, -24, 0] {
        fs::write(&file, (hours * 3_600).to_string()).unwrap();
        assert_eq!(asked(), 401, "the clock is wrong by {hours} h");
    }
}

#[test]
fn links_in_a_data_directory_change_nothing_that_they_lead_to() {
    let home = tempfile::tempdir().unwrap();
    let (directory, precious) = (home.path().join("data"), home.path().join("precious"));
    worked(&directory, 3);
    fs::write(&precious, "precious").unwrap();
    for (nth, name) in
        ["WITNESS.tmp", "FORMAT.tmp", "LOCK", "store/IN_USE", "journal/prepared-1.tmp"].iter().enumerate()
    {
        let (name, link) = (*name, directory.join(name));
        let (kept, had_one) = (home.path().join("kept"), link.exists());
        if had_one {
            fs::rename(&link, &kept).unwrap();
        }
        std::os::unix::fs::symlink(&precious, &link).unwrap();
        let output = command(&["key", "add", &format!("shop{nth}"), "--role", "admin"], &directory).output().unwrap();
        // Only the lock has to be what it is.
        assert_eq!(output.status.success(), name != "LOCK", "{name}: {}", said(&output));
        let ended = Starting::spawn(serve(&directory, MANUAL)).ready().map(|server| server.stop("-TERM"));
        assert_eq!(ended.is_ok(), name != "LOCK", "{name}");
        assert_eq!(fs::read_to_string(&precious).unwrap(), "precious", "{name}");
        fs::remove_file(&link).ok();
        if had_one && !link.exists() {
            fs::rename(&kept, &link).unwrap();
        }
    }
    assert!(Process::start(&directory, MANUAL).stop("-TERM").status.success());
}
