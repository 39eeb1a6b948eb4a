//! What a browser loads beside the pages: style, script, charts. All of it is part of the binary, compressed once at
//! the first use, and kept by the browser until its name changes.
//!
//! `htmx.js` (0BSD) and `uplot.js` with `uplot.css` (MIT) are the files of their packages on npm, with their licences
//! beside them; `style.css`, `dark.css`, `console.js`, `charts.js` and `icon.svg` are ours.

use std::io::Write;
use std::sync::LazyLock;

use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::page_error::PageError;
use super::page_request::Answer;

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";

struct Asset {
    name: &'static str,
    kind: &'static str,
    plain: &'static [u8],
    gzip: Bytes,
    /// Another one for other bytes.
    version: String,
}

static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| {
    vec![
        asset("style.css", CSS, include_bytes!("assets/style.css")),
        asset("dark.css", CSS, include_bytes!("assets/dark.css")),
        asset("console.js", JAVASCRIPT, include_bytes!("assets/console.js")),
        asset("charts.js", JAVASCRIPT, include_bytes!("assets/charts.js")),
        asset("htmx.js", JAVASCRIPT, include_bytes!("assets/htmx.js")),
        asset("uplot.js", JAVASCRIPT, include_bytes!("assets/uplot.js")),
        asset("uplot.css", CSS, include_bytes!("assets/uplot.css")),
        asset("icon.svg", "image/svg+xml", include_bytes!("assets/icon.svg")),
    ]
});

fn asset(name: &'static str, kind: &'static str, plain: &'static [u8]) -> Asset {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let gzip = encoder.write_all(plain).and_then(|()| encoder.finish()).expect("memory takes what is written to it");
    let version = blake3::hash(plain).to_hex()[..12].to_owned();
    Asset { name, kind, plain, gzip: gzip.into(), version }
}

/// Where a browser finds the asset `name`.
pub(super) fn path(name: &str) -> Option<String> {
    let asset = ASSETS.iter().find(|asset| asset.name == name)?;
    Some(format!("/admin/assets/{name}?v={}", asset.version))
}

/// `GET assets/<name>`.
pub(super) async fn serve(request: HttpRequest) -> Answer {
    let name = request.match_info().get("name").unwrap_or_default();
    let asset = ASSETS.iter().find(|asset| asset.name == name).ok_or_else(PageError::not_found)?;
    let is_current = request.query_string() == format!("v={}", asset.version);
    let cache = if is_current { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut answer = HttpResponse::Ok();
    answer.insert_header((header::CONTENT_TYPE, asset.kind));
    answer.insert_header((header::CACHE_CONTROL, cache));
    answer.insert_header((header::VARY, "accept-encoding"));
    let accepts = request.headers().get(header::ACCEPT_ENCODING).map(HeaderValue::to_str);
    if matches!(accepts, Some(Ok(accepts)) if accepts.contains("gzip")) {
        answer.insert_header((header::CONTENT_ENCODING, "gzip"));
        return Ok(answer.body(asset.gzip.clone()));
    }
    Ok(answer.body(asset.plain))
}
