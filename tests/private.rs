//! What the program writes can be read by its owner only, whatever the mask of the shell that started it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, unused_imports, reason = "shared with other tests, which need more of it")]
mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

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
    if path.is_dir() {
        found.extend(fs::read_dir(path).unwrap().flat_map(|entry| all(&entry.unwrap().path())));
    }
    found
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
}
