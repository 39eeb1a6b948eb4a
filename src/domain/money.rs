//! Money: an integer count of minor units (cents), never negative, at most ten digits.

use std::fmt;

/// An amount from 0.00 to 99 999 999.99, in hundredths. The bound is the contract's `DecimalField(10, 2)`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money(u64);

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The largest amount that ten digits hold.
    pub const MAX: Self = Self(9_999_999_999);

    /// From hundredths; `None` above [`Money::MAX`].
    #[must_use]
    pub fn from_minor(minor: u64) -> Option<Self> {
        (minor <= Self::MAX.0).then_some(Self(minor))
    }

    /// In hundredths.
    #[must_use]
    pub fn minor(self) -> u64 {
        self.0
    }

    /// The sum; `None` when it needs more than ten digits.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).and_then(Self::from_minor)
    }

    /// The price of `quantity` units; `None` when it needs more than ten digits.
    #[must_use]
    pub fn checked_mul(self, quantity: u32) -> Option<Self> {
        self.0.checked_mul(u64::from(quantity)).and_then(Self::from_minor)
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn displays_two_decimals() {
        let check = |minor, text: &str| assert_eq!(Money::from_minor(minor).unwrap().to_string(), text);
        check(0, "0.00");
        check(5, "0.05");
        check(29_999, "299.99");
        check(9_999_999_999, "99999999.99");
    }

    #[test]
    fn refuses_what_ten_digits_cannot_hold() {
        assert_eq!(Money::from_minor(10_000_000_000), None);
        assert_eq!(Money::MAX.checked_add(Money(1)), None);
        assert_eq!(Money::MAX.checked_mul(2), None);
        assert_eq!(Money(u64::MAX / 2).checked_mul(3), None);
        assert_eq!(Money(250).checked_mul(4), Some(Money(1_000)));
    }
}
