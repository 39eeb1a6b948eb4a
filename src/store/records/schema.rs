//! Which schema the store was written with.

use super::fields::Fields;
use super::{HeadKind, ValueError};

pub(crate) fn ser_key() -> [u8; 1] {
    HeadKind::Schema.key()
}

pub(crate) fn ser_value(version: u32) -> Vec<u8> {
    version.to_be_bytes().to_vec()
}

pub(crate) fn deser_value(bytes: &[u8]) -> Result<u32, ValueError> {
    let mut fields = Fields::new("schema version", bytes);
    let version = fields.u32_be()?;
    fields.end()?;
    Ok(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trips_at_its_size_only() {
        assert_eq!(deser_value(&ser_value(7)).unwrap(), 7);
        assert!(deser_value(&[0; 3]).is_err());
        assert!(deser_value(&[0; 5]).is_err());
    }
}
