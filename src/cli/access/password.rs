//! Reading a password: from the terminal without showing it, or a line of standard input. Never from an argument, which
//! every user of the machine can read.

use std::io::{self, BufRead, IsTerminal, Write};
use std::sync::Arc;

use parking_lot::Mutex;
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};

use crate::app;

/// What Ctrl-C types.
const INTERRUPT: u8 = 3;

/// So much of a line is read, in bytes: no password is nearly as long.
const LINE_MAX: u64 = 1 << 16;

/// Reads a new password: twice from a terminal, where nobody sees what was typed. Ctrl-C and Ctrl-D end it with an
/// error there.
pub(super) fn read() -> io::Result<String> {
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        return line(stdin.lock());
    }
    let silence = Silence::begin()?;
    let password = twice(stdin.lock(), io::stderr());
    drop(silence);
    password
}

/// The first line of `input`, without its end.
fn line(input: impl BufRead) -> io::Result<String> {
    let refused = |text: &str| Err(io::Error::new(io::ErrorKind::InvalidData, text));
    let mut line = Vec::new();
    let read = input.take(LINE_MAX).read_until(b'\n', &mut line);
    read.map_err(|error| io::Error::new(error.kind(), format!("the password on the standard input: {error}")))?;
    if line.len() as u64 == LINE_MAX {
        return refused("the password is too long; nothing was changed");
    }
    let Ok(mut line) = String::from_utf8(line) else {
        return refused("the password on the standard input is not UTF-8; nothing was changed");
    };
    line.truncate(line.trim_end_matches(['\r', '\n']).len());
    Ok(line)
}

/// The password that `input` types in twice.
fn twice(mut input: impl BufRead, mut prompt: impl Write) -> io::Result<String> {
    let mut ask = |what: &str| {
        write!(prompt, "{what}")?;
        let typed = typed(&mut input);
        writeln!(prompt)?;
        typed
    };
    let first = ask("Password: ")?;
    let again = ask("The same password again: ")?;
    if first == again {
        return Ok(first);
    }
    let text = "the two passwords are not the same; nothing was changed, try again";
    Err(io::Error::new(io::ErrorKind::InvalidInput, text))
}

/// What is typed up to the end of the line, or of the input. Ctrl-D before anything is typed is an error, as Ctrl-C is.
fn typed(input: impl BufRead) -> io::Result<String> {
    let cancelled = || Err(io::Error::new(io::ErrorKind::Interrupted, "cancelled; nothing was changed"));
    let mut line = Vec::new();
    let mut has_ended = true;
    for byte in input.bytes() {
        match byte? {
            b'\n' => {
                has_ended = false;
                break;
            }
            INTERRUPT => return cancelled(),
            byte => line.push(byte),
        }
    }
    if has_ended && line.is_empty() {
        return cancelled();
    }
    String::from_utf8(line)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "the password is not UTF-8; nothing was changed"))
}

/// A terminal that does not show what is typed, until this is dropped or a signal ends the process. It hands Ctrl-C
/// over, so that the error says what became of it.
struct Silence(Before);

/// What the terminal was like; nothing when it is so again.
type Before = Arc<Mutex<Option<Termios>>>;

impl Silence {
    fn begin() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO | LocalModes::ISIG);
        silent.special_codes[SpecialCodeIndex::VEOL] = INTERRUPT;
        let before = Before::new(Mutex::new(Some(before)));
        let at_signal = before.clone();
        app::end_at_signals(move || restore(&at_signal))?;
        tcsetattr(io::stdin(), OptionalActions::Flush, &silent)?;
        Ok(Self(before))
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        restore(&self.0);
    }
}

fn restore(before: &Before) {
    // Held meanwhile: the process does not go on with a terminal that is being restored.
    let mut before = before.lock();
    if let Some(before) = before.take() {
        // There is nobody left to tell; the terminal is what the next command finds.
        tcsetattr(io::stdin(), OptionalActions::Flush, &before).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_typed_twice_and_a_slip_is_noticed() {
        let mut shown = Vec::new();
        assert_eq!(twice(&b"a horse\na horse\n"[..], &mut shown).unwrap(), "a horse");
        assert_eq!(String::from_utf8(shown).unwrap(), "Password: \nThe same password again: \n");
        assert_eq!(twice(&b"a horse\na hrose\n"[..], io::sink()).unwrap_err().kind(), io::ErrorKind::InvalidInput);
        assert_eq!(twice(&b"a horse\n\x03"[..], io::sink()).unwrap_err().kind(), io::ErrorKind::Interrupted);
    }

    #[test]
    fn a_password_ends_with_the_line_and_ctrl_c_or_d_is_none() {
        assert_eq!(typed(&b"a horse \n more"[..]).unwrap(), "a horse ");
        assert_eq!(typed(&b"a horse"[..]).unwrap(), "a horse", "the end of the input ends it too");
        assert_eq!(typed(&b"\n"[..]).unwrap(), "", "which is refused as too short");
        assert_eq!(typed(&b""[..]).unwrap_err().kind(), io::ErrorKind::Interrupted, "Ctrl-D");
        assert_eq!(typed(&b"a hor\x03"[..]).unwrap_err().kind(), io::ErrorKind::Interrupted);
        assert_eq!(typed(&b"\xff\n"[..]).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }
}
