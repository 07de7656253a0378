//! `GET /openapi.json`: the endpoints in the form that other programs read (OpenAPI 3.1.0). It is made from the route
//! table and the parameters that the handlers declare.

use std::sync::LazyLock;

use axum::{extract::State, http::StatusCode, response::Response};
use jeton_core::lock::{Asker, scopes_granting};
use serde_json::{Map, Value, json};

use super::{
    endpoints::Endpoints,
    params::{Declared, Kind},
    reply,
};
use crate::{
    app::App,
    guard::{Anybody, Grant, Route},
};

/// What all paths begin with.
const BASE: &str = "/api/v4";

/// The description is the same for everybody.
pub(crate) async fn document(_: Grant<Anybody>, State(_): State<App>) -> Response {
    static DOCUMENT: LazyLock<Value> = LazyLock::new(|| describe(&super::endpoints()));
    reply::json(StatusCode::OK, &*DOCUMENT)
}

fn describe(endpoints: &Endpoints) -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for (route, parameters) in endpoints.rows() {
        let Some(path) = route.path.strip_prefix(BASE) else { continue };
        paths.entry(path).or_insert_with(|| json!({}))[route.method.to_ascii_lowercase()] =
            operation(route, parameters);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Jeton",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Personal access tokens and what they open. Paths, fields and errors are GitLab's.",
        },
        "servers": [{ "url": BASE }],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "private_token": { "type": "apiKey", "in": "header", "name": "PRIVATE-TOKEN" },
                "bearer": { "type": "http", "scheme": "bearer" },
            },
            "schemas": {
                "Error": {
                    "type": "object",
                    "properties": {
                        "message": { "description": "What the endpoint says; an object names attributes of a record." },
                        "error": { "description": "What is wrong with the request or its token." },
                        "error_description": { "type": "string" },
                        "scope": { "type": "string", "description": "Scopes each of which would do." },
                    },
                },
            },
        },
    })
}

fn operation(route: &Route, parameters: &[Declared]) -> Value {
    let in_body = !matches!(route.method, "GET" | "DELETE");
    let mut listed = path_parameters(route);
    let mut operation = json!({ "summary": route.summary, "security": security(route), "responses": responses() });
    if in_body && !parameters.is_empty() {
        operation["requestBody"] = body(parameters);
    } else {
        listed.extend(parameters.iter().map(|parameter| {
            let (name, required) = (parameter.name, parameter.required);
            let style = if parameter.kind == Kind::TextsByName { "deepObject" } else { "form" };
            json!({ "name": name, "in": "query", "required": required, "style": style, "schema": schema(parameter.kind) })
        }));
    }
    if !listed.is_empty() {
        operation["parameters"] = listed.into();
    }
    if let Some(ability) = route.act.ability {
        let scopes = scopes_granting(ability).collect::<Vec<_>>().join(", ");
        operation["description"] = format!("Scopes that open it: {scopes}.").into();
    }
    operation
}

/// What varies in the path. A project is named by its number or its path, a user where everybody may read by number or
/// name, almost everything else by its number.
fn path_parameters(route: &Route) -> Vec<Value> {
    let names = route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let either = route.path.contains("/projects/")
        || route.path.ends_with("/projects")
        || (route.act.asker == Asker::Anyone && route.path.contains("/users/{user_id}/"));
    let schema = |name| match name {
        "key" | "provider" => schema(Kind::Text),
        "id" | "user_id" if either => json!({ "type": ["integer", "string"] }),
        _ => schema(Kind::Integer),
    };
    names.map(|name| json!({ "name": name, "in": "path", "required": true, "schema": schema(name) })).collect()
}

/// A token in either header; none where everybody may ask.
fn security(route: &Route) -> Value {
    match route.act.asker {
        Asker::Anyone if route.act.ability.is_none() => json!([]),
        Asker::Anyone => json!([{}, { "private_token": [] }, { "bearer": [] }]),
        Asker::SignedIn | Asker::Administrator | Asker::Proven | Asker::ProvenAdministrator => {
            json!([{ "private_token": [] }, { "bearer": [] }])
        }
    }
}

fn responses() -> Value {
    let error = json!({ "application/json": { "schema": { "$ref": "#/components/schemas/Error" } } });
    json!({ "2XX": { "description": "Done" }, "4XX": { "description": "Refused", "content": error } })
}

/// The same parameters in either kind of body.
fn body(parameters: &[Declared]) -> Value {
    let properties: Map<String, Value> =
        parameters.iter().map(|parameter| (parameter.name.to_owned(), schema(parameter.kind))).collect();
    let required: Vec<_> = parameters.iter().filter(|parameter| parameter.required).map(|one| one.name).collect();
    let schema = json!({ "schema": { "type": "object", "properties": properties, "required": required } });
    if parameters.iter().any(|parameter| parameter.kind == Kind::File) {
        return json!({ "content": { "multipart/form-data": schema } });
    }
    json!({ "content": { "application/json": schema, "application/x-www-form-urlencoded": schema } })
}

fn schema(kind: Kind) -> Value {
    match kind {
        Kind::Text => json!({ "type": "string" }),
        Kind::Integer => json!({ "type": "integer", "format": "int64" }),
        Kind::Boolean => json!({ "type": "boolean" }),
        Kind::Date => json!({ "type": "string", "format": "date" }),
        Kind::End => json!({
            "type": "string",
            "description": "A date, at whose 00:00 UTC it ends, or a moment with its zone (RFC 3339).",
        }),
        Kind::Moment => json!({ "type": "string", "format": "date-time" }),
        Kind::Word(words) => json!({ "type": "string", "enum": words }),
        Kind::Texts => json!({ "type": "array", "items": { "type": "string" } }),
        Kind::TextsByName => json!({ "type": "object", "additionalProperties": { "type": "string" } }),
        Kind::File => json!({ "type": "string", "format": "binary" }),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn every_endpoint_is_described_with_its_parameters() {
        let endpoints = crate::doors::api::endpoints();
        let document = describe(&endpoints);
        for (route, _) in endpoints.rows().filter(|(route, _)| route.path.starts_with(BASE)) {
            let operation = &document["paths"][&route.path[BASE.len()..]][route.method.to_ascii_lowercase()];
            assert_eq!(operation["summary"], route.summary, "{} {}", route.method, route.path);
        }
        let list = document["paths"]["/personal_access_tokens"]["get"].clone();
        let names: Vec<_> = list["parameters"].as_array().unwrap().iter().map(|one| one["name"].clone()).collect();
        assert!(names.contains(&json!("last_used_before")) && names.contains(&json!("per_page")));
        assert_eq!(list["description"], "Scopes that open it: api, read_api.");
        let create = document["paths"]["/users/{user_id}/personal_access_tokens"]["post"].clone();
        assert_eq!(create["parameters"][0]["name"], "user_id");
        let schema = &create["requestBody"]["content"]["application/json"]["schema"];
        assert_eq!(schema["required"], json!(["name", "scopes"]));
        assert_eq!(schema["properties"]["expires_at"]["type"], "string");
    }
}
