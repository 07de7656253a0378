//! What administrators do about people: invite, change and delete accounts.

use jeton_core::{
    id::UserId,
    user::{Email, User},
};
use jeton_store::{
    By, Fault,
    mails::Mail,
    users::{Contributions, Invitation, NotMade, UserChanges},
};

use crate::{app::App, refusal::Refusal};

impl App {
    /// The mail that asks a new user to choose a password, with its link.
    pub fn invitation(&self, name: &str, email: &Email) -> Result<Invitation, Refusal> {
        let link = self.new_password_link()?;
        let url = &self.config.external_url;
        let mail = Mail {
            kind: "account_created",
            user: None,
            recipient: email.as_str().to_owned(),
            subject: "Account was created for you".to_owned(),
            body: format!(
                "Hi {name}!\n\nAn administrator created an account for you at {url}\n\nSign in as {email}. Choose your \
                 password first, once and within a day:\n{link}\n",
                email = email.as_str(),
                link = link.url,
            ),
        };
        Ok(Invitation { digest: link.digest, expires_at: link.expires_at, mail })
    }

    /// The mail that tells of a password which an administrator chose.
    pub fn tells_of_password(&self, user: &User) -> Mail {
        let url = &self.config.external_url;
        Mail {
            kind: "password_changed",
            user: Some(user.id),
            recipient: user.email.clone(),
            subject: "Password changed by administrator".to_owned(),
            body: format!(
                "Hi {}!\n\nAn administrator changed the password of your account at {url}\n\nYou will be asked to choose \
                 another one when you sign in.\n",
                user.name
            ),
        }
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
