//! The one middleware, and what it knows.

use std::rc::Rc;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use actix_web::body::BoxBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue, SET_COOKIE, VARY};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpRequest};
use bytes::BytesMut;
use futures_util::Stream;
use hashbrown::HashMap;
use parking_lot::Mutex;

use super::admitted::Admitted;
use super::buckets::{Buckets, Source};
use super::caller::{Caller, Session};
use super::credential::Credential;
use super::sessions::{Live, SessionId, SessionRow, Sessions, Token};
use super::shares::{Holder, Share, Shares};
use super::sign_in::Attempts;
use super::{Need, PagePaths, Refusal, SentForm, browser, cookie};
use crate::actors::{Clock, Fulfillment, Request};
use crate::domain::access::{Access, AccessCommand, ApiKey, KEY_USE_NOTED_EVERY, KeyId, User};
use crate::domain::origin::Origin;
use crate::domain::time::Timestamp;
use crate::secret::{digest_of, random};

const CSRF: HeaderName = HeaderName::from_static("x-csrf-token");
/// The largest form whose field is looked for; a script that sends more uses the header.
const FORM_BYTES_MAX: usize = 1 << 20;
/// The same for somebody who has yet to sign in, which takes less: anybody can send forms, and many of them at once.
const NOBODYS_FORM_BYTES_MAX: usize = 16 << 10;

/// The user that a demo makes. No other user and no key may be there while the API is open to be tried.
pub const DEMO_USER: &str = "demo";

/// All larger forms that are read at once, in KiB; each caller has a share of it.
const FORMS_KIB_MAX: usize = 64 << 10;

/// Room for a form, held by its request.
struct Room(#[expect(dead_code, reason = "it is held and not looked at")] Share);

/// How long those are let in who say nothing of who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Open {
    /// Not even before there is a user or a key.
    Never,
    /// Until the first user or key.
    UntilClosed,
    /// So, and at the API, on this machine, also beside the demo's own user.
    Demo,
}

/// How access is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// How long those are let in who say nothing of who they are.
    pub open: Open,
    /// Whether only this machine reaches the server.
    pub is_loopback: bool,
    /// Whether connections are encrypted.
    pub is_secure: bool,
    /// How long a session may be idle.
    pub session_idle: Duration,
    /// How long a session lasts.
    pub session_age: Duration,
    /// Sessions at once.
    pub sessions_max: usize,
    /// Requests a second by one key.
    pub per_key: u32,
    /// Requests a second from one address.
    pub per_address: u32,
    /// Whose pages may read answers.
    pub origins: Vec<String>,
    /// How long a form may take to arrive.
    pub body_timeout: Duration,
}

impl Default for Options {
    /// Open, on this machine only, with the limits that settings have by default.
    fn default() -> Self {
        Self {
            open: Open::UntilClosed,
            is_loopback: true,
            is_secure: false,
            session_idle: Duration::from_mins(30),
            session_age: Duration::from_hours(12),
            sessions_max: 10_000,
            per_key: 5_000,
            per_address: 10_000,
            origins: Vec::new(),
            body_timeout: Duration::from_secs(30),
        }
    }
}

/// What stands before every endpoint. Clones share it.
#[derive(Clone)]
pub struct AccessGuard(Arc<Inner>);

/// What a request says of who sends it.
enum Known {
    /// Everybody is let in.
    Everybody,
    /// It says nothing.
    Nobody,
    /// What it says does not hold.
    Wrong,
    Key(Arc<ApiKey>),
    User(Arc<User>, Arc<Live>, Token),
}

struct Inner {
    engine: OnceLock<Fulfillment>,
    clock: Arc<dyn Clock>,
    options: Options,
    pages: Option<PagePaths>,
    sessions: Sessions,
    attempts: Attempts,
    keys: Buckets<KeyId>,
    addresses: Buckets<Source>,
    forms: Shares,
    /// When a use of a key was noted last, as long as the note is on its way.
    noted: Mutex<HashMap<KeyId, Timestamp>>,
    /// What the tokens of forms are made with.
    secret: [u8; 32],
}

impl AccessGuard {
    /// A guard that lets nobody in before [`AccessGuard::open`]. Keys expire by `clock`. Where there are pages for
    /// people, it has to know: they are not tried, their forms carry a token, and browsers are told other things.
    #[must_use]
    pub fn new(options: Options, pages: Option<PagePaths>, clock: Arc<dyn Clock>) -> Self {
        let every = |rate: u32| Duration::from_secs(1) / rate.max(1);
        Self(Arc::new(Inner {
            engine: OnceLock::new(),
            clock,
            sessions: Sessions::new(options.session_idle, options.session_age, options.sessions_max),
            attempts: Attempts::new(),
            keys: Buckets::new(options.per_key, every(options.per_key)),
            addresses: Buckets::new(options.per_address, every(options.per_address)),
            forms: Shares::new(FORMS_KIB_MAX),
            noted: Mutex::default(),
            secret: random(),
            pages,
            options,
        }))
    }

