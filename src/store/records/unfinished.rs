//! That a checkpoint is being written. Its rows of the ledger are there although the head does not know them, and are
//! removed when it is found at a start.

use super::fields::Fields;
use super::{HeadKind, ValueError};

pub(crate) fn ser_key() -> [u8; 1] {
    HeadKind::Unfinished.key()
}

/// `sequence` is the one that the checkpoint aims at.
pub(crate) fn ser_value(sequence: u64) -> Vec<u8> {
    sequence.to_be_bytes().to_vec()
}

pub(crate) fn deser_value(bytes: &[u8]) -> Result<u64, ValueError> {
    let mut fields = Fields::new("mark of an unfinished checkpoint", bytes);
    let sequence = fields.u64_be()?;
    fields.end()?;
    Ok(sequence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trips_at_its_size_only() {
        assert_eq!(deser_value(&ser_value(u64::MAX)).unwrap(), u64::MAX);
        assert!(deser_value(&[0; 7]).is_err());
        assert!(deser_value(&[0; 9]).is_err());
    }
}
