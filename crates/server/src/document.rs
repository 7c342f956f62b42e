//! The OpenAPI document: what the operations say of themselves, with what holds for all of them.
//!
//! Each operation names its permission in `x-permission`; from it follows how one has to be signed in. What every
//! operation may answer besides its own answers is the `default`: a problem.

use serde_json::{Map, Value, json};
use utoipa::openapi::OpenApi;

/// Each tag, and what its operations are about.
const TAGS: &[(&str, &str)] = &[
    (
        "set-up",
        "The first administrator, made once with the code that the server prints.",
    ),
    (
        "session",
        "Signing in and out, with a password or with an OpenID provider.",
    ),
    (
        "me",
        "One's own account: password, second factor, sessions.",
    ),
    (
        "policy members",
        "Who is meant by the roles that the policy names.",
    ),
    ("accounts", "People and services, and their roles."),
    (
        "invitations",
        "Links by which somebody makes an account of their own.",
    ),
    ("audit", "The log of all changes."),
    (
        "products",
        "What the organisation ships, runs or has bought: products, branches, versions, deployments.",
    ),
    (
        "inventories",
        "Documents that say what is in a version: taken in, judged at once, kept as they came.",
    ),
    (
        "findings",
        "What is wrong, why, since when, and where: lists, the search \"are we affected?\", history.",
    ),
    (
        "policy",
        "The organisation's policy, its versions, and the bundle that the command line judges by.",
    ),
    (
        "exceptions",
        "Exceptions: somebody asks, somebody else allows, for a time.",
    ),
    (
        "decisions",
        "Decisions about findings: not affected, in triage, and why.",
    ),
    ("vex", "VEX documents of others."),
    (
        "views",
        "Lists of findings that somebody keeps, and may share.",
    ),
    (
        "advisories",
        "Advisories of the organisation's own, and the state of the database.",
    ),
    ("assets", "Asset lists that are kept elsewhere."),
    (
        "events",
        "What happened, in its order, and the channels through which people are told.",
    ),
    ("jobs", "What the server does in the background."),
    (
        "operations",
        "Copies of everything, and whether the machinery is well.",
    ),
    (
        "badges",
        "Badges for pages elsewhere; only where a product says so.",
    ),
];

/// The methods of a path.
const METHODS: [&str; 5] = ["get", "put", "post", "delete", "patch"];

/// Paths whose `{id}` is not a UUID: people give it, or it is a number.
const OTHER_IDS: [&str; 4] = [
    "/api/v1/exceptions/",
    "/api/v1/vulnerabilities/",
    "/api/v1/advisories/",
    "/api/v1/jobs/",
];

/// The document as it is served.
pub fn of(described: &OpenApi) -> Result<Value, serde_json::Error> {
    let mut document = serde_json::to_value(described)?;
    document["info"]["version"] = json!(env!("CARGO_PKG_VERSION"));
    document["components"]["securitySchemes"] = json!({
        "token": {
            "type": "http", "scheme": "bearer", "bearerFormat": "stn_...",
            "description": "An access token of an account: POST /api/v1/me/tokens makes one.",
        },
        "session": {
            "type": "apiKey", "in": "cookie", "name": "__Host-stanchion",
            "description": "The cookie that signing in sets; without HTTPS its name is `stanchion`. A request with it that changes something has to come from a page of the portal.",
        },
    });
    let mut used: Vec<String> = Vec::new();
    if let Some(paths) = document["paths"].as_object_mut() {
        for (path, item) in paths {
            for method in METHODS {
                if let Some(operation) = item.get_mut(method).and_then(Value::as_object_mut) {
                    complete(path, method, operation);
                    used.extend(tags(operation));
                }
            }
        }
    }
    let tags: Vec<Value> = TAGS
        .iter()
        .filter(|(name, _)| used.iter().any(|used| used == name))
        .map(|(name, about)| json!({ "name": name, "description": about }))
        .collect();
    document["tags"] = Value::Array(tags);
    Ok(document)
}

fn tags(operation: &Map<String, Value>) -> Vec<String> {
    operation
        .get("tags")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|tag| tag.as_str().map(str::to_owned))
        .collect()
}

/// What follows for an operation from where it is and what it asks for.
fn complete(path: &str, method: &str, operation: &mut Map<String, Value>) {
    operation.insert("operationId".to_owned(), json!(name(path, method)));
    let permission = operation.get("x-permission").and_then(Value::as_str);
    let security = match permission {
        Some("public") => json!([]),
        _ => json!([{ "token": [] }, { "session": [] }]),
    };
    operation.insert("security".to_owned(), security);
    for parameter in operation
        .get_mut("parameters")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
    {
        bound(path, parameter);
    }
    if let Some(body) = operation
        .get_mut("requestBody")
        .and_then(Value::as_object_mut)
    {
        body.insert("required".to_owned(), json!(true));
        // Not every client knows the type of TOML, and none is asked for it.
        if let Some(content) = body.get_mut("content").and_then(Value::as_object_mut)
            && let Some(text) = content.get("application/toml").cloned()
        {
            content.insert("text/plain".to_owned(), text);
        }
    }
    for (status, answer) in operation
        .get_mut("responses")
        .and_then(Value::as_object_mut)
        .into_iter()
        .flatten()
    {
        if answer["description"].as_str().is_none_or(str::is_empty) {
            answer["description"] = json!(meaning(status));
        }
    }
}

/// The operation's name, which no other has: `get_products_by_name_versions`.
fn name(path: &str, method: &str) -> String {
    let mut name = method.to_owned();
    for part in path
        .trim_start_matches("/api/v1")
        .split('/')
        .filter(|part| !part.is_empty())
    {
        name.push('_');
        let plain = part.trim_matches(['{', '}']);
        if plain != part {
            name.push_str("by_");
        }
        name.extend(plain.chars().map(|letter| {
            if letter.is_ascii_alphanumeric() {
                letter
            } else {
                '_'
            }
        }));
    }
    name
}

/// What a parameter of this name may be.
fn bound(path: &str, parameter: &mut Value) {
    let is = |parameter: &Value, name: &str, place: &str| {
        parameter["name"] == name && parameter["in"] == place
    };
    if is(parameter, "limit", "query") {
        parameter["schema"] = json!({ "type": "integer", "minimum": 1, "maximum": 500 });
    }
    let uuid = ["id", "inventory", "token"]
        .iter()
        .any(|name| is(parameter, name, "path"));
    if uuid && !OTHER_IDS.iter().any(|other| path.starts_with(other)) {
        parameter["schema"] = json!({ "type": "string", "format": "uuid" });
    }
    if is(parameter, "if-match", "header") && parameter["description"].as_str().is_none() {
        parameter["description"] =
            json!("The `etag` of the state that is changed: 412 when it is another by now.");
    }
}

/// What a status says where the operation does not say it.
fn meaning(status: &str) -> &'static str {
    match status {
        "200" => "The answer",
        "201" => "It is made",
        "202" => "It will be done in the background",
        "204" => "It is done",
        "303" => "Go there",
        "304" => "It is as `if-none-match` says",
        _ => "A problem",
    }
}
