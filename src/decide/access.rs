//! Changing users and keys.

use smallvec::smallvec;

use super::{Context, Decided, Decision, State};
use crate::domain::access::{AccessCommand, AccessOutcome, AccessRejection};
use crate::domain::entry::{Event, Events};

/// Change users or keys. What comes of it is kept beside no idempotency key: a secret is shown once, so that there is
/// nothing to repeat.
#[derive(Clone, Debug)]
pub struct ChangeAccess(pub AccessCommand);

impl Decision for ChangeAccess {
    type Outcome = AccessOutcome;
    type Rejection = AccessRejection;

    fn decide(self, state: State<'_>, context: Context<'_>) -> Result<Decided<AccessOutcome>, AccessRejection> {
        let before = state.access.subject_of(&self.0);
        let Some(event) = state.access.decide(self.0, context.now)? else {
            let outcome = before.expect("what nothing has to happen to is there already");
            return Ok(Decided { events: Events::new(), outcome });
        };
        let outcome = state.access.clone().apply(&event, context.now);
        Ok(Decided { events: smallvec![Event::Access(Box::new(event))], outcome })
    }
}
