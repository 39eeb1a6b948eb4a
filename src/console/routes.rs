//! Which path answers to which method, by which page, and which role that needs. A caller without the role is refused
//! here, whatever the pages show.

use actix_web::body::BoxBody;
use actix_web::dev::{Handler, ServiceRequest, ServiceResponse};
use actix_web::http::header::HeaderValue;
use actix_web::http::{Method, StatusCode, header};
use actix_web::middleware::{Next, from_fn};
use actix_web::{FromRequest, HttpRequest, HttpResponse, Resource, Responder, Scope, web};
use minijinja::context;
use minijinja::value::Serde;

use super::form::{Again, Form, sent_form};
use super::page_error::PageError;
use super::page_request::{Answer, see_other};
use super::{
    Console, assets, audit, catalogue, delayed, find, home, live, orders, overview, people, sessions, settings,
    sign_in, upload, words,
};
use crate::access::{self, Area, Caller, Need, Refusal, RefusalPage};
use crate::domain::access::Role;
use crate::web::error::{Error, ErrorPage};

/// The largest form that signing in carries along, in bytes: what is sent by nobody in particular has to be small.
const CARRIED_MAX: usize = 6 << 10;
/// What is said of a form that a page of another site sent, as far as the browser tells.
const CROSS_SITE: &str = "A page of another site may not do this. If it was a page of this one, a proxy in between changes \
    the header Host: it has to pass it on as it came.";
/// Where somebody signs in.
const SIGN_IN: &str = "/admin/sign-in/";
/// Where the text of a file is pasted.
const PASTED: &str = "/admin/upload/";

/// Adds every page below `/admin/`.
#[rustfmt::skip]
pub(super) fn table(console: &Console, config: &mut web::ServiceConfig) {
    use Role::{Admin, Operator, Viewer};
    let pages = [
        on("/").get(Viewer, overview::show),
        on("/live/").get(Viewer, live::follow),
        on("/find/").get(Viewer, find::find),
        on("/again/{key}/").get(Viewer, sign_in::again),
        on("/orders/").get(Viewer, orders::list),
        on("/orders/new/").get(Operator, orders::blank).post(Operator, orders::place),
        on("/orders/bulk/").post(Operator, orders::bulk),
        on("/orders/bulk/{key}/").get(Operator, orders::bulk_shown),
        on("/orders/{id}/").get(Viewer, orders::show),
        on("/orders/{id}/move/").post(Operator, orders::transition),
        on("/orders/{id}/cancel/").post(Operator, orders::cancel),
        on("/orders/{id}/contact/").post(Operator, orders::contact),
        on("/orders/{id}/archive/").post(Operator, orders::archive),
        on("/delayed/").get(Viewer, delayed::board),
        on("/products/").get(Viewer, catalogue::products),
        on("/products/new/").get(Admin, catalogue::blank).post(Admin, catalogue::create),
        on("/products/{id}/").get(Viewer, catalogue::product),
        on("/products/{id}/edit/").get(Admin, catalogue::edit).post(Admin, catalogue::change),
        on("/products/{id}/archive/").post(Admin, catalogue::archive),
        on("/products/{id}/delete/").post(Admin, catalogue::delete),
        on("/products/{id}/adjust/").post(Operator, catalogue::adjust),
        on("/categories/").get(Viewer, catalogue::categories).post(Admin, catalogue::create_category),
        on("/categories/{id}/rename/").post(Admin, catalogue::rename_category),
        on("/categories/{id}/delete/").post(Admin, catalogue::delete_category),
        on("/upload/").get(Operator, upload::blank).post(Operator, upload::check),
        on("/upload/template.csv/").get(Operator, upload::csv_template),
        on("/upload/template.json/").get(Operator, upload::json_template),
        on("/upload/{key}/").get(Operator, upload::show),
        on("/upload/{key}/run/").post(Operator, upload::run),
        on("/upload/{key}/refused/").get(Operator, upload::refused),
        on("/users/").get(Admin, people::users).post(Admin, people::add_user),
        on("/users/{name}/").post(Admin, people::change_user),
        on("/keys/").get(Admin, people::keys).post(Admin, people::add_key),
        on("/keys/{id}/revoke/").post(Admin, people::revoke_key),
        on("/sessions/").get(Admin, sessions::list),
        on("/sessions/{id}/end/").post(Admin, sessions::end),
        on("/audit/").get(Admin, audit::list),
        on("/settings/").get(Admin, settings::show),
    ];
    // What is refused before it gets to a page is shown as one, too; that happens outside of the scope.
    config.app_data(console.clone()).app_data(RefusalPage(refusal_page)).app_data(ErrorPage(error_page));
    let mut scope = web::scope("/admin");
    // No secret: a browser asks for them before anybody signed in.
    let files = web::resource("/assets/{name}/").route(web::get().to(assets::serve));
    scope = scope.service(otherwise(files.route(web::head().to(assets::serve)), "GET, HEAD"));
    // For whoever has not signed in yet; the token of the form is judged before.
    let sign_in = web::resource("/sign-in/")
        .route(web::get().to(sign_in::show).wrap(from_fn(dressed)))
        .route(web::head().to(sign_in::show).wrap(from_fn(dressed)))
        .route(web::post().to(sign_in::sign_in).wrap(from_fn(dressed)));
    scope = scope.service(otherwise(sign_in, "GET, HEAD, POST"));
    let sign_out = web::resource("/sign-out/").route(web::post().to(sign_in::sign_out).wrap(from_fn(dressed)));
    scope = scope.service(otherwise(sign_out, "POST"));
    for page in pages {
        scope = add(scope, page);
    }
    config.service(scope.default_service(web::to(unknown).wrap(from_fn(dressed))));
}

