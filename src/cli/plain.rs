//! Texts of others, for a terminal.

/// `text` with its control characters written out, so that it moves no cursor, changes no colour and begins no line.
pub(in crate::cli) fn plain(text: &str) -> String {
    escaped(text, char::is_control)
}

/// The same of a text that may have several lines.
pub(in crate::cli) fn plain_lines(text: &str) -> String {
    escaped(text, |char| char.is_control() && char != '\n')
}

fn escaped(text: &str, is_odd: impl Fn(char) -> bool) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut plain, char| {
        if is_odd(char) {
            plain.extend(char.escape_default());
        } else {
            plain.push(char);
        }
        plain
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_written_out() {
        assert_eq!(plain("a\u{1b}[2Jb\r\nc\u{9b}ü"), "a\\u{1b}[2Jb\\r\\nc\\u{9b}ü");
        assert_eq!(plain_lines("a\n\tb"), "a\n\\tb");
    }
}
