//! What the program writes can be read by its owner only, whatever the mask of the shell that started it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, unused_imports, reason = "shared with other tests, which need more of it")]
mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::Duration;

use support::process::{MANUAL, Starting, order, serve_under};
use support::served::done;

/// Runs `packhorse` with `arguments` under the mask that most shells have.
fn packhorse(arguments: &[&str]) -> Output {
    let mut command = Command::new("sh");
    command.args(["-c", "umask 022; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_packhorse")]).args(arguments);
    command.stdin(Stdio::null()).output().unwrap()
}

/// Every file and directory in and below `path`, itself included.
fn all(path: &Path) -> Vec<PathBuf> {
    let mut found = vec![path.to_owned()];
    if fs::symlink_metadata(path).unwrap().is_dir() {
        found.extend(fs::read_dir(path).unwrap().flat_map(|entry| all(&entry.unwrap().path())));
    }
    found
}

fn is_file(path: &Path) -> bool {
    fs::symlink_metadata(path).unwrap().is_file()
}

/// Expects that nobody but the owner can do anything with `path`, and what is in it.
#[track_caller]
fn expect_private(path: &Path) {
    let open: Vec<_> = all(path)
        .into_iter()
        .map(|path| (fs::symlink_metadata(&path).unwrap().permissions().mode() & 0o777, path))
        .filter(|(mode, _)| mode & 0o077 != 0)
        .map(|(mode, path)| format!("{} is {mode:o}", path.display()))
        .collect();
    assert!(open.is_empty(), "{}", open.join("\n"));
}

#[test]
fn data_backups_exports_and_restored_directories_are_their_owners_only() {
    let temporary = tempfile::tempdir().unwrap();
    let at = |name: &str| temporary.path().join(name);
    let text = |name: &str| at(name).to_str().unwrap().to_owned();
    let runner = ["sh", "-c", "umask 022; exec \"$0\" \"$@\""];
    let server = Starting::spawn(serve_under(&runner, &at("data"), MANUAL)).ready().unwrap();
    server.stock_up(5);
    server.call("POST", "/orders/", &order("Ann", 1)).expect(201);
    done(&packhorse(&["backup", "--data-dir", &text("data"), "--to", &text("live.tar")]));
    assert!(server.stop("-TERM").status.success());
    done(&packhorse(&["backup", "--data-dir", &text("data"), "--to", &text("copy")]));
    done(&packhorse(&["check", "--data-dir", &text("data")]));
    let export = ["export", "--data-dir", &text("data"), "--format", "csv", "--what", "orders", "--to"];
    done(&packhorse(&[&export[..], &[&text("orders.csv")]].concat()));
    done(&packhorse(&["restore", "--from", &text("live.tar"), "--data-dir", &text("restored")]));
    fs::write(at("catalogue.csv"), "category,name,price,stock\nTools,Saw,5.00,3\n").unwrap();
    done(&packhorse(&["import", "--data-dir", &text("imported"), &text("catalogue.csv")]));
    for name in ["data", "live.tar", "copy", "orders.csv", "restored", "imported"] {
        expect_private(&at(name));
    }
    // Who unpacks an archive gets files of the same kind.
    let unpacked = at("unpacked");
    fs::create_dir(&unpacked).unwrap();
    fs::set_permissions(&unpacked, fs::Permissions::from_mode(0o700)).unwrap();
    let tar = Command::new("tar").arg("-xf").arg(at("live.tar")).arg("-C").arg(&unpacked).status().unwrap();
    assert!(tar.success());
    for path in all(&unpacked).into_iter().filter(|path| path.is_file()) {
        expect_private(&path);
    }
}

#[test]
fn a_data_directory_that_others_can_read_is_warned_of_with_the_remedy() {
    let temporary = tempfile::tempdir().unwrap();
    let data = temporary.path().join("data");
    let log = |data: &Path| {
        let server = Starting::spawn(serve_under(&[], data, MANUAL)).ready().unwrap();
        server.stop("-TERM").log
    };
    assert!(!log(&data).contains("chmod"), "a directory of our own making is no reason for a warning");
    for path in all(&data) {
        let mode = if path.is_dir() { 0o755 } else { 0o644 };
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }
    let said = log(&data);
    assert!(said.contains(&format!("chmod -R go= {}", data.display())), "{said}");
    for path in all(&data) {
        let mode = if path.is_dir() { 0o700 } else { 0o600 };
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }
    assert!(!log(&data).contains("chmod"));
    // They read nothing, but can put a journal of their own in the place of this one.
    fs::set_permissions(&data, fs::Permissions::from_mode(0o777)).unwrap();
    assert!(log(&data).contains("chmod -R go="));
}

#[test]
fn a_check_that_is_killed_leaves_nothing_of_the_store_behind() {
    const CUSTOMER: &str = "Annabel Unmistakable";
    let temporary = tempfile::tempdir().unwrap();
    let data = temporary.path().join("data");
    let server = Starting::spawn(serve_under(&[], &data, MANUAL)).ready().unwrap();
    server.stock_up(50);
    for _ in 0..20 {
        server.call("POST", "/orders/", &order(CUSTOMER, 1)).expect(201);
    }
    assert!(server.stop("-TERM").status.success());
    let before = all(&data);
    let check = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_packhorse"));
        command.args(["check", "--data-dir"]).arg(&data).env_remove("TMPDIR");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        command
    };
    for tenth in 0..60 {
        let mut running = check().spawn().unwrap();
        thread::sleep(Duration::from_micros(500 * tenth));
        // As Ctrl-C, and as the system does it when memory is short.
        let signal = if tenth % 2 == 0 { "-INT" } else { "-KILL" };
        Command::new("kill").args([signal, &running.id().to_string()]).stderr(Stdio::null()).status().unwrap();
        running.wait().unwrap();
        for path in all(temporary.path()).into_iter().filter(|path| is_file(path) && !before.contains(path)) {
            let left = fs::read(&path).unwrap();
            let holds = left.windows(CUSTOMER.len()).any(|part| part == CUSTOMER.as_bytes());
            assert!(!holds, "{} holds customers", path.display());
        }
    }
    let sound = check().output().unwrap();
    assert!(done(&sound).contains("verdict: sound"));
    assert_eq!(all(&data), before, "the next check removes what one left that was killed");
}
