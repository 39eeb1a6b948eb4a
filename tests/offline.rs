//! Commands on a data directory whose server is stopped, with orders that are overdue and settings that a default does
//! not know: each adds the entry it is about, and a list adds nothing.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, unused_imports, reason = "shared with other tests, which need more of it")]
mod support;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use support::process::{API, MANUAL, Process, binary, check, order};
use support::send;

/// Every timer ran out long ago, and every idempotency key expired, for whoever starts the engine with these.
const OVERDUE: &[(&str, &str)] = &[
    ("PACKHORSE_STAGES__PENDING__AFTER", "1ms"),
    ("PACKHORSE_STAGES__PROCESSING__AFTER", "1ms"),
    ("PACKHORSE_STAGES__SHIPPED__AFTER", "1ms"),
    ("PACKHORSE_RETENTION__IDEMPOTENCY_KEYS", "1s"),
];

fn packhorse(line: &str, last: &[&str], stdin: &str) -> Output {
    let mut command = Command::new(binary());
    command.args(line.split(' ')).args(last).envs(OVERDUE.iter().copied());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    writeln!(child.stdin.take().unwrap(), "{stdin}").ok();
    child.wait_with_output().unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// All files below `path`, with their content.
fn files(path: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.insert(path.clone(), fs::read(path).unwrap());
        }
    }
    found
}

fn last_sequence(data: &Path) -> u64 {
    let report = check(data);
    let text = said(&report);
    assert!(report.status.success(), "{text}");
    text.lines().find_map(|line| line.strip_prefix("last sequence: ")).unwrap().parse().unwrap()
}

/// A data directory with an admin, three orders of which each is overdue, and a key; and the file of a catalogue.
fn stopped(place: &Path) -> PathBuf {
    let data = place.join("data");
    let server = Process::start(&data, MANUAL);
    server.stock_up(10);
    for name in ["one", "two", "three"] {
        let headers = [("Idempotency-Key", name)];
        let body = order(name, 1);
        send(server.address, "POST", &format!("{API}/orders/"), &headers, body.as_bytes()).expect(201);
    }
    send(server.address, "POST", "/api/access/keys/", &[], br#"{"name": "root", "role": "admin"}"#).expect(201);
    server.stop("-TERM");
    fs::write(place.join("tea.csv"), "category,name,price,stock\nTea,Assam,4.50,7\n").unwrap();
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    data
}

#[test]
fn a_command_on_a_stopped_directory_adds_the_entry_it_is_about_and_nothing_else() {
    let place = tempfile::tempdir().unwrap();
    let data = stopped(place.path());
    let at = data.to_str().unwrap();
    let file = place.path().join("tea.csv");
    let file = file.to_str().unwrap();
    let run = |line: &str, more: &[&str], added: u64| {
        let sequence = last_sequence(&data);
        let before = files(&data);
        let output = packhorse(line, &[&["--data-dir", at], more].concat(), "correct horse battery");
        assert!(output.status.success(), "{line}: {}", said(&output));
        let after = files(&data);
        assert_eq!(last_sequence(&data), sequence + added, "{line}");
        assert!(after.keys().eq(before.keys()), "{line} made or removed a file");
        for (path, bytes) in &after {
            let is_lock = path.ends_with("LOCK") && !line.contains("list") && !line.contains("dry-run");
            let is_journal = path.ends_with("WITNESS") || path.extension().is_some_and(|end| end == "seg");
            let may_change = is_lock || added > 0 && is_journal;
            assert!(may_change || before[path] == *bytes, "{line} changed {}", path.display());
        }
        said(&output)
    };
    for line in ["user list", "key list"] {
        run(line, &[], 0);
    }
    assert!(run("import --dry-run", &[file], 0).starts_with("would import 1 product with 7 units in stock, and 1 new"));
    run("user add ann --role admin", &[], 1);
    run("user add bob --role viewer", &[], 1);
    run("user role bob operator", &[], 1);
    run("user role bob operator", &[], 0);
    run("user passwd bob", &[], 1);
    run("user disable bob", &[], 1);
    run("user enable bob", &[], 1);
    assert!(run("key add shop --role viewer", &[], 1).contains("ph_"));
    run("key revoke 2", &[], 1);
    assert!(run("import", &[file], 1).starts_with("imported 1 product with 7 units in stock, and 1 new category\n"));
    assert!(run("key list", &[], 0).contains("shop  viewer  all    revoked"));

    let again = packhorse("import", &["--data-dir", at, file], "");
    assert_eq!(again.status.code(), Some(1));
    assert!(said(&again).contains("tea.csv, line 2: \"Assam\" is in category \"Tea\" already"), "{}", said(&again));
    run("import --allow-duplicates", &[file], 1);

    // Nothing happened to the orders, and the keys of their requests are known.
    let server = Process::start(&data, MANUAL);
    let by = packhorse("key list", &["--data-dir", at], "");
    assert!(by.status.success(), "a list is read beside a server: {}", said(&by));
    assert!(server.process.log().contains("\"ready\""));
    server.stop("-TERM");
    let history = packhorse("export --format csv --what history", &["--data-dir", at], "");
    assert_eq!(said(&history).lines().filter(|line| line.contains("pending")).count(), 3, "{}", said(&history));
    assert!(!said(&history).contains("timer"), "{}", said(&history));
}

#[test]
fn the_settings_file_of_the_server_holds_for_commands_too() {
    let place = tempfile::tempdir().unwrap();
    let (data, config, file) = (place.path().join("d"), place.path().join("c.toml"), place.path().join("tea.csv"));
    fs::write(&config, "[journal]\nsegment_bytes = \"1 MiB\"\n").unwrap();
    fs::write(&file, "category,name,price,stock\nTea,Assam,4.50,7\n").unwrap();
    let at = ["--data-dir", data.to_str().unwrap(), "--config", config.to_str().unwrap()];
    let imported = packhorse("import", &[&at[..], &[file.to_str().unwrap()]].concat(), "");
    assert!(imported.status.success(), "{}", said(&imported));
    let segment = files(&data.join("journal")).into_values().next().unwrap();
    assert_eq!(segment.len(), 1 << 20);
    let added = packhorse("user add ann --role admin", &at, "correct horse battery");
    assert!(added.status.success(), "{}", said(&added));
    fs::write(&config, "[journal]\nnonsense = 1\n").unwrap();
    assert_eq!(packhorse("user list", &at, "").status.code(), Some(2), "a wrong setting is wrong usage");
}

#[test]
fn a_start_that_is_refused_fires_no_timer_and_is_not_listening() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    let server = Process::start(&data, MANUAL);
    server.stock_up(10);
    server.call("POST", "/orders/", &order("one", 1)).expect(201);
    server.stop("-TERM");
    let sequence = last_sequence(&data);
    let refused = packhorse("serve --listen 0.0.0.0:0", &["--data-dir", data.to_str().unwrap()], "");
    assert_eq!(refused.status.code(), Some(1));
    let text = said(&refused);
    assert!(text.contains("can be reached from elsewhere") && !text.contains("listening"), "{text}");
    assert_eq!(last_sequence(&data), sequence, "{text}");
}

