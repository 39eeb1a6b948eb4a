//! The terminal that a password is typed at: it shows what is typed again, however the command ends.

use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::support::process::binary;

/// A command ends so soon after what ends it.
const ENDS_WITHIN: Duration = Duration::from_secs(30);
/// Runs the command whose process id goes into the file `$0`, and says how it ended and what the terminal is like.
const RUN: &str = r#"sh -c 'echo $$ >"$0" && exec "$@"' "$0" "$@"; echo "exit $?"; stty -a"#;

/// `packhorse user add` at a terminal of its own, which `script` makes.
struct AtTerminal {
    script: Child,
    keys: ChildStdin,
    shown: String,
}

impl AtTerminal {
    /// Starts it on a data directory in `home`; it has asked for the password.
    fn asked(home: &Path) -> Self {
        let (pid, binary, data) = (home.join("pid"), binary(), home.join("data"));
        let words = [pid.as_path(), &binary].map(|path| format!("'{}'", path.display())).join(" ");
        let words = format!("{words} user add ann --role admin --data-dir '{}'", data.display());
        let mut command = Command::new("script");
        command
            .args(["--quiet", "--flush", "--command"])
            .arg(format!("sh -c '{}' {words}", RUN.replace('\'', r"'\''")));
        command.arg("/dev/null").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut script = command.spawn().unwrap();
        let keys = script.stdin.take().unwrap();
        let mut this = Self { script, keys, shown: String::new() };
        this.shows("Password: ");
        this
    }

    /// Waits until `text` is there.
    #[track_caller]
    fn shows(&mut self, text: &str) {
        let mut piece = [0; 1 << 10];
        while !self.shown.contains(text) {
            let read = self.script.stdout.as_mut().unwrap().read(&mut piece).unwrap();
            assert_ne!(read, 0, "{text:?} is missing in {}", self.shown);
            self.shown.push_str(&String::from_utf8_lossy(&piece[..read]));
        }
    }

    /// Types `keys`.
    fn types(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
    }

    /// How the command ended, and that the terminal shows again what is typed and that Ctrl-C ends what runs there.
    #[track_caller]
    fn ended(mut self) -> String {
        let begun = Instant::now();
        while self.script.try_wait().unwrap().is_none() {
            assert!(begun.elapsed() < ENDS_WITHIN, "it does not end: {}", self.shown);
            thread::sleep(Duration::from_millis(5));
        }
        self.script.stdout.as_mut().unwrap().read_to_string(&mut self.shown).unwrap();
        let words: Vec<_> = self.shown.split_whitespace().collect();
        assert!(words.contains(&"echo") && words.contains(&"isig"), "{}", self.shown);
        self.shown.clone()
    }
}

impl Drop for AtTerminal {
    fn drop(&mut self) {
        self.script.kill().ok();
        self.script.wait().ok();
    }
}

#[test]
fn a_terminal_shows_what_is_typed_again_however_the_question_for_a_password_ends() {
    for (signal, code) in [("-TERM", 143), ("-HUP", 129), ("-INT", 130)] {
        let home = tempfile::tempdir().unwrap();
        let terminal = AtTerminal::asked(home.path());
        let pid = fs::read_to_string(home.path().join("pid")).unwrap();
        assert!(Command::new("kill").args([signal, pid.trim()]).status().unwrap().success());
        let shown = terminal.ended();
        assert!(shown.contains(&format!("exit {code}")), "{signal}: {shown}");
        assert!(!home.path().join("data").exists(), "{signal}: nothing was changed");
    }
}

#[test]
fn ctrl_c_and_ctrl_d_cancel_the_question_for_a_password() {
    for (typed, keys) in [("", "\x03"), ("", "\x04"), ("correct horse battery\r", "\x04"), ("correct", "\x03")] {
        let home = tempfile::tempdir().unwrap();
        let mut terminal = AtTerminal::asked(home.path());
        terminal.types(typed);
        if typed.ends_with('\r') {
            terminal.shows("again: ");
        }
        terminal.types(keys);
        let shown = terminal.ended();
        assert!(shown.contains("cancelled; nothing was changed") && shown.contains("exit 1"), "{typed:?}: {shown}");
        assert!(!shown.contains("correct"), "{typed:?}: {shown}");
    }
}

#[test]
fn a_password_that_is_typed_twice_is_taken() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = AtTerminal::asked(home.path());
    terminal.types("correct horse battery\r");
    terminal.shows("again: ");
    terminal.types("correct horse battery\r");
    let shown = terminal.ended();
    assert!(shown.contains("ann admin enabled") && shown.contains("exit 0"), "{shown}");
    assert!(!shown.contains("correct"), "{shown}");
}