fn add(scope: Scope, page: Page) -> Scope {
    let methods = page.2.iter().map(Method::as_str).collect::<Vec<_>>().join(", ");
    scope.service(otherwise(page.0, &methods))
}

/// What `resource` says to whoever uses it otherwise than by `methods`.
fn otherwise(resource: Resource, methods: &str) -> Resource {
    let allowed = HeaderValue::try_from(methods).expect("methods are words");
    let allowing = move |request: ServiceRequest, next: Next<BoxBody>| {
        let allowed = allowed.clone();
        async move {
            let mut response = next.call(request).await?;
            if response.status() == StatusCode::METHOD_NOT_ALLOWED {
                response.headers_mut().insert(header::ALLOW, allowed);
            }
            Ok::<_, actix_web::Error>(response)
        }
    };
    resource.default_service(web::to(not_allowed).wrap(from_fn(dressed)).wrap(from_fn(allowing)))
}

/// A path, and what it answers to by which methods.
struct Page(Resource, Area, Vec<Method>);

fn on(path: &'static str) -> Page {
    let is_of = |parts: &[&str]| parts.iter().any(|part| path.starts_with(part));
    let area = if is_of(&["/orders/", "/delayed/", "/upload/"]) {
        Area::Orders
    } else if is_of(&["/products/", "/categories/"]) {
        Area::Catalogue
    } else {
        Area::Administration
    };
    Page(web::resource(path), area, Vec::new())
}

fn signed_out() -> PageError {
    PageError::new(StatusCode::FORBIDDEN, words::SIGNED_OUT)
}

/// Why somebody is refused at `path`, in plain words.
fn refused(refusal: Refusal, path: &str) -> PageError {
    let text = match refusal {
        Refusal::Starting => return PageError::starting(),
        Refusal::Role(role) => format!("This needs the role {role}. Ask an admin for it."),
        Refusal::Unknown => words::SIGNED_OUT.into(),
        Refusal::Forged => "This form has expired. Nothing was saved: send it again, or load its page again.".into(),
        Refusal::TooMany(_) => "Too many requests came from here. Wait a moment, then load the page again.".into(),
        Refusal::TooLarge(max) if path == PASTED => format!(
            "This text is too large to be pasted: a form takes {} KiB. Nothing was placed. Save the text as a file and \
             choose that, or paste a part of it at a time.",
            max / 1024
        ),
        Refusal::TooLarge(max) => {
            format!("This is too large for a form, which takes {} KiB. Nothing was saved.", max / 1024)
        }
        Refusal::NoRoom => "Many large forms are on their way. Nothing was saved: send it again in a moment.".into(),
        Refusal::TooSlow(_) => words::TOO_SLOW.into(),
        Refusal::CrossSite => CROSS_SITE.into(),
        Refusal::Scope | Refusal::Host => refusal.to_string(),
    };
    PageError::new(refusal.answer().status(), text)
}

/// The page of a refusal, with the headers that a program gets.
fn refusal_page(request: &HttpRequest, refusal: Refusal) -> HttpResponse {
    if refusal == Refusal::Forged && access::is_doubled(request.headers()) {
        let text = "This browser sends two cookies for the session: something else on this host has set one. Delete the \
                    cookies of this host in the browser, then load the page again. Nothing was saved.";
        return page(request, &PageError::new(StatusCode::FORBIDDEN, text));
    }
    if refusal == Refusal::Forged
        && let Some(answer) = sign_in::overtaken(request)
    {
        return answer.unwrap_or_else(|fault| page(request, &fault));
    }
    let is_nobody = Caller::of(request).role.is_none();
    let fault = refused(refusal, request.path());
    let mut answer = match refusal {
        // Signing out in another tab ends what the form was made with, and leaves less room for it.
        Refusal::Forged if is_nobody => page(request, &signed_out()),
        Refusal::TooLarge(_) if is_nobody && request.path() != SIGN_IN => page(request, &signed_out()),
        Refusal::Forged => page_with(request, &fault, sent_form(request).as_ref(), true),
        // What another site sent is nothing that somebody typed here.
        Refusal::CrossSite => page_with(request, &fault, None, false),
        _ => page(request, &fault),
    };
    for (name, value) in refusal.answer().headers().iter().filter(|(name, _)| **name != header::CONTENT_TYPE) {
        answer.headers_mut().insert(name.clone(), value.clone());
    }
    answer
}

