//! How many files and sockets the process may have open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises the process's limit of open files to what the system allows it, and returns the limit then in force (`None`:
/// there is none). Systems start processes with 1,024 for the sake of old programs that use `select`; every connection
/// needs one, and every running git three.
pub fn raise_open_files() -> Option<u64> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current == maximum {
        return current;
    }
    match setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        Ok(()) => maximum,
        Err(error) => {
            tracing::debug!(%error, "the limit of open files stays as it is");
            current
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_ends_at_the_hard_limit() {
        assert_eq!(raise_open_files(), getrlimit(Resource::Nofile).maximum);
    }
}