    /// Judges by the users and keys of `engine` from now on.
    pub fn open(&self, engine: Fulfillment) {
        self.0.engine.get_or_init(|| engine);
    }

    /// The sessions of users that hold, the newest first.
    #[must_use]
    pub fn session_rows(&self) -> Vec<SessionRow> {
        let Some(access) = self.engine().map(|engine| engine.view().access()) else { return Vec::new() };
        let holds = |user: &User, epoch: u32| !user.disabled && user.epoch == epoch;
        self.0.sessions.list(Instant::now(), |live| access.user(&live.user).is_some_and(|user| holds(user, live.epoch)))
    }

    /// Ends a session; `false` when there is none of this number.
    #[must_use]
    pub fn revoke_session(&self, id: SessionId) -> bool {
        self.0.sessions.revoke(id)
    }

    pub(super) fn is_open_by(&self, access: &Access) -> bool {
        self.0.options.open != Open::Never && access.is_open()
    }

    /// Whether the API, but not the console, is open to be tried.
    fn is_tried_by(&self, access: &Access) -> bool {
        self.0.options.open == Open::Demo
            && self.0.options.is_loopback
            && access.users().all(|user| user.name.as_str() == DEMO_USER)
            && access.keys().next().is_none()
    }

    /// Whether the API asks nobody who they are.
    #[must_use]
    pub fn is_api_open(&self) -> bool {
        let Some(access) = self.engine().map(|engine| engine.view().access()) else { return false };
        self.is_open_by(&access) || self.is_tried_by(&access)
    }

