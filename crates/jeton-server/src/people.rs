//! What administrators do about people: invite, change and delete accounts.

use jeton_core::{
    id::UserId,
    user::{Email, User, Username},
};
use jeton_store::{
    By, Fault,
    mails::LinkMail,
    users::{Contributions, NotMade, UserChanges},
};

use crate::{accounts::PASSWORD_LINK, app::App, notices, refusal::Refusal};

/// Seconds for which the link of an invitation works: one day.
const INVITATION_LIFE: i64 = 86_400;

impl App {
    /// The mail that asks a new user to choose a password, by a link.
    pub fn invitation(&self, username: &Username, name: &str, email: &Email) -> Result<LinkMail, Refusal> {
        let mail = notices::invitation(username.as_str(), name, email.as_str());
        Ok(self.with_link(mail, PASSWORD_LINK, self.now().plus_seconds(INVITATION_LIFE))?)
    }

    /// Changes a user; see [`jeton_store::Store::change_user`]. When this returns, that is in force.
    pub async fn change_user(
        &self,
        id: UserId,
        changes: UserChanges,
        by: By,
    ) -> Result<Result<Option<User>, NotMade>, Fault> {
        self.see_through(move |app| async move {
            let user = app.store.change_user(id, changes, by, app.now()).await;
            app.identities.forget_user(id);
            Ok(user)
        })
        .await
    }

    /// Deletes a user with its projects and their repositories. When this returns, its tokens and sessions are dead.
    /// False if there is no such user.
    pub async fn delete_user(&self, id: UserId, contributions: Contributions, by: By) -> Result<bool, Refusal> {
        let app = self.clone();
        let task = tokio::spawn(async move {
            let deleted = app.store.delete_user(id, contributions, by, app.now()).await?;
            app.identities.forget_user(id);
            app.underway.review().await;
            let Some(deleted) = deleted else { return Ok(false) };
            // Without their records nobody finds the repositories.
            for project in deleted.projects {
                app.repositories.delete(project).await.map_err(Refusal::broken)?;
            }
            Ok(true)
        });
        task.await.map_err(Refusal::broken)?
    }
}
