//! Categories: listing, creating, renaming, deleting.

use actix_web::http::StatusCode;
use minijinja::value::Serde;
use minijinja::{Value, context};

use super::super::form::{Form, bytes};
use super::super::page_error::PageError;
use super::super::page_request::{Answer, PageRequest, token};
use super::CATEGORIES_MAX;
use crate::api::categories::input;
use crate::api::error;
use crate::api::fields::Presence;
use crate::domain::ids::CategoryId;

/// `GET categories/`.
pub(crate) async fn categories(visit: PageRequest) -> Answer {
    page(&visit, None, 0, &Form::default())
}

/// `POST categories/`.
pub(crate) async fn create_category(visit: PageRequest, form: Form) -> Answer {
    let body = bytes(&form.whole(&["name"]));
    let made = async {
        let name = input::name(&body, Presence::Full)?.expect("a full category has a name");
        let request = visit.once(form.get("token"), &body)?;
        visit.engine.create_category(request, name).await.map_err(error::category)
    };
    match made.await.map_err(PageError::from) {
        Ok(_) => visit.go("/admin/categories/?note=created"),
        Err(fault) if fault.is_about_the_form() => page(&visit, Some(fault), 0, &form),
        Err(fault) => Err(fault),
    }
}

/// `POST categories/<id>/rename/`.
pub(crate) async fn rename_category(visit: PageRequest, form: Form) -> Answer {
    let id = visit.category()?;
    let body = bytes(&form.whole(&["name"]));
    let renamed = async {
        let name = input::name(&body, Presence::Full)?.expect("a full category has a name");
        visit.engine.rename_category(visit.plain(), id, name).await.map_err(error::category)
    };
    match renamed.await.map_err(PageError::from) {
        Ok(_) => visit.go("/admin/categories/?note=renamed"),
        Err(fault) if fault.is_about_the_form() => page(&visit, Some(fault), id.0, &form),
        Err(fault) => Err(fault),
    }
}

/// `POST categories/<id>/delete/`.
pub(crate) async fn delete_category(visit: PageRequest, _: Form) -> Answer {
    let id = visit.category()?;
    match visit.engine.delete_category(visit.plain(), id).await.map_err(error::category).map_err(PageError::from) {
        Ok(_) => visit.go("/admin/categories/?note=deleted"),
        Err(fault) if fault.is_about_the_form() => page(&visit, Some(fault), id.0, &Form::default()),
        Err(fault) => Err(fault),
    }
}

/// The page; `which` is the category whose form was not taken, 0 for that of a new one.
fn page(visit: &PageRequest, fault: Option<PageError>, which: u64, form: &Form) -> Answer {
    let categories = visit.view().products().categories(CategoryId(0), CATEGORIES_MAX);
    let rows: Vec<Value> = categories.iter().map(|it| context! { id => it.id.0, name => it.name.as_str() }).collect();
    let context = context! {
        categories => rows,
        which,
        values => form.values(),
        errors => Serde(fault.as_ref().map(|fault| &fault.fields)),
        fault => fault.as_ref().map(|fault| fault.texts.join(" ")),
        note => visit.text("note"),
        token => token(),
    };
    visit.page_with(fault.map_or(StatusCode::OK, |fault| fault.status), "categories.html", context)
}
