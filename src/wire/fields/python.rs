//! How Python reads and writes numbers and what it takes for white space, as far as a text of the contract depends on
//! it.

/// The most digits that `int()` reads.
const INT_DIGITS_MAX: usize = 4_300;
/// `repr` of a float uses an exponent from this power of ten on, and below -4.
const FIXED_EXPONENT_MAX: i32 = 16;

/// What `str.isspace` and `\s` accept.
pub(super) fn is_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{1c}'..='\u{1f}')
}

/// `text.strip()`.
pub(super) fn strip(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// `int(text)`: white space around it, a sign, leading zeros, single underscores between digits. Numbers beyond 128
/// bits become the nearest one within.
pub(super) fn int(text: &str) -> Option<i128> {
    let text = strip(text);
    let (is_negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let mut value: i128 = 0;
    let mut count = 0;
    for group in digits.split('_') {
        if group.is_empty() || !group.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        count += group.len();
        for digit in group.bytes() {
            value = value.saturating_mul(10).saturating_add(i128::from(digit - b'0'));
        }
    }
    (count <= INT_DIGITS_MAX).then_some(if is_negative { -value } else { value })
}

/// `str(float)`: the shortest digits that read back as the same number.
pub(super) fn float_text(value: f64) -> String {
    if value.is_infinite() {
        return if value > 0.0 { "inf".into() } else { "-inf".into() };
    }
    let scientific = format!("{value:e}");
    let (digits, exponent) = scientific.split_once('e').expect("this format always writes an exponent");
    let exponent: i32 = exponent.parse().expect("an exponent is a number");
    if (-4..FIXED_EXPONENT_MAX).contains(&exponent) {
        return format!("{value:?}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.unsigned_abs())
}

/// `str(int)` of a number as JSON writes it.
pub(super) fn int_text(text: &str) -> &str {
    if text == "-0" { "0" } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_floats_as_python_does() {
        let check = |value: f64, text: &str| assert_eq!(float_text(value), text);
        check(1.0, "1.0");
        check(-0.0, "-0.0");
        check(0.1, "0.1");
        check(299.99, "299.99");
        check(1e15, "1000000000000000.0");
        check(9_999_999_999_999_998.0, "9999999999999998.0");
        check(1e16, "1e+16");
        check(1.5e300, "1.5e+300");
        check(0.0001, "0.0001");
        check(0.000_012, "1.2e-05");
        check(5e-324, "5e-324");
        check(f64::NEG_INFINITY, "-inf");
    }

    #[test]
    fn reads_integers_as_python_does() {
        let check = |text: &str, value: Option<i128>| assert_eq!(int(text), value, "{text:?}");
        check(" +1_000\n", Some(1_000));
        check("\u{1c}-007", Some(-7));
        check("1__0", None);
        check("_1", None);
        check("1_", None);
        check("- 1", None);
        check("", None);
        check("-", None);
        check(&"9".repeat(4_300), Some(i128::MAX));
        check(&"9".repeat(4_301), None);
    }
}