#[test]
fn a_restore_to_a_moment_keeps_what_was_revoked_since_and_says_so() {
    let place = tempfile::tempdir().unwrap();
    let path = |name: &str| place.path().join(name).to_str().unwrap().to_owned();
    let data = path("data");
    let at = ["--data-dir", &data];
    let done = |output: Output| {
        assert!(output.status.success(), "{}", said(&output));
        said(&output)
    };
    done(packhorse("user add ann --role admin", &at, "correct horse battery"));
    done(packhorse("key add leaked --role admin", &at, ""));
    fs::write(path("tea.csv"), "category,name,price,stock\nTea,Assam,4.50,7\n").unwrap();
    done(packhorse("import", &[&at[..], &[&path("tea.csv")]].concat(), ""));
    done(packhorse("key revoke 1", &at, ""));
    done(packhorse("user add bob --role admin", &at, "correct horse battery"));
    done(packhorse("user disable ann", &at, ""));
    done(packhorse("backup", &[&at[..], &["--to", &path("b.tar")]].concat(), ""));

    let restore = |to: &str, until: &str, more: &[&str]| {
        let (from, to) = (path("b.tar"), path(to));
        packhorse("restore", &[&["--from", from.as_str(), "--data-dir", &to, "--until", until], more].concat(), "")
    };
    let told = done(restore("kept", "2", &[]));
    assert!(told.starts_with("last sequence: 5\n"), "{told}");
    assert!(told.contains("3 changes of users and keys after entry 2: kept"), "{told}");
    assert!(told.contains("entry 4, ") && told.contains(": key revoked: 1, by cli"), "{told}");
    let list = |what: &str, of: &str| done(packhorse(&format!("{what} list"), &["--data-dir", &path(of)], ""));
    assert!(list("key", "kept").contains("leaked  admin  all    revoked"));
    let users = list("user", "kept");
    assert!(users.contains("ann   admin  disabled") && users.contains("bob   admin  enabled"), "{users}");
    let sound = check(place.path().join("kept").as_path());
    assert!(said(&sound).contains("products: 0\n") && said(&sound).ends_with("verdict: sound\n"), "{}", said(&sound));
    done(packhorse("key add shop --role viewer", &["--data-dir", &path("kept")], ""));

    let told = done(restore("undone", "2", &["--no-keep-access"]));
    assert!(told.starts_with("last sequence: 2\n"), "{told}");
    assert!(told.contains("3 changes of users and keys after entry 2: UNDONE"), "{told}");
    assert!(list("key", "undone").contains("leaked  admin  all    in force"));
    assert!(!done(restore("end", "6", &[])).contains("users and keys"), "nothing came later");

    for until in ["7", "1764264660"] {
        let beyond = restore("beyond", until, &[]);
        assert_eq!(beyond.status.code(), Some(1));
        assert!(said(&beyond).contains(&format!("ends with entry 6: there is no entry {until}")), "{}", said(&beyond));
        assert!(!place.path().join("beyond").exists(), "nothing is left of it");
    }
}

#[test]
fn an_expiry_date_is_a_day_of_the_calendar_that_all_others_take() {
    let place = tempfile::tempdir().unwrap();
    let (data, file) = (place.path().join("data"), place.path().join("tea.csv"));
    let import = |day: &str| {
        fs::write(&file, format!("category,name,price,stock,expiry_date\nTea,Assam,4.50,7,{day}\n")).unwrap();
        packhorse("import", &["--data-dir", data.to_str().unwrap(), file.to_str().unwrap()], "")
    };
    for day in ["0000-01-01", "10000-01-01"] {
        let refused = import(day);
        assert_eq!(refused.status.code(), Some(1), "{day}: {}", said(&refused));
        assert!(said(&refused).contains("from 0001-01-01 to 9999-12-31"), "{}", said(&refused));
        assert!(!data.exists());
    }
    let taken = import("0001-01-01");
    assert!(taken.status.success(), "{}", said(&taken));
}