    /// Whether everybody is let in, also at the console.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.engine().is_some_and(|engine| self.is_open_by(&engine.view().access()))
    }

    /// Whether `path` is one of the pages for people.
    pub(crate) fn is_page(&self, path: &str) -> bool {
        self.0.pages.is_some_and(|pages| path.starts_with(pages.root))
    }

    pub(super) fn engine(&self) -> Option<&Fulfillment> {
        self.0.engine.get()
    }

    /// What time it is for what ends: what had ended stays so while the wall clock is set back.
    pub(super) fn now(&self) -> Timestamp {
        let now = self.0.clock.now();
        self.engine().map_or(now, |engine| now.max(engine.present()))
    }

    pub(super) fn sessions(&self) -> &Sessions {
        &self.0.sessions
    }

    pub(super) fn attempts(&self) -> &Attempts {
        &self.0.attempts
    }

    /// Adds to an answer that was not made behind the guard what browsers are told of one at `path`.
    pub(crate) fn protect(&self, path: &str, headers: &mut HeaderMap) {
        browser::protect(headers, browser::Kind::of(path, self.is_page(path)), self.is_secure());
    }

    pub(super) fn is_secure(&self) -> bool {
        self.0.options.is_secure
    }

    /// Who sends `request`, and the token of a session that the answer begins.
    fn judge(&self, request: &ServiceRequest, now: Instant) -> Result<(Caller, Option<Token>), Refusal> {
        let Some(engine) = self.engine() else { return Ok((Caller::nobody(), None)) };
        let access = engine.view().access();
        let headers = request.headers();
        if !self.is_open_by(&access) {
            let source = Source::of(request.peer_addr().map(|address| address.ip()));
            self.0.addresses.take(source, now).map_err(Refusal::TooMany)?;
        }
        let known = self.known_by(&access, request.path(), headers, now);
        match &known {
            Known::Key(key) => {
                self.0.keys.take(key.id, now).map_err(Refusal::TooMany)?;
                self.note_use(engine, key, self.0.clock.now());
            }
            Known::User(_, live, _) if !browser::is_of_itself(self.0.pages, request.path(), headers) => {
                live.note_use(now);
            }
            Known::User(..) | Known::Everybody | Known::Nobody | Known::Wrong => {}
        }
        self.caller(known, request.path(), headers)
    }

    /// What `headers` say of who sends them to `path`, by users, keys and sessions as they are at `now`. Counts
    /// nothing.
    fn known_by(&self, access: &Access, path: &str, headers: &HeaderMap, now: Instant) -> Known {
        if self.is_open_by(access) {
            return Known::Everybody;
        }
        match Credential::of(headers) {
            Credential::Malformed => return Known::Wrong,
            Credential::Key(secret) => {
                let key = access.key_by_digest(&digest_of(secret)).filter(|key| key.is_in_force(self.now()));
                return key.map_or(Known::Wrong, |key| Known::Key(key.clone()));
            }
            Credential::None => {}
        }
        if let Some(token) = cookie::token(headers)
            && let Some(live) = self.0.sessions.find(&token, now)
        {
            match access.user(&live.user).filter(|user| !user.disabled && user.epoch == live.epoch) {
                Some(user) => return Known::User(user.clone(), live, token),
                None => self.0.sessions.end(&token),
            }
        }
        if !self.is_page(path) && self.is_tried_by(access) { Known::Everybody } else { Known::Nobody }
    }

    /// The caller who is `known`, and the token of a session that an answer from `path` begins.
    fn caller(&self, known: Known, path: &str, headers: &HeaderMap) -> Result<(Caller, Option<Token>), Refusal> {
        let caller = match known {
            Known::Wrong => return Ok((Caller::nobody(), None)),
            Known::Key(key) => return Ok((Caller::with_key(&key), None)),
            Known::User(user, live, token) => {
                let session = Session::new(&token, Some(live.id), &self.0.secret);
                return Ok((Caller::signed_in(&user, session), None));
            }
            Known::Everybody => self.anybody(headers)?,
            Known::Nobody => Caller::nobody(),
        };
        Ok(if self.is_page(path) { self.with_session(caller, headers) } else { (caller, None) })
    }

    /// Why whoever sent `request`, and was let in for what has this `need`, would not be let in now: what they are
    /// known by has ended, or does for less. Pages then show the caller as who they are by now.
    pub(super) fn ended(&self, need: Need, request: &HttpRequest) -> Option<Refusal> {
        let access = self.engine()?.view().access();
        let known = self.known_by(&access, request.path(), request.headers(), Instant::now());
        let (now, _) = match self.caller(known, request.path(), request.headers()) {
            Ok(judged) => judged,
            Err(refusal) => return Some(refusal),
        };
        let is_another = now.who != Caller::of(request).who;
        let refusal = need.refusal(&now).or(is_another.then_some(Refusal::Unknown))?;
        // When they were let in stays: whoever asks once more is refused once more.
        if let Some(admitted) = request.extensions_mut().get_mut::<Admitted>() {
            admitted.caller = Rc::new(now);
        }
        Some(refusal)
    }

    /// Everybody. A name on the Internet can be made to lead to this machine, and a browser takes its pages for ours.
    fn anybody(&self, headers: &HeaderMap) -> Result<Caller, Refusal> {
        let is_ours = !self.0.options.is_loopback || browser::is_local_name(headers);
        if is_ours { Ok(Caller::anybody()) } else { Err(Refusal::Host) }
    }

    /// `caller` with the session of somebody who did not sign in. Nothing of it is kept: its token proves its forms.
    fn with_session(&self, caller: Caller, headers: &HeaderMap) -> (Caller, Option<Token>) {
        let (token, is_new) = match cookie::forms_token(headers) {
            Some(token) => (token, false),
            None => (Token::new(), true),
        };
        let session = Session::new(&token, None, &self.0.secret);
        (Caller { session: Some(session), ..caller }, is_new.then_some(token))
    }

    fn note_use(&self, engine: &Fulfillment, key: &ApiKey, now: Timestamp) {
        let is_due = |last: Timestamp| now.since(last) >= KEY_USE_NOTED_EVERY;
        if !key.used_at.is_none_or(is_due) {
            return;
        }
        let mut noted = self.0.noted.lock();
        if noted.get(&key.id).copied().is_none_or(is_due) {
            noted.insert(key.id, now);
            drop(noted);
            // Nobody waits for it; where it is lost, the next use is noted after an hour.
            let (engine, id) = (engine.clone(), key.id);
            let who = Origin::Key(key.name.shared());
            actix_web::rt::spawn(async move { engine.access(Request::of(who), AccessCommand::KeyUsed(id)).await.ok() });
        }
    }

    /// Refuses what a page of another site made.
    async fn expect_genuine(&self, caller: &Caller, request: &mut ServiceRequest) -> Result<(), Refusal> {
        if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
            return Ok(());
        }
        // A key is nothing that a browser adds by itself.
        if !matches!(caller.who, Origin::Key(_)) && !browser::is_ours(request.headers()) {
            return Err(Refusal::CrossSite);
        }
        // No token protects what is open to everybody.
        let Some(session) = &caller.session else { return Ok(()) };
        let given = match request.headers().get(CSRF) {
            Some(header) => header.to_str().ok().map(str::to_owned),
            None => self.form_token(caller, request).await?,
        };
        // Both are hashes, which are compared in constant time.
        // A name may stand behind the token, for pages.
        let parse = |text: &str| blake3::Hash::from_hex(text.split('.').next()?).ok();
        let given = given.as_deref().and_then(parse);
        if given.is_some() && given == parse(session.csrf()) { Ok(()) } else { Err(Refusal::Forged) }
    }

    /// The field `csrf` of a form, which is given back to whoever reads it next. What does not arrive, or is too large,
    /// is no forgery and says so.
    async fn form_token(&self, caller: &Caller, request: &mut ServiceRequest) -> Result<Option<String>, Refusal> {
        if !browser::is_form(request.headers()) {
            return Ok(None);
        }
        let bytes_max = if caller.role.is_some() { FORM_BYTES_MAX } else { NOBODYS_FORM_BYTES_MAX };
        let holder = Holder::of(request.request());
        let reading = self.read(&holder, request.take_payload(), bytes_max);
        let within = self.0.options.body_timeout;
        let read = tokio::time::timeout(within, reading).await.map_err(|_| Refusal::TooSlow(within))??;
        let Some((body, room)) = read else { return Ok(None) };
        // The room is free again when the request has ended.
        room.map(|room| request.extensions_mut().insert(Room(room)));
        let body = body.freeze();
        request.set_payload(Payload::from(body.clone()));
        request.extensions_mut().insert(SentForm(body.clone()));
        let mut values = form_urlencoded::parse(&body).filter(|(name, _)| name == "csrf").map(|(_, value)| value);
        let value = values.next();
        Ok(value.filter(|_| values.next().is_none()).map(std::borrow::Cow::into_owned))
    }
}

