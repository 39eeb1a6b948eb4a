//! A right that is asked for again while something long goes on in somebody's name.

use super::{AccessGuard, Caller, Need};
use crate::domain::access::{AccessName, KeyId};
use crate::domain::origin::Origin;

/// The right of a caller to do something, as it was when they began.
///
/// It ends with whatever ends the sessions of a user, and with a key. Signing out does not end it: whoever began
/// something may leave.
pub struct Right {
    guard: AccessGuard,
    who: Origin,
    need: Need,
    basis: Option<Basis>,
}

/// What a right rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Basis {
    /// Everybody may.
    Open,
    /// A user as they are since their last change.
    User { epoch: u32 },
    /// A key.
    Key(KeyId),
}

impl Right {
    /// The right of `who` to do what has this `need`, as it is now.
    #[must_use]
    pub fn of(guard: &AccessGuard, who: &Origin, need: Need) -> Self {
        let mut right = Self { guard: guard.clone(), who: who.clone(), need, basis: None };
        right.basis = right.now();
        right
    }

    /// Why they may no longer; `None` while they may.
    #[must_use]
    pub fn ended(&self) -> Option<String> {
        if self.basis.is_some() && self.now() == self.basis {
            return None;
        }
        Some(match &self.who {
            Origin::User(name) => format!("The user {name} was disabled or changed meanwhile."),
            Origin::Key(name) => format!("The API key {name} was revoked or has expired."),
            Origin::Client | Origin::Timer | Origin::Cli => {
                "Users or API keys were made meanwhile: sign in first.".into()
            }
        })
    }

    fn now(&self) -> Option<Basis> {
        let (caller, basis) = self.guard.known(&self.who)?;
        self.need.refusal(&caller).is_none().then_some(basis)
    }
}

impl AccessGuard {
    /// Who `who` is by now, and what that rests on.
    fn known(&self, who: &Origin) -> Option<(Caller, Basis)> {
        let access = self.engine()?.view().access();
        match who {
            Origin::User(name) => {
                let user = access.user(&AccessName::parse(name).ok()?).filter(|user| !user.disabled)?;
                let caller = Caller { who: who.clone(), role: Some(user.role), ..Caller::nobody() };
                Some((caller, Basis::User { epoch: user.epoch }))
            }
            Origin::Key(name) => {
                let now = self.now();
                let key = access.keys().find(|key| key.name.as_str() == &**name && key.is_in_force(now))?;
                Some((Caller::with_key(key), Basis::Key(key.id)))
            }
            Origin::Client => self.is_open_by(&access).then(|| (Caller::anybody(), Basis::Open)),
            Origin::Timer | Origin::Cli => None,
        }
    }
}