/// The page of what no path is asked about.
fn error_page(request: &HttpRequest, error: Error) -> HttpResponse {
    page(request, &PageError::from(error))
}

/// The path with its query.
fn request_path(request: &ServiceRequest) -> String {
    request.uri().path_and_query().map(ToString::to_string).unwrap_or_default()
}

impl Page {
    fn get<H: Handler<A, Output: Responder + 'static>, A: FromRequest + 'static>(self, role: Role, page: H) -> Self {
        self.to(Method::GET, role, page.clone()).to(Method::HEAD, role, page)
    }

    fn post<H: Handler<A, Output: Responder + 'static>, A: FromRequest + 'static>(self, role: Role, page: H) -> Self {
        self.to(Method::POST, role, page)
    }

    fn to<H, A>(mut self, method: Method, role: Role, page: H) -> Self
    where
        H: Handler<A, Output: Responder + 'static>,
        A: FromRequest + 'static,
    {
        let need = Need { role: Some(role), area: self.1 };
        let guarded = move |request: ServiceRequest, next: Next<BoxBody>| async move {
            match access::refusal(need, &request) {
                None => next.call(request).await,
                Some(Refusal::Unknown) if request.method() == Method::GET => {
                    let to = sign_in::first(&request_path(&request));
                    Ok(request.into_response(to))
                }
                Some(refusal) => {
                    let answer = refusal_page(request.request(), refusal);
                    Ok(request.into_response(answer))
                }
            }
        };
        self.2.push(method.clone());
        // What is wrapped last is asked first: it dresses what the guard refuses, too.
        let route = web::method(method).to(page).wrap(from_fn(guarded)).wrap(from_fn(dressed));
        Self(self.0.route(route), self.1, self.2)
    }
}

async fn unknown() -> Answer {
    Err(PageError::not_found())
}

/// An address that only takes a form leads to the page of the form, where somebody only looks.
async fn not_allowed(request: HttpRequest) -> Answer {
    let page = home::of(request.path());
    if matches!(*request.method(), Method::GET | Method::HEAD) && page != request.path() {
        return see_other(&page);
    }
    Err(PageError::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "This page cannot be used like that. Go back and use its buttons.",
    ))
}

/// Puts a page around what went wrong.
async fn dressed(request: ServiceRequest, next: Next<BoxBody>) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let http = request.request().clone();
    let response = match next.call(request).await {
        Ok(response) => match response.response().error().and_then(actix_web::Error::as_error::<PageError>) {
            None => return Ok(response),
            Some(fault) => page(&http, fault),
        },
        Err(error) => match error.as_error::<PageError>() {
            None => return Err(error),
            Some(fault) => page(&http, fault),
        },
    };
    Ok(ServiceResponse::new(http, response))
}

/// What is over soon: the same form may well be taken then.
const PASSING: [StatusCode; 4] = [
    StatusCode::TOO_MANY_REQUESTS,
    StatusCode::INTERNAL_SERVER_ERROR,
    StatusCode::SERVICE_UNAVAILABLE,
    StatusCode::INSUFFICIENT_STORAGE,
];

fn page(request: &HttpRequest, fault: &PageError) -> HttpResponse {
    page_with(request, fault, sent_form(request).as_ref(), PASSING.contains(&fault.status))
}

/// The same, with the form that was sent: to be sent again, or at least with what somebody typed.
fn page_with(request: &HttpRequest, fault: &PageError, form: Option<&Form>, is_again: bool) -> HttpResponse {
    if let Some(cause) = &fault.cause {
        tracing::error!(path = request.path(), status = fault.status.as_u16(), %cause, "a page of the console failed");
    }
    let caller = Caller::of(request);
    let own = home::of(request.path());
    let fields = form.map(Form::again).unwrap_or_default();
    // Who signs in goes on with it.
    let carried = form.filter(|_| caller.role.is_none()).map(Form::carried).filter(|text| text.len() <= CARRIED_MAX);
    let context = context! {
        status => fault.status.as_u16(),
        text => fault.line(),
        typed => fields.iter().any(Again::is_typed),
        fields => Serde(&fields),
        decided => Serde(form.map(Form::decided).unwrap_or_default()),
        is_again => is_again && !fields.is_empty(),
        carried,
        own,
    };
    let pages = &Console::of(request).0.pages;
    let answer = pages.answer(request, &caller, fault.status, "fault.html", context);
    let mut answer = answer.unwrap_or_else(|_| HttpResponse::build(fault.status).body(fault.line()));
    if let Some(retry_after) = &fault.retry_after {
        answer.headers_mut().insert(header::RETRY_AFTER, retry_after.clone());
    }
    answer
}
