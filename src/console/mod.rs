//! The admin console at `/admin/`: pages for the people who run a warehouse, made on the server.
//!
//! A page is a straight line like an answer of the API: read the request, one call of the handle or a look at the view,
//! fill a template. Forms become the bodies that the API takes and are checked by the API's own checks, so that both
//! say the same. What a path answers to, and which role it needs, is in `routes`.
//!
//! Everything that a browser loads is in `templates` and `assets` and is part of the binary. Pages work without script;
//! with it they follow what happens (`live`), and swap only what shows data, never a form that somebody is filling in.

mod assets;
mod audit;
mod catalogue;
mod delayed;
mod find;
mod form;
mod home;
mod live;
mod orders;
mod overview;
mod page;
mod page_error;
mod page_request;
mod people;
mod results;
mod routes;
mod sessions;
mod settings;
mod show;
mod sign_in;
mod upload;
mod words;

use std::sync::Arc;

use actix_web::web::ServiceConfig;

use crate::access::{PagePaths, Shares};
use crate::domain::order::Policy;
use crate::secret::random;
use crate::web::AppState;
use page::Pages;
use results::Results;
use upload::Uploads;

/// Browsers that may follow what happens at the same time, each user with a share of them; further ones have to reload
/// their pages.
const FOLLOWERS_MAX: usize = 256;

/// Where the pages are, for what judges requests before they get here.
pub const PATHS: PagePaths = PagePaths { root: "/admin/", live: "/admin/live/" };

/// What all pages share. Clones share it.
#[derive(Clone)]
pub struct Console(Arc<Inner>);

struct Inner {
    app: AppState,
    policy: Policy,
    pages: Pages,
    followers: Shares,
    uploads: Uploads,
    results: Results,
    /// What the addresses of pages that offer to take something back are sealed with.
    secret: [u8; 32],
}

impl Console {
    /// The console of the engine behind `app`, which moves its orders by `policy`.
    ///
    /// # Panics
    /// When a template is malformed, which a test would have found.
    #[must_use]
    pub fn new(app: AppState, policy: Policy) -> Self {
        let pages = Pages::new(app.clone());
        let followers = Shares::new(FOLLOWERS_MAX);
        let (uploads, results) = (Uploads::default(), Results::default());
        Self(Arc::new(Inner { app, policy, pages, followers, uploads, results, secret: random() }))
    }

    /// Adds the console to an application.
    pub fn configure(&self, config: &mut ServiceConfig) {
        routes::table(self, config);
    }
}
