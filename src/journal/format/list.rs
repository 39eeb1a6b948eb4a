//! Lists, written straight from the domain's slice and read without trusting the length.

use bincode::de::{BorrowDecode, BorrowDecoder, Decode};
use bincode::enc::{Encode, Encoder};
use bincode::error::{DecodeError, EncodeError};

/// How much room a list gets before its first item was read, in bytes: its length may be a lie.
const ROOM_BYTES: usize = 1024;

/// A list of domain values `D` whose stored form is `F`.
#[derive(Clone, Debug)]
pub enum List<'a, D, F> {
    /// On the way out: each item's form is made when its turn comes, so that a list of 100,000 needs no copy.
    Values(&'a [D]),
    /// On the way in.
    Forms(Vec<F>),
}

impl<D, F> List<'_, D, F> {
    /// How many items it has.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Values(values) => values.len(),
            Self::Forms(forms) => forms.len(),
        }
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The forms that were read.
    ///
    /// # Panics
    /// When the list was made for writing.
    #[must_use]
    pub fn into_forms(self) -> Vec<F> {
        match self {
            Self::Forms(forms) => forms,
            Self::Values(_) => unreachable!("only a list that was read is taken apart"),
        }
    }
}

impl<'a, D, F: Encode + From<&'a D>> Encode for List<'a, D, F> {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        (self.len() as u64).encode(encoder)?;
        match self {
            Self::Values(values) => values.iter().try_for_each(|value| F::from(value).encode(encoder)),
            Self::Forms(forms) => forms.iter().try_for_each(|form| form.encode(encoder)),
        }
    }
}

impl<'de, C, D, F: BorrowDecode<'de, C>> BorrowDecode<'de, C> for List<'_, D, F> {
    fn borrow_decode<B: BorrowDecoder<'de, Context = C>>(decoder: &mut B) -> Result<Self, DecodeError> {
        let len = u64::decode(decoder)?;
        let room = ROOM_BYTES / size_of::<F>().max(1);
        let mut forms = Vec::with_capacity(usize::try_from(len).unwrap_or(usize::MAX).min(room));
        for _ in 0..len {
            forms.push(F::borrow_decode(decoder)?);
        }
        Ok(Self::Forms(forms))
    }
}
