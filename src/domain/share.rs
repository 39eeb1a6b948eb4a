//! How much each of several callers may have of what all of them share.

/// How much more a caller may take who holds `held`, where `holders` together hold `given` of `total`; none where that
/// is too much already.
///
/// Nobody may hold more than is left for others, and where `n` hold something, who does leaves one part of `n + 1`.
/// Without that second bound each would take half of what the one before left: the tenth would find a thousandth. The
/// first one holds all the same: there may be many who hold next to nothing.
#[must_use]
pub fn room(total: usize, given: usize, held: usize, holders: usize) -> Option<usize> {
    let left = total.checked_sub(given)?;
    let half = left.checked_sub(held)? / 2;
    if held == 0 { Some(half) } else { Some(half.min(left.checked_sub(total / (holders + 1))?)) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_the_most_that_leaves_others_what_they_are_due(
            total in 0..200usize,
            given in 0..220usize,
            held in 0..120usize,
            holders in 0..9usize,
        ) {
            let is_allowed = |more: usize| {
                let left = total.checked_sub(given).and_then(|left| left.checked_sub(more));
                left.is_some_and(|left| held + more <= left && (held == 0 || left >= total / (holders + 1)))
            };
            prop_assert_eq!(room(total, given, held, holders), (0..=total).rev().find(|more| is_allowed(*more)));
        }
    }
}
