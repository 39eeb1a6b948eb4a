//! What is answered when something else than what was asked for is, once for all operations.

use serde_json::{Value, json};
use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};

use super::inputs::read;
use super::problems;

/// The media type of nearly everything.
pub(super) const JSON: &str = "application/json";

const BAD_ORDER: &str = "BadOrder";
const BAD_BULK: &str = "BadBulk";

/// Status, name, description and an example of the body.
type Refusal = (u16, &'static str, &'static str, fn() -> Value);

const REFUSALS: [Refusal; 17] = [
    (
        400,
        "BadRequest",
        "Something is wrong with the request; what it is stands beside each field.",
        || json!({"customer_name": ["This field is required."]}),
    ),
    (400, BAD_ORDER, "Something is wrong with the order, or there is not enough of a product.", || {
        json!(["Insufficient stock for product Phone."])
    }),
    (
        400,
        BAD_BULK,
        "Something is wrong with the list or with orders in it; none was placed.",
        || json!([{}, {"items": [{"product_id": ["Invalid pk \"99\" - object does not exist."]}]}]),
    ),
    (
        401,
        "Unauthorized",
        "No key or session was given, or one that does not hold.",
        || json!({"detail": "Authentication credentials were not provided, or no longer hold."}),
    ),
    (
        403,
        "Forbidden",
        "The role or the scope does not do, or a page of another site is behind it.",
        || json!({"detail": "This needs the role admin."}),
    ),
    (404, "NotFound", "There is no such thing.", || json!({"detail": "Not found."})),
    (
        405,
        "NotAllowed",
        "The path does not answer to this method.",
        || json!({"detail": "Method \"PUT\" not allowed."}),
    ),
    (
        408,
        "TooSlow",
        "The body did not arrive in time.",
        || json!({"detail": "The body did not arrive within 30000 ms."}),
    ),
    (
        409,
        "Conflict",
        "The state of things forbids it.",
        || json!({"detail": "Order 2 is cancelled and cannot become pending. It has ended; no transition is possible."}),
    ),
    (
        412,
        "Changed",
        "It was changed meanwhile: it does not have the tag of If-Match. The header ETag has the tag it has now.",
        || json!({"detail": "Order 2 was changed meanwhile and is at version 4. Read it again, then repeat.", "current": 4}),
    ),
    (
        413,
        "TooLarge",
        "The body is too large.",
        || json!({"detail": "The body is too large: at most 1048576 bytes are taken."}),
    ),
    (
        415,
        "Unsupported",
        "The body is not JSON.",
        || json!({"detail": "Unsupported media type \"text/plain\" in request."}),
    ),
    (
        422,
        "KeyReused",
        "The idempotency key was used for another request, or by another caller.",
        || json!({"detail": "This idempotency key was used for another request; take a new one."}),
    ),
    (
        429,
        "TooMany",
        "Too many requests by this key or from this address.",
        || json!({"detail": "Request was throttled. Expected available in 1 seconds."}),
    ),
    (
        500,
        "Fault",
        "The server is at fault; its log says why.",
        || json!({"detail": "The server failed to answer; the log says why."}),
    ),
    (
        503,
        "Unavailable",
        "Nothing was done, or it shows after the next start; try again later.",
        || json!({"detail": "Too much is waiting already; try again later."}),
    ),
    (
        507,
        "NoSpace",
        "The disk is full, and nothing of the request was kept.",
        || json!({"detail": "The disk is full, and nothing of the request was kept; try again when there is room on it."}),
    ),
];

