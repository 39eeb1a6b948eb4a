//! An API key, exact at the head.

use super::{HeadKind, ValueError};
use crate::domain::access::{ApiKey, KeyId};
use crate::journal::format::{self, ApiKeyV1};

pub(crate) fn ser_key(id: KeyId) -> [u8; 9] {
    HeadKind::ApiKey.key_of(id.0)
}

pub(crate) fn ser_value(key: &ApiKey) -> Vec<u8> {
    let mut bytes = Vec::new();
    format::encode(&ApiKeyV1::from(key), &mut bytes);
    bytes
}

pub(crate) fn deser_value(bytes: &[u8]) -> Result<ApiKey, ValueError> {
    format::decode::<ApiKeyV1<'_>>(bytes)
        .and_then(ApiKeyV1::restore)
        .map_err(|error| ValueError::Form { kind: "API key", error })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::super::sample;
    use super::*;

    proptest! {
        #[test]
        fn key_order_is_the_same_as_binary_order(a: u64, b: u64) {
            prop_assert_eq!(ser_key(KeyId(a)).cmp(&ser_key(KeyId(b))), a.cmp(&b));
        }

        #[test]
        fn garbage_is_refused_or_read_but_never_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = deser_value(&bytes).map(|key| ser_value(&key));
        }
    }

    #[test]
    fn round_trips() {
        let key = sample::api_key();
        assert_eq!(deser_value(&ser_value(&key)).unwrap(), *key);
    }
}
