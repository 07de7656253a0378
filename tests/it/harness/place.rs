//! Where a server writes: a directory that goes with it, or that stays for the canary scan.

use std::{
    fs,
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU32, Ordering},
};

use tempfile::TempDir;

use super::Engine;

/// A directory of one server.
pub(crate) enum Place {
    /// Goes with the value.
    Passing(TempDir),
    /// Stays.
    Kept(PathBuf),
}

impl Place {
    /// A new directory, with an empty `data` in it.
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let place = match kept_dir() {
            None => Self::Passing(tempfile::tempdir().unwrap()),
            Some(dir) => {
                let number = COUNT.fetch_add(1, Ordering::Relaxed);
                let name = format!("{}-{}-{number}", Engine::of_this_run().name(), process::id());
                Self::Kept(dir.join("servers").join(name))
            }
        };
        fs::create_dir_all(place.path().join("data")).unwrap();
        place
    }

    /// Its path.
    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Passing(dir) => dir.path(),
            Self::Kept(path) => path,
        }
    }
}

/// The directory of this run, if something of it is to stay: `JETON_TEST_DIR`.
pub(crate) fn kept_dir() -> Option<PathBuf> {
    std::env::var_os("JETON_TEST_DIR").map(PathBuf::from)
}