/// The answers, by name.
pub(super) fn responses() -> Vec<(&'static str, RefOr<Response>)> {
    let response = |(status, name, description, example): Refusal| {
        let schema = match name {
            BAD_ORDER => "OrderProblem",
            BAD_BULK => "BulkProblem",
            _ => "Problem",
        };
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(schema))).example(Some(example()));
        let mut response = ResponseBuilder::new().description(description).content(JSON, content.build());
        response = with_id(response);
        for (header, of) in
            [("Allow", &[405][..]), ("ETag", &[412]), ("Retry-After", &[429, 503, 507]), ("WWW-Authenticate", &[401])]
        {
            if of.contains(&status) {
                response = response.header(header, self::header(header));
            }
        }
        if name == BAD_BULK {
            response = response.header("Packhorse-Row", self::header("Packhorse-Row"));
        }
        (name, RefOr::T(response.build()))
    };
    REFUSALS.into_iter().map(response).collect()
}

/// The response of `operation` to a bad request.
pub(super) fn bad_request(operation: &str) -> Ref {
    Ref::from_response_name(match operation {
        "order_create" => BAD_ORDER,
        "order_bulk" => BAD_BULK,
        _ => return refusal(400),
    })
}

/// The response for a status other than success.
pub(super) fn refusal(status: u16) -> Ref {
    let name = REFUSALS.iter().find(|(of, ..)| *of == status).map(|(_, name, ..)| *name);
    Ref::from_response_name(name.expect("each status that is answered has its response"))
}

/// The header that every answer has.
pub(super) fn with_id(response: ResponseBuilder) -> ResponseBuilder {
    response
        .header("X-Request-Id", header("X-Request-Id"))
        .header("Packhorse-Ignored", header("Packhorse-Ignored"))
        .header("Preference-Applied", header("Preference-Applied"))
}

/// A header of an answer.
pub(super) fn header(name: &str) -> Header {
    let (schema, description) = match name {
        "Allow" => (json!({"type": "string"}), "The methods that the path answers to."),
        "Content-Security-Policy" => {
            (json!({"type": "string"}), "What a browser may load for the page: nothing from elsewhere.")
        }
        "ETag" => (json!({"type": "string"}), "What the answer shows, for If-Match and If-None-Match."),
        "Packhorse-Ignored" => {
            (json!({"type": "string"}), "Members of the body, parameters and conditions that had no effect, if any.")
        }
        "Preference-Applied" => (json!({"type": "string", "enum": ["handling=strict"]}), "The request preferred it."),
        "Idempotent-Replayed" => {
            (json!({"type": "string", "enum": ["true"]}), "The answer was given before, to the same key and body.")
        }
        "Link" => (json!({"type": "string"}), "Where the next page is: <...>; rel=\"next\". Absent on the last page."),
        "Packhorse-Row" => (json!({"type": "integer"}), "Of a bulk: the row at fault, counted from 0, if it is one."),
        "Retry-After" => (json!({"type": "integer"}), "When to try again, in seconds."),
        "WWW-Authenticate" => (json!({"type": "string"}), "Bearer: a key is what is asked for."),
        _ => (json!({"type": "string"}), "The id of the request, as it stands in the log."),
    };
    HeaderBuilder::new().schema(Some(read(schema))).description(Some(description)).build()
}

/// The schemas of what the responses hold.
pub(super) fn schemas() -> Vec<(&'static str, Value)> {
    let links = json!({
        "type": "object", "required": ["categories", "products", "orders"],
        "properties": {"categories": {"type": "string"}, "products": {"type": "string"}, "orders": {"type": "string"}},
    });
    let health = json!({
        "type": "object", "required": ["status"],
        "properties": {"status": {"type": "string", "enum": ["ok"]}},
    });
    let readiness = json!({
        "type": "object", "required": ["status", "journal"],
        "properties": {
            "status": {"$ref": "#/components/schemas/Readiness"},
            "journal": {
                "type": "string", "enum": ["unverified", "sound", "damaged"],
                "description": "What was last found on the disk; unverified until all of it was read once since the \
                    start. Commands are taken also while it is damaged.",
            },
        },
    });
    [
        ("Links", links),
        ("Health", health),
        ("ReadinessReport", readiness),
        ("Document", json!({"type": "object", "additionalProperties": true})),
    ]
    .into_iter()
    .chain(problems::schemas())
    .collect()
}
