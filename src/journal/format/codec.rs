//! Forms to bytes and back.

use bincode::config::{Configuration, Limit, LittleEndian, Varint};
use bincode::enc::write::Writer;
use bincode::error::EncodeError;
use bincode::{BorrowDecode, Encode};

use super::FormatError;

/// The most bytes that one stored value may have: 1 GiB. The largest request body becomes a fraction of it.
pub const VALUE_BYTES_MAX: usize = 1 << 30;

const CONFIG: Configuration<LittleEndian, Varint, Limit<VALUE_BYTES_MAX>> =
    bincode::config::standard().with_limit::<VALUE_BYTES_MAX>();

/// Appends `form` to `bytes`.
///
/// # Panics
/// Never: memory takes every write.
pub fn encode<F: Encode>(form: &F, bytes: &mut Vec<u8>) {
    bincode::encode_into_writer(form, Memory(bytes), CONFIG).expect("memory takes every write");
}

/// Reads a form that fills `bytes` exactly. Texts are borrowed from `bytes`, and nothing is allocated ahead of what
/// was read.
pub fn decode<'a, F: BorrowDecode<'a, ()>>(bytes: &'a [u8]) -> Result<F, FormatError> {
    let (form, used) = bincode::borrow_decode_from_slice(bytes, CONFIG)?;
    match bytes.len() - used {
        0 => Ok(form),
        left => Err(FormatError::LeftOver { left }),
    }
}

/// Reads the form that `bytes` begin with.
pub(super) fn decode_first<'a, F: BorrowDecode<'a, ()>>(bytes: &'a [u8]) -> Result<F, FormatError> {
    Ok(bincode::borrow_decode_from_slice(bytes, CONFIG)?.0)
}

struct Memory<'a>(&'a mut Vec<u8>);

impl Writer for Memory<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<(), EncodeError> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }
}
