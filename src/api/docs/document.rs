//! The document, put together.

use actix_web::http::Method;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa::openapi::path::{OperationBuilder, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::{
    Components, Contact, Content, ContentBuilder, HttpMethod, InfoBuilder, License, OpenApiBuilder, Paths, Ref, RefOr,
    Required, Response, ResponseBuilder, Schema, ServerBuilder, tag::TagBuilder,
};

use super::super::access::{AuditBody, KeyBody, MeBody, NewKeyBody, SessionBody, UserBody};
use super::super::overview::{OverviewBody, TrendBody};
use super::super::routes::{BULK, READYZ};
use super::answers::{self, JSON, bad_request, header, refusal, with_id};
use super::inputs::{self, read};
use super::operations::{Operation, Shows, operations};
use super::security::{self, guarded};
use crate::wire::render::{CategoryBody, HappeningBody, MovementBody, OrderBody, ProductBody, SettingRow, StepBody};

const DESCRIPTION: &str = "Orders, stock and catalogue. Errors have the shapes and texts of Django REST framework. What is documented is \
    the form that is best sent; more is taken, as there: numbers may be written as texts and texts as numbers, flags as yes, \
    no, on, off, 1 and 0, and an empty query parameter counts as none. A path is served with a slash at its end and without; \
    HEAD is answered wherever GET is, and OPTIONS everywhere.";

/// Were it documented, what generated clients get for an order would be of two types, or of the wrong one.
const DRY_ORDER: &str = " With ?dry_run=true it changes nothing and answers 200, as order_bulk does.";

/// The groups that operations are shown in.
const TAGS: [(&str, &str); 5] = [
    ("orders", "Orders, one or many at once, and their way to the customer."),
    ("products", "What is sold, how much of it is there, and why."),
    ("categories", "What products are sorted by."),
    ("access", "Who may call: users, API keys, sessions, and who changed what."),
    ("service", "How the server is, and its documentation."),
];

/// The document.
pub(super) fn document() -> Value {
    let mut license = License::new("MIT");
    license.identifier = Some("MIT".into());
    let mut contact = Contact::new();
    contact.name = Some("The Packhorse developers".into());
    let info = InfoBuilder::new().title("Packhorse").version(env!("CARGO_PKG_VERSION")).description(Some(DESCRIPTION));
    let info = info.license(Some(license)).contact(Some(contact)).build();
    let server = ServerBuilder::new().url("/").description(Some("The server that this document is from.")).build();
    let mut components = Components::default();
    let mut add = |(name, schema): (&str, RefOr<Schema>)| components.schemas.insert(name.into(), schema);
    of::<CategoryBody<'_>>(&mut add);
    of::<ProductBody<'_>>(&mut add);
    of::<OrderBody<'_>>(&mut add);
    of::<HappeningBody<'_>>(&mut add);
    of::<StepBody<'_>>(&mut add);
    of::<MovementBody<'_>>(&mut add);
    of::<MeBody<'_>>(&mut add);
    of::<UserBody<'_>>(&mut add);
    of::<KeyBody<'_>>(&mut add);
    of::<NewKeyBody<'_>>(&mut add);
    of::<SessionBody<'_>>(&mut add);
    of::<AuditBody<'_>>(&mut add);
    of::<OverviewBody<'_>>(&mut add);
    of::<TrendBody>(&mut add);
    of::<SettingRow>(&mut add);
    components.security_schemes.extend(security::schemes().map(|(name, scheme)| (name, scheme.into())));
    components.responses.extend(answers::responses().into_iter().map(|(name, response)| (name.into(), response)));
    let mut paths = Paths::new();
    for operation in operations() {
        let item = paths.paths.entry(shown(operation.path).into()).or_default();
        let method = operation.method.clone();
        let built = build(operation);
        match method {
            HttpMethod::Get => item.get = Some(built),
            HttpMethod::Post => item.post = Some(built),
            HttpMethod::Put => item.put = Some(built),
            HttpMethod::Patch => item.patch = Some(built),
            _ => item.delete = Some(built),
        }
    }
    let tags = TAGS.map(|(name, text)| TagBuilder::new().name(name).description(Some(text)).build());
    let document = OpenApiBuilder::new().info(info).servers(Some([server])).tags(Some(tags)).paths(paths);
    let document = document.components(Some(components)).build();
    let mut document = serde_json::to_value(document).expect("a document is JSON");
    for (name, schema) in inputs::schemas().into_iter().chain(answers::schemas()) {
        document["components"]["schemas"][name] = schema;
    }
    document
}

/// Adds the schema of `T`, and those that it refers to.
fn of<T: ToSchema>(add: &mut impl FnMut((&str, RefOr<Schema>)) -> Option<RefOr<Schema>>) {
    let mut schemas = vec![(T::name().into_owned(), T::schema())];
    T::schemas(&mut schemas);
    for (name, schema) in schemas {
        add((&name, schema));
    }
}

/// `path` in the shorter of the two forms that are served.
pub(super) fn shown(path: &str) -> &str {
    path.trim_end_matches('/')
}

fn tag(path: &str) -> &'static str {
    match path {
        path if path.starts_with("/api/access/") => "access",
        path if path.contains("/orders/") => "orders",
        path if path.contains("/products/") => "products",
        path if path.contains("/categories/") => "categories",
        _ => "service",
    }
}

