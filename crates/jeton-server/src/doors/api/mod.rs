//! The REST API under `/api/v4`: GitLab's paths, fields, statuses and headers.

mod error;
mod page;
mod params;
mod reply;