/// Finds out who calls, and refuses what nobody may do. What the route needs is judged behind it.
pub async fn guard(mut request: ServiceRequest, next: Next<BoxBody>) -> Result<ServiceResponse<BoxBody>, Error> {
    let guard = request.app_data::<AccessGuard>().expect("the app carries its guard").clone();
    let options = &guard.0.options;
    let origin = browser::allowed_origin(request.headers(), &options.origins);
    let (mut response, begun) = if origin.is_some() && browser::is_preflight(request.method(), request.headers()) {
        (request.into_response(browser::preflight()), None)
    } else {
        let (begun, admitted) = guard.admit(&mut request).await;
        let response = match admitted {
            Ok(()) => next.call(request).await?,
            Err(refusal) => {
                let answer = refusal.answer_to(request.request(), guard.is_page(request.path()));
                request.into_response(answer)
            }
        };
        (response, begun)
    };
    let path = response.request().path();
    let kind = browser::Kind::of(path, guard.is_page(path));
    let begun = begun.map(|token| cookie::set_forms(&token, response.request().headers(), options.is_secure));
    let headers = response.headers_mut();
    if let Some(cookie) = begun.filter(|_| !headers.contains_key(SET_COOKIE)) {
        headers.insert(SET_COOKIE, cookie);
    }
    browser::protect(headers, kind, options.is_secure);
    if !options.origins.is_empty() {
        headers.append(VARY, HeaderValue::from_static("Origin"));
    }
    if let Some(origin) = origin {
        browser::share(headers, origin);
    }
    Ok(response)
}

impl AccessGuard {
    /// A form, and the room that it takes, as much as has arrived of it; `None` where the connection broke.
    async fn read(
        &self,
        holder: &Holder,
        mut payload: Payload,
        bytes_max: usize,
    ) -> Result<Option<(BytesMut, Option<Share>)>, Refusal> {
        let mut body = BytesMut::new();
        let mut room: Option<Share> = None;
        let mut next =
            async || std::future::poll_fn(|context| std::pin::Pin::new(&mut payload).poll_next(context)).await;
        while let Some(chunk) = next().await {
            let Ok(chunk) = chunk else { return Ok(None) };
            if body.len() + chunk.len() > bytes_max {
                return Err(Refusal::TooLarge(bytes_max));
            }
            body.extend_from_slice(&chunk);
            if body.len() > NOBODYS_FORM_BYTES_MAX {
                let kib = body.capacity().div_ceil(1024);
                match &mut room {
                    Some(room) => room.grow(kib.saturating_sub(room.amount())).then_some(()).ok_or(Refusal::NoRoom)?,
                    none => *none = Some(self.0.forms.take(holder, kib).ok_or(Refusal::NoRoom)?),
                }
            }
        }
        Ok(Some((body, room)))
    }

    /// Puts the caller into `request`; answers with the token of a session that begins, also where a form of this
    /// browser is refused: the page that says so has forms. What another site sent begins nothing.
    async fn admit(&self, request: &mut ServiceRequest) -> (Option<Token>, Result<(), Refusal>) {
        let now = Instant::now();
        let (caller, begun) = match self.judge(request, now) {
            Ok(judged) => judged,
            Err(refusal) => return (None, Err(refusal)),
        };
        let caller = Rc::new(caller);
        // A page that says why somebody is refused shows them as who they are.
        request.extensions_mut().insert(Admitted { caller: caller.clone(), need: None, at: now });
        let genuine = self.expect_genuine(&caller, request).await;
        let is_ours = browser::is_ours(request.headers());
        (begun.filter(|_| genuine.is_ok() || is_ours), genuine)
    }
}
