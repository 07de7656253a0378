//! The endpoints around a user: keys, addresses, picture, attributes, identities, status, activity.

use std::sync::Arc;

use jeton_core::user::User;

use super::{activities, avatar, custom_attributes, emails, gpg_keys, identities, ssh_keys, status};
use crate::{
    app::App,
    doors::api::{endpoints::Endpoints, error::ApiError, path::InPath},
};

/// The user whom the path names first, by number.
pub(super) async fn numbered(app: &App, path: &InPath, name: &str) -> Result<Arc<User>, ApiError> {
    let id = jeton_core::id::UserId(path.number(name)?);
    app.identities.user(&app.store, id).await?.ok_or_else(|| ApiError::not_found("User"))
}

/// The user whom the path names first, by number or name.
pub(crate) async fn named(app: &App, path: &InPath) -> Result<Arc<User>, ApiError> {
    app.find_user(path.as_str()).await?.ok_or_else(|| ApiError::not_found("User"))
}

/// What is wrong with one attribute of a record.
pub(super) fn flaw(attribute: &'static str, flaw: &(impl ToString + ?Sized)) -> ApiError {
    ApiError::attributes(vec![(attribute, vec![flaw.to_string()])])
}

/// Refuses what would be one too many of its kind. A few more that are added at the same moment do no harm.
pub(super) fn has_room(there: i64, limit: i64) -> Result<(), ApiError> {
    if there < limit { Ok(()) } else { Err(too_many(limit)) }
}

/// As many of the kind are there as there may be.
pub(super) fn too_many(limit: i64) -> ApiError {
    flaw("base", &format!("is too many (maximum is {limit})"))
}

/// Adds them to the table.
pub(crate) fn endpoints(table: Endpoints) -> Endpoints {
    table
        .get("/api/v4/user/keys", "Own SSH keys", ssh_keys::own)
        .post("/api/v4/user/keys", "Adds an own SSH key", ssh_keys::add_own)
        .get("/api/v4/user/keys/{key_id}", "One own SSH key", ssh_keys::one_own)
        .delete("/api/v4/user/keys/{key_id}", "Removes an own SSH key", ssh_keys::remove_own)
        .get("/api/v4/users/{user_id}/keys", "A user's SSH keys", ssh_keys::of_user)
        .post("/api/v4/users/{user_id}/keys", "Adds an SSH key to a user", ssh_keys::add_to_user)
        .get("/api/v4/users/{user_id}/keys/{key_id}", "One of a user's SSH keys", ssh_keys::one_of_user)
        .delete("/api/v4/users/{user_id}/keys/{key_id}", "Removes a user's SSH key", ssh_keys::remove_from_user)
        .get("/api/v4/keys", "The SSH key with a fingerprint, and whose it is", ssh_keys::with_fingerprint)
        .get("/api/v4/keys/{key_id}", "One SSH key, and whose it is", ssh_keys::anybodys)
        .get("/api/v4/user/gpg_keys", "Own OpenPGP keys", gpg_keys::own)
        .post("/api/v4/user/gpg_keys", "Adds an own OpenPGP key", gpg_keys::add_own)
        .get("/api/v4/user/gpg_keys/{key_id}", "One own OpenPGP key", gpg_keys::one_own)
        .delete("/api/v4/user/gpg_keys/{key_id}", "Removes an own OpenPGP key", gpg_keys::remove_own)
        .get("/api/v4/users/{user_id}/gpg_keys", "A user's OpenPGP keys", gpg_keys::of_user)
        .post("/api/v4/users/{user_id}/gpg_keys", "Adds an OpenPGP key to a user", gpg_keys::add_to_user)
        .get("/api/v4/users/{user_id}/gpg_keys/{key_id}", "One of a user's OpenPGP keys", gpg_keys::one_of_user)
        .delete("/api/v4/users/{user_id}/gpg_keys/{key_id}", "Removes a user's OpenPGP key", gpg_keys::remove_from_user)
        .get("/api/v4/user/emails", "Own further e-mail addresses", emails::own)
        .post("/api/v4/user/emails", "Adds an own e-mail address", emails::add_own)
        .get("/api/v4/user/emails/{email_id}", "One own further e-mail address", emails::one_own)
        .delete("/api/v4/user/emails/{email_id}", "Removes an own e-mail address", emails::remove_own)
        .get("/api/v4/users/{user_id}/emails", "A user's further e-mail addresses", emails::of_user)
        .post("/api/v4/users/{user_id}/emails", "Adds an e-mail address to a user", emails::add_to_user)
        .delete(
            "/api/v4/users/{user_id}/emails/{email_id}",
            "Removes a user's e-mail address",
            emails::remove_from_user,
        )
        .put("/api/v4/user/avatar", "Sets the own picture", avatar::set)
        .get("/api/v4/avatar", "Where the picture of whoever has an address is", avatar::of_address)
        .get("/api/v4/users/{user_id}/custom_attributes", "A user's custom attributes", custom_attributes::all)
        .get("/api/v4/users/{user_id}/custom_attributes/{key}", "One custom attribute", custom_attributes::one)
        .put("/api/v4/users/{user_id}/custom_attributes/{key}", "Sets a custom attribute", custom_attributes::set)
        .delete(
            "/api/v4/users/{user_id}/custom_attributes/{key}",
            "Removes a custom attribute",
            custom_attributes::remove,
        )
        .delete("/api/v4/users/{user_id}/identities/{provider}", "Removes a user's identity", identities::remove)
        .get("/api/v4/user/status", "The own status", status::own)
        .put("/api/v4/user/status", "Sets the own status", status::replace)
        .patch("/api/v4/user/status", "Changes the own status", status::change)
        .get("/api/v4/users/{user_id}/status", "A user's status", status::of_user)
        .get("/api/v4/user/preferences", "The own preferences", status::preferences)
        .put("/api/v4/user/preferences", "Changes the own preferences", status::set_preferences)
        .get("/api/v4/user/activities", "When users did something for the last time", activities::list)
}
