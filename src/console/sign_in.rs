//! Signing in and out. What it takes, and what keeps guessing slow, is in `access`; these are the pages.

use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use minijinja::context;
use minijinja::value::Serde;

use super::form::{Form, sent_form};
use super::page_error::PageError;
use super::page_request::{Answer, PageRequest, query, see_other};
use super::results::{Outcome, Unsent};
use super::show::escaped;
use super::{Console, PATHS};
use crate::access::{AccessGuard, Caller, Refusal, Session, SignInError, is_led_here};
use crate::domain::access::AccessName;
use crate::domain::origin::Origin;

/// The note of who signs in and is signed in already.
const ALREADY: &str = "already";
/// The note of a page that was asked for once more by itself.
const HERE: &str = "here";

/// Sends somebody who has to sign in first, and comes back to `path` then.
pub(super) fn first(path: &str) -> HttpResponse {
    let path = format!("/admin/sign-in/?next={}", escaped(path));
    HttpResponse::SeeOther().insert_header((header::LOCATION, path)).finish()
}

fn guard(http: &HttpRequest) -> &AccessGuard {
    http.app_data().expect("the app carries its guard")
}

fn page(http: &HttpRequest, status: StatusCode, fault: Option<String>, form: &Form) -> Answer {
    // A password is never sent back.
    let context = context! {
        fault,
        next => after_sign_in(form.get("next")),
        name => form.get("name"),
        form => form.get("form"),
        to => form.get("to"),
        note => form.get("note"),
    };
    Console::of(http).0.pages.answer(http, &Caller::of(http), status, "sign_in.html", context)
}

/// `GET sign-in/`.
pub(super) async fn show(http: HttpRequest) -> Answer {
    query(&http, &mut Payload::None)?;
    // A link says where to go on. It brings no form: whoever signs in would be led to send it, and did not fill it in.
    let form = Form::parse(http.query_string().as_bytes())?.only(&["next", "name", "note"]);
    let caller = Caller::of(&http);
    if caller.role.is_some() && !(form.get("note") == ALREADY && is_signed_in(&caller)) {
        return see_other(after_sign_in(form.get("next")));
    }
    let mut answer = page(&http, StatusCode::OK, None, &form)?;
    if is_led_here(http.headers()) && form.get("note") != HERE {
        // Asked for by this page, it comes with the cookie of whoever is signed in, who is led on then.
        let again = format!("0; url=/admin/sign-in/?note={HERE}&next={}", escaped(after_sign_in(form.get("next"))));
        let again = HeaderValue::try_from(again).expect("an escaped path is a header value");
        answer.headers_mut().insert(header::REFRESH, again);
    }
    Ok(answer)
}

fn is_signed_in(caller: &Caller) -> bool {
    caller.session.as_ref().is_some_and(Session::is_signed_in)
}

/// What answers a form of these pages whose browser signed in or out in another tab since it was shown; nothing where
/// that is not what happened.
pub(super) fn overtaken(http: &HttpRequest) -> Option<Answer> {
    let caller = Caller::of(http);
    let form = sent_form(http).unwrap_or_default();
    match http.path() {
        "/admin/sign-in/" if is_signed_in(&caller) => {
            let next = escaped(after_sign_in(form.get("next")));
            Some(see_other(&format!("/admin/sign-in/?note={ALREADY}&next={next}")))
        }
        "/admin/sign-in/" if caller.role.is_none() => {
            let text = "This page was too old to sign in with. Type the password again.";
            Some(page(http, StatusCode::FORBIDDEN, Some(text.to_owned()), &form))
        }
        "/admin/sign-out/" if caller.role.is_none() => Some(see_other("/admin/sign-in/?note=out")),
        _ => None,
    }
}

