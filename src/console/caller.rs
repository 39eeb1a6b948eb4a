//! Who calls.

use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;

use actix_web::HttpRequest;

use crate::domain::access::Role;
use crate::domain::who::Who;

/// Who calls.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub(super) who: Who,
    pub(super) role: Role,
    pub(super) csrf: String,
}

static CSRF: LazyLock<String> = LazyLock::new(|| format!("{:016x}", RandomState::new().hash_one("csrf")));

impl Caller {
    pub(super) fn of(_: &HttpRequest) -> Self {
        Self { who: Who::Client, role: Role::Admin, csrf: CSRF.clone() }
    }

    /// Whether `token` is the one that only pages of this caller hold.
    pub(super) fn is_own(&self, token: &str) -> bool {
        !token.is_empty() && blake3::hash(token.as_bytes()) == blake3::hash(self.csrf.as_bytes())
    }

    pub(super) fn may(&self, role: Role) -> bool {
        role <= self.role
    }
}
