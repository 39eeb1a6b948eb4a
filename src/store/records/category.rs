//! A category, exact at the head.

use super::{HeadKind, ValueError};
use crate::domain::catalogue::Category;
use crate::domain::ids::CategoryId;
use crate::journal::format::{self, CategoryV1};

pub(crate) fn ser_key(id: CategoryId) -> [u8; 9] {
    HeadKind::Category.key_of(id.0)
}

pub(crate) fn deser_key(key: &[u8]) -> Result<CategoryId, ValueError> {
    HeadKind::Category.id_in(key).map(CategoryId)
}

pub(crate) fn ser_value(category: &Category) -> Vec<u8> {
    let mut bytes = Vec::new();
    format::encode(&CategoryV1::from(category), &mut bytes);
    bytes
}

pub(crate) fn deser_value(bytes: &[u8]) -> Result<Category, ValueError> {
    format::decode::<CategoryV1<'_>>(bytes)
        .and_then(CategoryV1::restore)
        .map_err(|error| ValueError::Form { kind: "category", error })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::text::CategoryName;

    proptest! {
        #[test]
        fn round_trips(id in 1_u64.., text in "[a-zA-Zäß€]{1,50}") {
            let category = Category { id: CategoryId(id), name: CategoryName::parse(&text).unwrap() };
            prop_assert_eq!(deser_key(&ser_key(category.id)).unwrap(), category.id);
            prop_assert_eq!(deser_value(&ser_value(&category)).unwrap(), category);
        }

        #[test]
        fn key_order_is_the_same_as_binary_order(a: u64, b: u64) {
            prop_assert_eq!(ser_key(CategoryId(a)).cmp(&ser_key(CategoryId(b))), a.cmp(&b));
        }

        #[test]
        fn garbage_is_refused_or_read_but_never_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = deser_value(&bytes).map(|category| ser_value(&category));
            let _ = deser_key(&bytes);
        }
    }

    #[test]
    fn a_key_of_another_kind_or_size_is_refused() {
        assert!(deser_key(&HeadKind::Product.key_of(1)).is_err());
        assert!(deser_key(&HeadKind::Category.key()).is_err());
        assert!(deser_key(&[ser_key(CategoryId(1)).as_slice(), &[0]].concat()).is_err());
    }
}