fn build(operation: Operation) -> utoipa::openapi::path::Operation {
    let Operation { path, method, id, summary, status, shows, input, parameters, errors, takes_key, has_tag } =
        operation;
    let is_page = parameters.iter().any(|parameter| parameter.name == "cursor");
    let has_query = parameters.iter().any(|parameter| parameter.parameter_in == ParameterIn::Query);
    let has_path = parameters.iter().any(|parameter| parameter.parameter_in == ParameterIn::Path);
    let mut built = OperationBuilder::new().operation_id(Some(id)).summary(Some(summary)).tag(tag(path));
    built = built.parameters(Some(parameters)).parameter(request_id());
    if takes_key {
        built = built.parameter(idempotency_key());
    }
    let reads = matches!(method, HttpMethod::Get);
    if has_tag {
        built = built.parameter(condition(if reads { "If-None-Match" } else { "If-Match" }));
    }
    let mut response = ResponseBuilder::new().description(summary);
    response = match shows {
        Shows::One(schema) => response.content(JSON, one(schema)),
        Shows::List(schema) => response.content(JSON, list(schema)),
        Shows::Nothing => response,
        Shows::File(kinds) => {
            let text = || ContentBuilder::new().schema(Some(read(json!({"type": "string"})))).build();
            let response = kinds.iter().fold(response, |response, kind| response.content(*kind, text()));
            response.header("Content-Security-Policy", header("Content-Security-Policy"))
        }
    };
    if is_page {
        response = response.header("Link", header("Link"));
    }
    if takes_key {
        response = response.header("Idempotent-Replayed", header("Idempotent-Replayed"));
    }
    if has_tag && status == 200 {
        response = response.header("ETag", header("ETag"));
    }
    built = built.response(status.to_string(), with_id(response).build());
    if has_tag && reads {
        let same = ResponseBuilder::new().description("It still has a tag of If-None-Match.");
        built = built.response("304", with_id(same.header("ETag", header("ETag"))).build());
    }
    if path == BULK {
        let dry = ResponseBuilder::new().description("What would become of each row.").content(JSON, one("DryRun"));
        built = built.response("200", with_id(dry).build());
    }
    let mut refused = vec![500];
    refused.extend(if has_tag && !reads { [400, 412].iter() } else { [].iter() });
    refused.extend(if path == READYZ { None } else { Some(503) });
    refused.extend(if reads { [].iter() } else { [507].iter() });
    refused.extend(if has_path { [404, 405].iter() } else { [].iter() });
    refused.extend(if input.is_some() || has_query { [400].iter() } else { [].iter() });
    refused.extend(if input.is_some() { [408, 413, 415].iter() } else { [].iter() });
    refused.extend(if takes_key { [422].iter() } else { [].iter() });
    refused.extend(errors);
    for status in refused {
        let answer = if status == 400 { bad_request(id) } else { refusal(status) };
        built = built.response(status.to_string(), RefOr::<Response>::Ref(answer));
    }
    if path == READYZ {
        let not =
            ResponseBuilder::new().description("Why commands are not taken.").content(JSON, one("ReadinessReport"));
        built = built.response("503", with_id(not).build());
    }
    if let Some(input) = input {
        let schema = Ref::from_schema_name(input.schema);
        let schema = if input.is_list { array(schema.into()) } else { schema.into() };
        let content = ContentBuilder::new().schema(Some(schema)).example(Some(input.example)).build();
        let required = if input.is_required { Required::True } else { Required::False };
        built =
            built.request_body(Some(RequestBodyBuilder::new().content(JSON, content).required(Some(required)).build()));
    }
    let note = if id == "order_create" { DRY_ORDER } else { "" };
    guarded(built, security::need(path, &verb(&method)), note).build()
}

fn verb(method: &HttpMethod) -> Method {
    match method {
        HttpMethod::Get => Method::GET,
        HttpMethod::Post => Method::POST,
        HttpMethod::Put => Method::PUT,
        HttpMethod::Patch => Method::PATCH,
        _ => Method::DELETE,
    }
}

fn one(schema: &str) -> Content {
    Content::new(Some(Ref::from_schema_name(schema)))
}

fn list(schema: &str) -> Content {
    Content::new(Some(array(Ref::from_schema_name(schema).into())))
}

fn array(items: RefOr<Schema>) -> RefOr<Schema> {
    utoipa::openapi::ArrayBuilder::new().items(items).into()
}

fn request_id() -> ParameterBuilder {
    ParameterBuilder::new()
        .name("X-Request-Id")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some("An id of up to 64 visible characters, for the log. Another one is made where it is none."))
        .schema(Some(read(json!({"type": "string", "maxLength": 64}))))
}

fn idempotency_key() -> ParameterBuilder {
    ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "A request that carries the key of an earlier one is answered as that was, and does nothing.",
        ))
        .schema(Some(read(json!({"type": "string", "pattern": "^[!#-~]{1,255}$"}))))
}

/// `If-Match` or `If-None-Match`.
fn condition(name: &str) -> ParameterBuilder {
    // What is no tag is none that somebody has; but a command is not carried out for it.
    let schema = match name {
        "If-Match" => json!({"type": "string", "pattern": "^\"[0-9A-Za-z.-]{1,80}\"$"}),
        _ => json!({"type": "string"}),
    };
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some("The ETag of an answer, as it stands there."))
        .schema(Some(read(schema)))
}
