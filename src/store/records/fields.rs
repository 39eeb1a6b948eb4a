//! Fields of fixed size, one after the other, read without trusting that they are there.

use super::ValueError;

/// What is left to read of a value.
pub(crate) struct Fields<'a> {
    kind: &'static str,
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    /// Reads `bytes` as a value of `kind`.
    pub(crate) fn new(kind: &'static str, bytes: &'a [u8]) -> Self {
        Self { kind, rest: bytes }
    }

    /// The next `N` bytes.
    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], ValueError> {
        let (array, rest) = self.rest.split_first_chunk().ok_or(ValueError::Short { kind: self.kind })?;
        self.rest = rest;
        Ok(*array)
    }

    /// The next `length` bytes.
    pub(crate) fn slice(&mut self, length: usize) -> Result<&'a [u8], ValueError> {
        let (slice, rest) = self.rest.split_at_checked(length).ok_or(ValueError::Short { kind: self.kind })?;
        self.rest = rest;
        Ok(slice)
    }

    /// The next byte.
    pub(crate) fn u8(&mut self) -> Result<u8, ValueError> {
        self.array().map(u8::from_be_bytes)
    }

    /// The next 4 bytes.
    pub(crate) fn u32_be(&mut self) -> Result<u32, ValueError> {
        self.array().map(u32::from_be_bytes)
    }

    /// The next 8 bytes.
    pub(crate) fn u64_be(&mut self) -> Result<u64, ValueError> {
        self.array().map(u64::from_be_bytes)
    }

    /// The next 8 bytes, signed.
    pub(crate) fn i64_be(&mut self) -> Result<i64, ValueError> {
        self.array().map(i64::from_be_bytes)
    }

    /// The next 4 bytes as a length.
    pub(crate) fn length(&mut self) -> Result<usize, ValueError> {
        let length = self.u32_be()?;
        usize::try_from(length).map_err(|_| self.bad("length", length))
    }

    /// What is left.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Whether everything was read.
    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Checks that everything was read.
    pub(crate) fn end(self) -> Result<(), ValueError> {
        match self.rest.len() {
            0 => Ok(()),
            left => Err(ValueError::Long { kind: self.kind, left }),
        }
    }

    /// That `field` cannot be `value`.
    pub(crate) fn bad(&self, field: &'static str, value: impl Into<u64>) -> ValueError {
        ValueError::Field { kind: self.kind, field, value: value.into() }
    }
}
