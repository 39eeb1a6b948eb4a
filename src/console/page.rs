//! Filling templates: they are part of the binary, read once, and escape everything that is put into them.

use actix_web::http::header::{self, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse};
use minijinja::{AutoEscape, Environment, ErrorKind, UndefinedBehavior, Value, context};

use super::page_error::PageError;
use super::page_request::Answer;
use super::{assets, home, live, show};
use crate::access::{Caller, Session};
use crate::domain::access::Role;
use crate::web::AppState;

macro_rules! templates {
    ($($name:literal),* $(,)?) => {
        /// Every template, by its name below `templates`.
        const TEMPLATES: &[(&str, &str)] = &[$(($name, include_str!(concat!("templates/", $name)))),*];
    };
}

templates! {
    "layout.html",
    "parts.html",
    "fault.html",
    "again.html",
    "overview.html",
    "orders.html",
    "order.html",
    "order_new.html",
    "bulk.html",
    "delayed.html",
    "products.html",
    "product.html",
    "product_form.html",
    "categories.html",
    "upload.html",
    "upload_one.html",
    "find.html",
    "sign_in.html",
    "sessions.html",
    "audit.html",
    "users.html",
    "keys.html",
    "settings.html",
}

/// All templates.
pub(super) struct Pages {
    environment: Environment<'static>,
    app: AppState,
}

impl Pages {
    /// The templates, showing times in the zone of `app`.
    pub(super) fn new(app: AppState) -> Self {
        let mut environment = Environment::new();
        environment.set_auto_escape_callback(|_| AutoEscape::Html);
        // A name that the code does not give is a mistake in the template, and never empty text.
        environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
        // What a page was to show is nothing for the log.
        environment.set_debug(false);
        show::add_to(&mut environment, &app);
        environment.add_function("asset", |name: &str| {
            let path = assets::path(name).map(Value::from_safe_string);
            path.ok_or_else(|| minijinja::Error::new(ErrorKind::InvalidOperation, "no such asset"))
        });
        for (name, text) in TEMPLATES {
            environment
                .add_template(name, text)
                .unwrap_or_else(|error| panic!("template {name} is malformed: {error:#}"));
        }
        Self { environment, app }
    }

    /// The page `template`, filled with `context`, for `caller`.
    pub(super) fn answer(
        &self,
        request: &HttpRequest,
        caller: &Caller,
        status: StatusCode,
        template: &str,
        context: Value,
    ) -> Answer {
        let page = context! {
            // Whoever may not read learns neither how much happens nor where.
            mark => caller.role.and(self.app.engine()).map(|engine| live::mark(engine.view())).unwrap_or_default(),
            path => request.path(),
            own => (request.method() == Method::POST).then(|| home::of(request.path())),
            dark => dark(request),
            now => self.app.now().0,
            zone => caller.role.map_or("", |_| self.app.zone().name()),
            who => caller.who.to_string(),
            name => caller.who.name().unwrap_or_default(),
            role => caller.role.map_or("", Role::as_str),
            signed_in => caller.session.as_ref().is_some_and(Session::is_signed_in),
            operator => caller.may(Role::Operator),
            admin => caller.may(Role::Admin),
            csrf => csrf(caller),
        };
        let template = self.environment.get_template(template).map_err(|error| broken(&error))?;
        let text = template.render(context! { page, ..context }).map_err(|error| broken(&error))?;
        Ok(HttpResponse::build(status)
            .insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8"))
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .body(text))
    }
}

/// What forms carry: the token of the session, and behind a dot the name of its user. The name proves nothing; it says
/// who filled a form in that comes back when somebody has signed in.
fn csrf(caller: &Caller) -> String {
    let Some(session) = &caller.session else { return String::new() };
    match caller.who.name().filter(|_| session.is_signed_in()) {
        Some(name) => format!("{}.{name}", session.csrf()),
        None => session.csrf().to_owned(),
    }
}

fn broken(error: &minijinja::Error) -> PageError {
    let mut fault = PageError::new(StatusCode::INTERNAL_SERVER_ERROR, "This page could not be made; the log says why.");
    fault.cause = Some(error.to_string());
    fault
}

/// When the page is dark: as was chosen with the switch; otherwise it follows the system.
fn dark(request: &HttpRequest) -> &'static str {
    let cookies = request.headers().get_all(header::COOKIE).filter_map(|value| HeaderValue::to_str(value).ok());
    let mut pairs = cookies.flat_map(|cookies| cookies.split(';')).map(str::trim);
    match pairs.find_map(|pair| pair.strip_prefix("packhorse_theme=")) {
        Some("dark") => "all",
        Some("light") => "not all",
        Some(_) | None => "(prefers-color-scheme: dark)",
    }
}
