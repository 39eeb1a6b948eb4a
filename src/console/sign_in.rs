//! Signing in and out. What it takes, and what keeps guessing slow, is in `access`; these are the pages.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use minijinja::context;

use super::Console;
use super::form::Form;
use super::show::escaped;
use super::visit::{Answer, see_other};
use crate::access::{Caller, Guard, Refusal, SignInError, after_sign_in};

/// Sends somebody who has to sign in first, and comes back to `path` then.
pub(super) fn first(path: &str) -> HttpResponse {
    let path = format!("/admin/sign-in/?next={}", escaped(path));
    HttpResponse::SeeOther().insert_header((header::LOCATION, path)).finish()
}

fn guard(request: &HttpRequest) -> &Guard {
    request.app_data().expect("the app carries its guard")
}

fn page(request: &HttpRequest, status: StatusCode, fault: Option<String>, form: &Form) -> Answer {
    // A password is never sent back.
    let context = context! { fault, next => after_sign_in(form.get("next")), name => form.get("name") };
    Console::of(request).0.pages.answer(request, &Caller::of(request), status, "sign_in.html", context)
}

/// `GET sign-in/`.
pub(super) async fn show(request: HttpRequest) -> Answer {
    let form = Form::parse(request.query_string().as_bytes())?;
    if Caller::of(&request).role.is_some() {
        return see_other(after_sign_in(form.get("next")));
    }
    page(&request, StatusCode::OK, None, &form)
}

/// `POST sign-in/`.
pub(super) async fn sign_in(request: HttpRequest, form: Form) -> Answer {
    let address = request.peer_addr().map(|address| address.ip());
    let signed_in = guard(&request).sign_in(form.get("name"), form.raw("password"), address, request.headers()).await;
    match signed_in {
        Ok(cookie) => {
            let mut answer = see_other(after_sign_in(form.get("next")))?;
            answer.headers_mut().insert(header::SET_COOKIE, cookie);
            Ok(answer)
        }
        Err(error @ SignInError::Wrong) => page(&request, StatusCode::UNAUTHORIZED, Some(error.to_string()), &form),
        Err(SignInError::Refused(refusal)) => {
            let text = match refusal {
                Refusal::TooMany(wait) => format!("Too many attempts. Try again in {} s.", wait.as_secs() + 1),
                other => other.to_string(),
            };
            let refused = refusal.answer();
            let mut answer = page(&request, refused.status(), Some(text), &form)?;
            if let Some(after) = refused.headers().get(header::RETRY_AFTER) {
                answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::clone(after));
            }
            Ok(answer)
        }
    }
}

/// `POST sign-out/`.
pub(super) async fn sign_out(request: HttpRequest, _: Form) -> Answer {
    let cookie = guard(&request).sign_out(request.headers());
    let mut answer = see_other("/admin/sign-in/?note=out")?;
    answer.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(answer)
}
