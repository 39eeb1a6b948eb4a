//! Reading a password: from the terminal without showing it, or a line of standard input. Never from an argument, which
//! every user of the machine can read.

use std::io::{self, BufRead, IsTerminal, Write};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

/// Reads one password.
pub(super) fn read() -> io::Result<String> {
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        return line();
    }
    write!(io::stderr(), "Password: ")?;
    let silence = Silence::begin()?;
    let password = line();
    drop(silence);
    writeln!(io::stderr())?;
    password
}

fn line() -> io::Result<String> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    let end = line.trim_end_matches(['\r', '\n']).len();
    line.truncate(end);
    Ok(line)
}

/// A terminal that does not show what is typed, until this is dropped.
struct Silence(Termios);

impl Silence {
    fn begin() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        tcsetattr(io::stdin(), OptionalActions::Flush, &silent)?;
        Ok(Self(before))
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        // There is nobody left to tell; the terminal is what the next command finds.
        tcsetattr(io::stdin(), OptionalActions::Flush, &self.0).ok();
    }
}