/// `GET again/<key>/`: a form that was sent before its sender had signed in.
pub(super) async fn again(request: PageRequest) -> Answer {
    let key = request.http.match_info().get("key").unwrap_or_default();
    let unsent = request.console.0.results.form(key, &request.caller.who);
    let gone = "This form is not kept any more. Nothing of it was saved.";
    let unsent = unsent.ok_or_else(|| PageError::new(StatusCode::NOT_FOUND, gone))?;
    let (fields, decided) = (Serde(unsent.form.again()), Serde(unsent.form.decided()));
    request.page("again.html", context! { to => unsent.path.as_str(), fields, decided })
}

/// Where somebody goes on who signed in with `form`: to what they themselves had sent before, or to where they came
/// from.
fn on(http: &HttpRequest, form: &Form) -> String {
    let to = after_sign_in(form.get("to"));
    let name = AccessName::parse(form.get("name")).ok();
    let sent = Form::parse(form.get("form").as_bytes()).ok();
    // What somebody typed is nothing for another one who signs in at the same desk.
    let sent = name.as_ref().and_then(|name| sent?.brought_by(name.as_str())).filter(|sent| !sent.again().is_empty());
    let (Some(name), Some(sent)) = (name, sent) else { return after_sign_in(form.get("next")).to_owned() };
    let weight = 1_024 + 2 * form.get("form").len();
    let unsent = Outcome::Form(Arc::new(Unsent { path: to.to_owned(), form: sent }));
    let key = Console::of(http).0.results.keep(&Origin::User(name.shared()), unsent, weight);
    format!("/admin/again/{key}/")
}

/// `POST sign-in/`.
pub(super) async fn sign_in(http: HttpRequest, form: Form) -> Answer {
    let address = http.peer_addr().map(|address| address.ip());
    let signed_in = guard(&http).sign_in(form.get("name"), form.raw("password"), address, http.headers()).await;
    match signed_in {
        Ok(cookie) => {
            let mut answer = see_other(&on(&http, &form))?;
            answer.headers_mut().insert(header::SET_COOKIE, cookie);
            Ok(answer)
        }
        Err(error @ SignInError::Wrong) => page(&http, StatusCode::UNAUTHORIZED, Some(error.to_string()), &form),
        Err(SignInError::Refused(refusal)) => {
            let text = match refusal {
                Refusal::TooMany(wait) => format!("Too many attempts. Try again in {} s.", wait.as_secs() + 1),
                other => other.to_string(),
            };
            let refused = refusal.answer();
            let mut answer = page(&http, refused.status(), Some(text), &form)?;
            if let Some(after) = refused.headers().get(header::RETRY_AFTER) {
                answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::clone(after));
            }
            Ok(answer)
        }
    }
}

/// `POST sign-out/`.
pub(super) async fn sign_out(http: HttpRequest, _: Form) -> Answer {
    let cookie = guard(&http).sign_out(http.headers());
    let mut answer = see_other("/admin/sign-in/?note=out")?;
    answer.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(answer)
}

/// Where a user goes after signing in: `next`, where it is a plain path of the console, otherwise its first page.
fn after_sign_in(next: &str) -> &str {
    let is_plain = next.bytes().all(|byte| byte.is_ascii_graphic() && !b"\\\"<>".contains(&byte));
    let path = next.split(['?', '#']).next().unwrap_or_default();
    let is_inside = path.starts_with(PATHS.root) && !path.contains("//") && !path.contains("..") && !path.contains('%');
    if is_plain && is_inside { next } else { PATHS.root }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_leads_nowhere_but_into_the_console() {
        let check = |next: &str, to: &str| assert_eq!(after_sign_in(next), to, "{next:?}");
        check("/admin/orders/?status=pending&cursor=a%20b", "/admin/orders/?status=pending&cursor=a%20b");
        for bad in [
            "",
            "/",
            "/admin",
            "//evil.example/admin/",
            "https://evil.example/admin/",
            "/admin//evil.example",
            "/admin/../api/",
            "/admin/%2e%2e/",
            "/admin/\\evil.example",
            "/admin/\r\nSet-Cookie: a=b",
            "\t/admin/",
            "javascript:alert(1)",
        ] {
            check(bad, "/admin/");
        }
    }
}
