//! Who calls, and whether they may: the HTTP side of users, keys and sessions.
//!
//! One middleware, [`guard`], runs before every endpoint. It finds out who calls (an API key, the session of a cookie,
//! or nobody) and puts the [`Caller`] into the request; what a route needs stands in the route table as [`Need`], and
//! [`Need::refusal`] judges. Anything that is not known is refused.
//!
//! For pages, which are where [`PagePaths`] says: [`AccessGuard::sign_in`] and [`AccessGuard::sign_out`] answer with
//! the cookie to set, [`Session::csrf`] is what each form carries in its field `csrf`. The middleware has checked that
//! token before a handler sees a form.
//!
//! Deliberately absent: the rules of users and keys (`domain::access`), hashing, and headers of proxies, which anybody
//! can send.

mod admitted;
mod browser;
mod buckets;
mod caller;
mod cookie;
mod credential;
mod guard;
mod need;
mod refusal;
mod right;
mod sessions;
mod shares;
mod sign_in;

pub(crate) use admitted::{ended, refusal};
pub use browser::{PagePaths, is_led_here};
pub(crate) use browser::{is_form, is_multipart};
pub use caller::{Caller, Session};
pub use cookie::{NAME as SESSION_COOKIE, is_doubled};
pub use guard::{AccessGuard, DEMO_USER, Open, Options, guard};
pub use need::{Area, Need};
pub use refusal::{Refusal, RefusalPage, SentForm};
pub use right::Right;
pub use sessions::{SessionId, SessionRow};
pub use shares::{Holder, NoTurn, Share, Shares, Turns};
pub use sign_in::SignInError;
