//! What the server says of itself.

use axum::{extract::State, http::StatusCode, response::Response};
use serde_json::json;

use super::reply;
use crate::{
    app::App,
    guard::{Grant, ReadSelf},
};

/// The version of GitLab whose API this one speaks: clients decide by it what they may ask for. What follows the hyphen
/// tells people what they really talk to; clients cut it off, as they do with GitLab's own `-ee`.
const COMPATIBLE: &str = "18.9.0-jeton";

/// `GET /version` and `GET /metadata`.
pub(crate) async fn version(_: Grant<ReadSelf>, State(_): State<App>) -> Response {
    let kas = json!({ "enabled": false, "externalUrl": null, "externalK8sProxyUrl": null, "version": null });
    let revision = env!("CARGO_PKG_VERSION");
    let body = json!({ "version": COMPATIBLE, "revision": revision, "kas": kas, "enterprise": false });
    reply::json(StatusCode::OK, &body)
}
