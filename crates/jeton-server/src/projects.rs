//! Making and deleting projects: the record and the repository together.

use jeton_core::{git::BranchName, id::ProjectId, project::Project};
use jeton_store::{
    By,
    projects::{NewProject, NotMade},
};

use crate::{app::App, refusal::Refusal, repositories::FirstCommit};

/// Why a project was not made.
#[derive(Debug, thiserror::Error)]
pub enum NotCreated {
    /// The path is in use in that namespace.
    #[error("has already been taken")]
    PathTaken,
    /// The namespace holds as many projects as it may; the text says so.
    #[error("{0}")]
    TooMany(String),
    /// Something of ours failed.
    #[error("{0}")]
    Refused(Refusal),
}

impl From<NotMade> for NotCreated {
    fn from(error: NotMade) -> Self {
        match error {
            NotMade::PathTaken => Self::PathTaken,
            NotMade::TooMany(_) => Self::TooMany(error.to_string()),
            NotMade::Fault(fault) => Self::Refused(fault.into()),
        }
    }
}

impl App {
    /// Makes a project with its repository, which is empty or begins with a README. It is made whole or not at all, also
    /// when the client hangs up meanwhile.
    pub async fn create_project(
        &self,
        new: NewProject,
        branch: BranchName,
        first: Option<FirstCommit>,
        by: By,
    ) -> Result<Project, NotCreated> {
        let app = self.clone();
        let task = tokio::spawn(async move { app.make_project(new, branch, first, by).await });
        task.await.map_err(|error| NotCreated::Refused(Refusal::broken(error)))?
    }

    async fn make_project(
        &self,
        new: NewProject,
        branch: BranchName,
        first: Option<FirstCommit>,
        by: By,
    ) -> Result<Project, NotCreated> {
        let project = self.store.create_project(new, by.clone(), self.now()).await?;
        if let Err(error) = self.repositories.create(project.id, branch, first).await {
            self.store.delete_project(project.id, by, self.now()).await.map_err(NotMade::from)?;
            return Err(NotCreated::Refused(Refusal::broken(error)));
        }
        Ok(project)
    }

    /// Deletes a project with its repository. False if there is none of that number.
    pub async fn delete_project(&self, id: ProjectId, by: By) -> Result<bool, Refusal> {
        let app = self.clone();
        let task = tokio::spawn(async move {
            let deleted = app.store.delete_project(id, by, app.now()).await?;
            // Without its record nobody finds the repository, so what comes first is what the client asked for.
            app.repositories.delete(id).await.map_err(Refusal::broken)?;
            Ok(deleted)
        });
        task.await.map_err(Refusal::broken)?
    }
}
