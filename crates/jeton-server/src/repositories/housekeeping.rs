//! Housekeeping: packs what pushes left behind, one repository at a time, behind the requests.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::Semaphore;

use super::command::{Git, GitError, Invocation};

/// Repositories that wait at once. One that finds no place is looked at after its next push.
const WAITING: usize = 256;
/// For how long one repository may take.
const PATIENCE: Duration = Duration::from_hours(1);
/// What git itself considers enough to repack for, and in the foreground, where it can be waited for and ended.
const CONFIG: &[(&str, &str)] = &[("gc.auto", "6700"), ("gc.autoPackLimit", "50"), ("gc.autoDetach", "false")];

/// Whether git could find something to do, by its own rules (git-gc(1), `--auto`): enough loose objects, estimated by
/// those in one of the 256 directories, or enough packs. Most pushes leave less, and then no process is started.
fn is_due(repository: &Path) -> bool {
    let objects = repository.join("objects");
    let entries = |directory: &str| std::fs::read_dir(objects.join(directory)).into_iter().flatten().flatten();
    let packs = entries("pack").filter(|entry| entry.path().extension().is_some_and(|extension| extension == "pack"));
    entries("17").count() > 6700 / 256 || packs.count() > 50
}

/// Cares for repositories that were pushed to.
#[derive(Debug)]
pub(super) struct Housekeeping {
    git: Git,
    waiting: Mutex<HashSet<PathBuf>>,
    one_at_a_time: Semaphore,
}

impl Housekeeping {
    pub(super) fn new(git: Git) -> Self {
        Self { git, waiting: Mutex::default(), one_at_a_time: Semaphore::new(1) }
    }

    /// Has the repository looked after some time soon. Returns at once.
    pub(super) fn look_after(self: &Arc<Self>, repository: PathBuf) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() < WAITING && waiting.insert(repository.clone()) {
            let this = Arc::clone(self);
            tokio::spawn(async move { this.turn(repository).await });
        }
    }

    async fn turn(&self, repository: PathBuf) {
        let Ok(_turn) = self.one_at_a_time.acquire().await else { return };
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&repository);
        let looked_at = repository.clone();
        let is_due = tokio::task::spawn_blocking(move || is_due(&looked_at)).await.is_ok_and(|due| due);
        if is_due && let Err(error) = self.collect(&repository).await {
            tracing::warn!(repository = %repository.display(), %error, "housekeeping failed");
        }
    }

    async fn collect(&self, repository: &Path) -> Result<(), GitError> {
        let invocation = Invocation::new("gc").within(repository).config(CONFIG).arg("--auto").arg("--quiet");
        self.git.run(invocation.in_the_background(), b"", PATIENCE).await
    }
}
