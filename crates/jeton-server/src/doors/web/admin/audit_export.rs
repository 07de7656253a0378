//! The audit log as a file: CSV for a spreadsheet, or JSON lines for a program. Streamed, however long it is.

use axum::{
    body::Body,
    extract::{RawQuery, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use jeton_store::{
    Fault,
    audit::{AuditEvent, AuditFilter},
};
use serde_json::json;

use super::audit_log::Wanted;
use crate::{
    app::App,
    doors::web::form::Pairs,
    guard::{AdminPages, Grant},
    refusal::Refusal,
};

/// Events that are read at a time.
const BATCH: i64 = 500;

/// How the events are written.
#[derive(Clone, Copy)]
enum Format {
    Csv,
    JsonLines,
}

/// As CSV (RFC 4180).
pub(in crate::doors::web) async fn csv(
    _: Grant<AdminPages>,
    State(app): State<App>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    export(app, query, Format::Csv).await
}

/// As JSON, one object a line.
pub(in crate::doors::web) async fn json_lines(
    _: Grant<AdminPages>,
    State(app): State<App>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    export(app, query, Format::JsonLines).await
}

async fn export(app: App, query: Option<String>, format: Format) -> Result<Response, Refusal> {
    let pairs = match Pairs::parse(query.unwrap_or_default().as_bytes()) {
        Ok(pairs) => pairs,
        Err(problem) => return Ok(problem.into_response()),
    };
    let Some(filter) = Wanted::read(&app, &pairs).await?.filter else {
        let why = "The filter is wrong: look at the same address without .csv or .jsonl, which says what.\n";
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, why).into_response());
    };
    let headers = [(header::CONTENT_TYPE, format.content_type()), (header::CONTENT_DISPOSITION, format.disposition())];
    let body =
        stream::once(std::future::ready(Ok(Bytes::from_static(format.head())))).chain(events(app, filter, format));
    Ok((headers, Body::from_stream(body)).into_response())
}

/// The events, a batch at a time.
fn events(app: App, filter: AuditFilter, format: Format) -> impl futures_util::Stream<Item = Result<Bytes, Fault>> {
    stream::try_unfold((app, filter, None, false), move |(app, filter, before, done)| async move {
        if done {
            return Ok(None);
        }
        let events = app.store.audit_events(&filter, before, BATCH).await?;
        let Some(last) = events.last().map(|event| event.id) else { return Ok(None) };
        let done = i64::try_from(events.len()).unwrap_or(BATCH) < BATCH;
        let lines: String = events.iter().map(|event| format.line(event)).collect();
        Ok(Some((Bytes::from(lines), (app, filter, Some(last), done))))
    })
}

impl Format {
    const fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::JsonLines => "application/jsonl; charset=utf-8",
        }
    }

    const fn disposition(self) -> &'static str {
        match self {
            Self::Csv => "attachment; filename=\"audit-events.csv\"",
            Self::JsonLines => "attachment; filename=\"audit-events.jsonl\"",
        }
    }

    const fn head(self) -> &'static [u8] {
        match self {
            Self::Csv => b"id,at,actor_id,actor,via,address,request_id,action,subject,subject_id,details\r\n",
            Self::JsonLines => b"",
        }
    }

    fn line(self, event: &AuditEvent) -> String {
        match self {
            Self::Csv => {
                let fields = [
                    event.id.to_string(),
                    event.at.to_string(),
                    event.actor.map(|actor| actor.to_string()).unwrap_or_default(),
                    event.actor_name.clone().unwrap_or_default(),
                    event.via.clone(),
                    event.address.clone().unwrap_or_default(),
                    event.request_id.clone().unwrap_or_default(),
                    event.action.clone(),
                    event.subject.clone(),
                    event.subject_id.to_string(),
                    event.details.to_string(),
                ];
                fields.map(|field| quoted(&field)).join(",") + "\r\n"
            }
            Self::JsonLines => {
                let line = json!({
                    "id": event.id, "at": event.at.to_string(), "actor_id": event.actor.map(|actor| actor.0),
                    "actor": event.actor_name, "via": event.via, "address": event.address,
                    "request_id": event.request_id, "action": event.action, "subject": event.subject,
                    "subject_id": event.subject_id, "details": event.details,
                });
                format!("{line}\n")
            }
        }
    }
}

/// A field of a CSV file. One that a spreadsheet would take for a formula is made a text: a user's name may be anything.
fn quoted(field: &str) -> String {
    let formula = field.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let field = format!("{}{field}", if formula { "'" } else { "" });
    if field.contains([',', '"', '\r', '\n']) { format!("\"{}\"", field.replace('"', "\"\"")) } else { field }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_stays_a_field_and_no_formula() {
        for (field, written) in [
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("=1+1", "'=1+1"),
            ("@SUM(A1,B2)", "\"'@SUM(A1,B2)\""),
            ("two\nlines", "\"two\nlines\""),
        ] {
            assert_eq!(quoted(field), written);
        }
    }
}
