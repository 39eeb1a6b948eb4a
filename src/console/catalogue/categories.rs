//! Categories: listing, creating, renaming, deleting.

use actix_web::http::StatusCode;
use minijinja::value::Serde;
use minijinja::{Value, context};

use super::super::form::{Form, bytes};
use super::super::page_error::PageError;
use super::super::page_request::{Answer, PageRequest, token};
use super::CATEGORIES_MAX;
use crate::api::categories::input;
use crate::domain::ids::CategoryId;
use crate::web::error;
use crate::wire::fields::Presence;

/// `GET categories/`.
pub(crate) async fn categories(request: PageRequest) -> Answer {
    page(&request, None, 0, &Form::default())
}

/// `POST categories/`.
pub(crate) async fn create_category(request: PageRequest, form: Form) -> Answer {
    let body = bytes(&form.whole(&["name"]));
    let made = async {
        let name = input::name(&body, Presence::Full)?.expect("a full category has a name");
        let sent = request.once(form.get("token"), &body)?;
        request.engine.create_category(sent, name).await.map_err(error::category)
    };
    match made.await.map_err(PageError::from) {
        Ok(_) => request.go("/admin/categories/?note=created"),
        Err(fault) if fault.is_about_the_form() => page(&request, Some(fault), 0, &form),
        Err(fault) => Err(fault),
    }
}

/// `POST categories/<id>/rename/`.
pub(crate) async fn rename_category(request: PageRequest, form: Form) -> Answer {
    let id = request.category()?;
    let body = bytes(&form.whole(&["name"]));
    let renamed = async {
        let name = input::name(&body, Presence::Full)?.expect("a full category has a name");
        request.engine.rename_category(request.plain(), id, name).await.map_err(error::category)
    };
    match renamed.await.map_err(PageError::from) {
        Ok(_) => request.go("/admin/categories/?note=renamed"),
        Err(fault) if fault.is_about_the_form() => page(&request, Some(fault), id.0, &form),
        Err(fault) => Err(fault),
    }
}

/// `POST categories/<id>/delete/`.
pub(crate) async fn delete_category(request: PageRequest, _: Form) -> Answer {
    let id = request.category()?;
    match request.engine.delete_category(request.plain(), id).await.map_err(error::category).map_err(PageError::from) {
        Ok(_) => request.go("/admin/categories/?note=deleted"),
        Err(fault) if fault.is_about_the_form() => page(&request, Some(fault), id.0, &Form::default()),
        Err(fault) => Err(fault),
    }
}

/// The page; `which` is the category whose form was not taken, 0 for that of a new one.
fn page(request: &PageRequest, fault: Option<PageError>, which: u64, form: &Form) -> Answer {
    let categories = request.view().products().categories(CategoryId(0), CATEGORIES_MAX);
    let rows: Vec<Value> = categories.iter().map(|it| context! { id => it.id.0, name => it.name.as_str() }).collect();
    let context = context! {
        categories => rows,
        which,
        values => form.values(),
        errors => Serde(fault.as_ref().map(|fault| &fault.fields)),
        fault => fault.as_ref().map(|fault| fault.texts.join(" ")),
        note => request.text("note"),
        token => token(),
    };
    request.page_with(fault.map_or(StatusCode::OK, |fault| fault.status), "categories.html", context)
}
