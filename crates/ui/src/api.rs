//! The API for people: the OpenAPI document as a page, without anything from elsewhere.

use std::collections::BTreeMap;

use maud::{Markup, html};
use serde_json::{Map, Value};

use crate::frame::page;

/// The methods of an OpenAPI path, in the order in which they are shown.
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// How deep bodies are shown: what lies below is named only.
const DEPTH: usize = 3;

struct Operation<'d> {
    method: &'static str,
    path: &'d str,
    value: &'d Value,
}

fn text<'d>(value: &'d Value, name: &str) -> &'d str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// The page of a document.
pub fn api_page(document: &Value) -> String {
    let mut groups: BTreeMap<&str, Vec<Operation<'_>>> = BTreeMap::new();
    let none = Map::new();
    let paths = document
        .get("paths")
        .and_then(Value::as_object)
        .unwrap_or(&none);
    for (path, item) in paths {
        for method in METHODS {
            let Some(value) = item.get(method) else {
                continue;
            };
            let tag = value
                .pointer("/tags/0")
                .and_then(Value::as_str)
                .unwrap_or("other");
            groups.entry(tag).or_default().push(Operation {
                method,
                path,
                value,
            });
        }
    }
    let body = html! {
        h1 { "What can programs do here?" }
        p {
            (text(document.get("info").unwrap_or(&Value::Null), "description")) " "
            "Send a token of your account: " code { "authorization: Bearer stn_…" } ". "
            a href="/api/v1/openapi.json" { "The same as an OpenAPI document" } "."
        }
        @for (tag, operations) in &groups {
            h2 { (tag) }
            @for operation in operations { (shown(document, operation)) }
        }
    };
    page("API", false, None, &body)
}

fn shown(document: &Value, operation: &Operation<'_>) -> Markup {
    let value = operation.value;
    let summary = text(value, "summary");
    let description = text(value, "description");
    let permission = text(value, "x-permission");
    let parameters = value.get("parameters").and_then(Value::as_array);
    html! {
        details {
            summary {
                span.method { (operation.method.to_uppercase()) }
                code { (operation.path) }
                span.muted { (summary) }
            }
            div.inside {
                @if !description.is_empty() && description != summary { p { (description) } }
                p {
                    @match permission {
                        "" => { "Permission: not said." }
                        "public" => { "For everybody, signed in or not." }
                        name => { "Permission: " code { (name) } }
                    }
                }
                @if let Some(parameters) = parameters.filter(|parameters| !parameters.is_empty()) {
                    div.scroll { table {
                        thead { tr { th scope="col" { "Parameter" } th scope="col" { "In" } th scope="col" { "Meaning" } } }
                        tbody { @for parameter in parameters {
                            tr {
                                td { code { (text(parameter, "name")) }
                                    @if parameter.get("required").and_then(Value::as_bool) == Some(true) { " (needed)" } }
                                td { (text(parameter, "in")) }
                                td { (text(parameter, "description")) }
                            }
                        } }
                    } }
                }
                @if let Some(body) = value.get("requestBody") { p { "Body: " (content(document, body)) } }
                @if let Some(answers) = value.get("responses").and_then(Value::as_object) {
                    dl { @for (status, answer) in answers {
                        dt { @if status == "default" { "else" } @else { (status) } }
                        dd { (text(answer, "description")) " " (content(document, answer)) }
                    } }
                }
            }
        }
    }
}

/// The media types and shapes of a body.
fn content(document: &Value, value: &Value) -> Markup {
    let none = Map::new();
    let content = value
        .get("content")
        .and_then(Value::as_object)
        .unwrap_or(&none);
    html! {
        @for (kind, media) in content {
            code { (kind) } " "
            @if let Some(schema) = media.get("schema") { (shape(document, schema, 0)) }
        }
    }
}

/// The name of a schema, or what it is made of.
fn shape(document: &Value, schema: &Value, depth: usize) -> Markup {
    let reference = text(schema, "$ref");
    let name = reference.rsplit('/').next().unwrap_or_default();
    // Only the components of the document itself are followed.
    let inside = reference
        .strip_prefix("#/components/schemas/")
        .and_then(|name| document.pointer("/components/schemas")?.get(name));
    let schema = inside.unwrap_or(schema);
    let properties = schema.get("properties").and_then(Value::as_object);
    html! {
        @if !name.is_empty() { code { (name) } }
        @if let Some(properties) = properties.filter(|_| depth < DEPTH) {
            dl { @for (name, property) in properties {
                dt { code { (name) } }
                dd { (kind(property)) " " (text(property, "description")) " " (shape_inside(document, property, depth)) }
            } }
        } @else if name.is_empty() {
            (kind(schema)) " " (shape_inside(document, schema, depth))
        }
    }
}

fn shape_inside(document: &Value, property: &Value, depth: usize) -> Markup {
    let next = property.get("items").unwrap_or(property);
    html! {
        @if depth + 1 < DEPTH && (next.get("$ref").is_some() || next.get("properties").is_some()) {
            (shape(document, next, depth + 1))
        }
    }
}

/// The JSON type of a schema.
fn kind(schema: &Value) -> Markup {
    let word = match schema.get("type") {
        Some(Value::String(word)) => word.clone(),
        Some(Value::Array(words)) => words
            .iter()
            .filter_map(Value::as_str)
            .filter(|word| *word != "null")
            .collect::<Vec<_>>()
            .join(" or "),
        _ => String::new(),
    };
    html! { @if !word.is_empty() { span.muted { (word) } } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_grouped_with_all_that_they_say() {
        let document: Value = serde_json::from_str(
            r##"{"info":{"description":"D."},"paths":{"/api/v1/things/{id}":{"put":{"tags":["things"],"summary":"Makes <one>.",
            "x-permission":"product.write","parameters":[{"name":"id","in":"path","required":true,"description":"Which"}],
            "requestBody":{"content":{"application/json":{"schema":{"$ref":"#/components/schemas/Thing"}}}},
            "responses":{"204":{"description":"Made"},"default":{"description":"A problem"}}}}},
            "components":{"schemas":{"Thing":{"type":"object","properties":{"part":{"$ref":"#/components/schemas/Thing"},
            "name":{"type":["string","null"],"description":"Its name"}}}}}}"##,
        )
        .unwrap();
        let page = api_page(&document);
        for text in [
            "<h2>things</h2>",
            "PUT",
            "/api/v1/things/{id}",
            "Makes &lt;one&gt;.",
            "product.write",
            "(needed)",
            "Its name",
            "204",
            "else",
        ] {
            assert!(page.contains(text), "{text}\n{page}");
        }
        assert!(api_page(&Value::Null).contains("What can programs do here?"));
    }
}
