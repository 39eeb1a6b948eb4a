//! A user, exact at the head.

use super::{HeadKind, ValueError};
use crate::domain::access::{AccessName, User};
use crate::journal::format::{self, UserV1};

pub(crate) fn ser_key(name: &AccessName) -> Vec<u8> {
    [&HeadKind::User.key(), name.as_str().as_bytes()].concat()
}

pub(crate) fn ser_value(user: &User) -> Vec<u8> {
    let mut bytes = Vec::new();
    format::encode(&UserV1::from(user), &mut bytes);
    bytes
}

pub(crate) fn deser_value(bytes: &[u8]) -> Result<User, ValueError> {
    format::decode::<UserV1<'_>>(bytes)
        .and_then(UserV1::restore)
        .map_err(|error| ValueError::Form { kind: "user", error })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::super::sample;
    use super::*;

    proptest! {
        #[test]
        fn key_order_is_the_same_as_binary_order(a in "[a-z0-9.@+-]{1,9}", b in "[a-z0-9.@+-]{1,9}") {
            let [a, b] = [a, b].map(|name| AccessName::parse(&name).unwrap());
            prop_assert_eq!(ser_key(&a).cmp(&ser_key(&b)), a.cmp(&b));
        }

        #[test]
        fn garbage_is_refused_or_read_but_never_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = deser_value(&bytes).map(|user| ser_value(&user));
        }
    }

    #[test]
    fn round_trips() {
        let user = sample::user();
        assert_eq!(deser_value(&ser_value(&user)).unwrap(), *user);
        assert_eq!(ser_key(&user.name), [&[8], user.name.as_str().as_bytes()].concat());
    }
}
