//! A number and the word for what it counts.

use std::fmt::Display;

/// `one` where `count` is 1, and `several` otherwise.
#[must_use]
pub fn word<'a, N: Copy + PartialEq + From<u8>>(count: N, one: &'a str, several: &'a str) -> &'a str {
    if count == N::from(1) { one } else { several }
}

/// `count` with the word for one thing, or for several.
#[must_use]
pub fn counted<N: Copy + PartialEq + From<u8> + Display>(count: N, one: &str, several: &str) -> String {
    format!("{count} {}", word(count, one, several))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_no_several() {
        assert_eq!(counted(1_usize, "product", "products"), "1 product");
        assert_eq!(counted(0_u64, "product", "products"), "0 products");
        assert_eq!(word(2_i64, "is", "are"), "are");
    }
}
