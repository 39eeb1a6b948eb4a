//! Reading a password: from the terminal without showing it, or a line of standard input. Never from an argument, which
//! every user of the machine can read.

use std::io::{self, BufRead, IsTerminal, Write};

use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};

/// What Ctrl-C types.
const INTERRUPT: u8 = 3;

/// So much of a line is read, in bytes: no password is nearly as long.
const LINE_MAX: u64 = 1 << 16;

/// Reads a new password: twice from a terminal, where nobody sees what was typed. Ctrl-C ends it with an error there.
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

/// What is typed up to the end of the line, or of the input.
fn typed(input: impl BufRead) -> io::Result<String> {
    let mut line = Vec::new();
    for byte in input.bytes() {
        match byte? {
            b'\n' => break,
            INTERRUPT => return Err(io::Error::new(io::ErrorKind::Interrupted, "cancelled; nothing was changed")),
            byte => line.push(byte),
        }
    }
    String::from_utf8(line)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "the password is not UTF-8; nothing was changed"))
}

/// A terminal that does not show what is typed, until this is dropped. It hands Ctrl-C over instead of ending the process,
/// which would leave it so.
struct Silence(Termios);

impl Silence {
    fn begin() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO | LocalModes::ISIG);
        silent.special_codes[SpecialCodeIndex::VEOL] = INTERRUPT;
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
    fn a_password_ends_with_the_line_and_ctrl_c_is_none() {
        assert_eq!(typed(&b"a horse \n more"[..]).unwrap(), "a horse ");
        assert_eq!(typed(&b"a horse"[..]).unwrap(), "a horse", "the end of the input ends it too");
        assert_eq!(typed(&b"a hor\x03"[..]).unwrap_err().kind(), io::ErrorKind::Interrupted);
        assert_eq!(typed(&b"\xff\n"[..]).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }
}
