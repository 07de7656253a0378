//! Bare repositories on disk, and the `git` program that works on them.
//!
//! One project has one repository, in a directory that is named by the project's *number*: renaming and moving a
//! project touches no file. The directories are spread over 4,096 parents by the number's last twelve bits, written in
//! hexadecimal: project 42 is `repositories/02a/42.git`.
//!
//! A repository is made aside and renamed into its place, and renamed out of it before it is removed: whatever
//! happens, there is a whole one in its place or none.

mod command;
mod config;
mod first_commit;
mod housekeeping;
mod refs;
#[cfg(test)]
mod tests;

use std::{
    fs::{self, DirBuilder, File},
    io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use jeton_core::{git::BranchName, id::ProjectId};

pub use command::{Git, GitError};
pub(crate) use command::{GitProcess, Invocation, complaint};
pub use first_commit::FirstCommit;
use housekeeping::Housekeeping;

/// For how long a small command on a repository may run.
const PATIENCE: Duration = Duration::from_mins(1);

/// All repositories; cheap to clone.
#[derive(Clone, Debug)]
pub struct Repositories {
    root: Arc<Path>,
    git: Git,
    housekeeping: Arc<Housekeeping>,
}

/// Why something could not be done to a repository.
#[derive(Debug, thiserror::Error)]
pub enum RepositoryError {
    /// The file system failed.
    #[error("the repository's files: {0}")]
    Files(#[from] io::Error),
    /// Git failed.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The task that did it ended.
    #[error("the task ended: {0}")]
    Task(#[from] tokio::task::JoinError),
}

impl Repositories {
    /// The repositories below `root`, served by `git`. Directories are made when they are needed.
    pub fn below(root: impl AsRef<Path>, git: Git) -> Self {
        let root = root.as_ref();
        // Git is started elsewhere, so it needs whole paths. Only a process without a directory of its own has none.
        let root = std::path::absolute(root).unwrap_or_else(|_| root.to_owned());
        Self { root: root.into(), housekeeping: Arc::new(Housekeeping::new(git.clone())), git }
    }

    /// The program that works on them.
    pub const fn git(&self) -> &Git {
        &self.git
    }

    /// Where a project's repository is, whether it exists or not.
    pub fn directory(&self, project: ProjectId) -> PathBuf {
        self.root.join(format!("{:03x}/{project}.git", project.0 & 0xfff))
    }

    /// Whether a project has a repository.
    pub async fn exists(&self, project: ProjectId) -> io::Result<bool> {
        tokio::fs::try_exists(self.directory(project).join("HEAD")).await
    }

    /// Whether a project's repository has no branch yet.
    pub async fn is_empty(&self, project: ProjectId) -> Result<bool, RepositoryError> {
        let repository = self.directory(project);
        Ok(tokio::task::spawn_blocking(move || refs::is_empty(&repository)).await??)
    }

    /// Makes a project's repository, empty or with a first commit. It is on disk for good when this returns, and it is
    /// finished even if the caller does not wait for it.
    pub async fn create(
        &self,
        project: ProjectId,
        branch: BranchName,
        first: Option<FirstCommit>,
    ) -> Result<(), RepositoryError> {
        let this = self.clone();
        tokio::spawn(async move { this.create_aside(project, &branch, first).await }).await?
    }

    async fn create_aside(
        &self,
        project: ProjectId,
        branch: &BranchName,
        first: Option<FirstCommit>,
    ) -> Result<(), RepositoryError> {
        let aside = self.root.join(ASIDE).join(format!("new-{project}.git"));
        let place = self.directory(project);
        make_directory(&self.root.join(ASIDE))?;
        // What an attempt that was cut short left behind.
        remove(aside.clone()).await?;
        let init = Invocation::new("init").arg("--bare").arg("--quiet").arg("--template=").arg("--initial-branch");
        self.git.run(init.arg(branch.as_str()).arg("--").arg(&aside), b"", PATIENCE).await?;
        if let Some(first) = first {
            let import = Invocation::new("fast-import").within(&aside).arg("--quiet").arg("--done");
            self.git.run(import, &first.stream(branch), PATIENCE).await?;
        }
        Ok(tokio::task::spawn_blocking(move || put_in_place(&aside, &place)).await??)
    }

    /// Removes a project's repository, if it has one. When this returns nobody finds it any more; its files are
    /// removed behind the request.
    pub async fn delete(&self, project: ProjectId) -> Result<(), RepositoryError> {
        let (place, aside) = (self.directory(project), self.root.join(ASIDE).join(format!("old-{project}.git")));
        remove(aside.clone()).await?;
        match tokio::fs::rename(&place, &aside).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            renamed => renamed?,
        }
        tokio::spawn(async move {
            if let Err(error) = remove(aside).await {
                tracing::warn!(%error, "a deleted repository could not be removed");
            }
        });
        Ok(())
    }

    /// Removes what deletions that were cut short left behind. For the start of the server.
    pub async fn sweep(&self) -> io::Result<()> {
        let mut entries = match tokio::fs::read_dir(self.root.join(ASIDE)).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries?,
        };
        while let Some(entry) = entries.next_entry().await? {
            if entry.file_name().to_string_lossy().starts_with("old-") {
                remove(entry.path()).await?;
            }
        }
        Ok(())
    }

    /// What follows every push. A repository whose `HEAD` names no branch that exists would clone as an empty one:
    /// then `HEAD` follows what was pushed, and the branch that it names now is returned.
    pub(crate) async fn after_push(&self, project: ProjectId) -> Result<Option<BranchName>, RepositoryError> {
        let repository = self.directory(project);
        self.housekeeping.look_after(repository.clone());
        let looked_at = repository.clone();
        let Some(branch) = tokio::task::spawn_blocking(move || better_head(&looked_at)).await?? else {
            return Ok(None);
        };
        let target = format!("refs/heads/{branch}");
        let set = Invocation::new("symbolic-ref").within(&repository).arg("HEAD").arg(&target);
        self.git.run(set, b"", PATIENCE).await?;
        Ok(Some(branch))
    }
}

/// The directory, beside the parents, in which repositories are made and removed.
const ASIDE: &str = "aside";

/// The branch that `HEAD` should name, if it names none that exists and there is one.
fn better_head(repository: &Path) -> io::Result<Option<BranchName>> {
    match refs::head(repository)? {
        Some(branch) if refs::exists(repository, &branch)? => Ok(None),
        _ => refs::likely_head(repository),
    }
}

fn make_directory(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

async fn remove(directory: PathBuf) -> io::Result<()> {
    match tokio::fs::remove_dir_all(directory).await {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

fn put_in_place(aside: &Path, place: &Path) -> io::Result<()> {
    persist(aside)?;
    let parent = place.parent().unwrap_or(place);
    make_directory(parent)?;
    fs::rename(aside, place)?;
    for directory in [parent, parent.parent().unwrap_or(parent)] {
        File::open(directory)?.sync_all()?;
    }
    Ok(())
}

/// Waits until a directory and everything in it is on disk.
fn persist(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        for entry in fs::read_dir(path)? {
            persist(&entry?.path())?;
        }
    }
    File::open(path)?.sync_all()
}
