//! Looks at a repository's branches without starting git (gitrepository-layout(5), reference format `files`).
//! Everything here blocks.

use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader},
    path::Path,
};

use jeton_core::git::BranchName;

const HEADS: &str = "refs/heads/";

/// The branch that `HEAD` names, whether it exists or not.
pub(super) fn head(repository: &Path) -> io::Result<Option<BranchName>> {
    let text = fs::read_to_string(repository.join("HEAD"))?;
    let name = text.trim_end().strip_prefix("ref: ").and_then(|name| name.strip_prefix(HEADS));
    Ok(name.and_then(|name| BranchName::parse(name).ok()))
}

/// Whether there is no branch at all.
pub(super) fn is_empty(repository: &Path) -> io::Result<bool> {
    Ok(find(repository, &mut |_| true)?.is_none())
}

/// Whether that branch exists.
pub(super) fn exists(repository: &Path, branch: &BranchName) -> io::Result<bool> {
    if repository.join(HEADS).join(branch.as_str()).is_file() {
        return Ok(true);
    }
    Ok(find_packed(repository, &mut |name| name == branch.as_str())?.is_some())
}

/// The branch that a clone should check out when `HEAD` names none that exists: one of the usual two, or the first.
pub(super) fn likely_head(repository: &Path) -> io::Result<Option<BranchName>> {
    for usual in ["main", "master"] {
        if let Some(found) = find(repository, &mut |name| name == usual)? {
            return Ok(BranchName::parse(&found).ok());
        }
    }
    let mut first: Option<String> = None;
    find(repository, &mut |name| {
        if first.as_deref().is_none_or(|first| name < first) {
            first = Some(name.to_owned());
        }
        false
    })?;
    Ok(first.and_then(|name| BranchName::parse(&name).ok()))
}

/// The first branch that `wanted` takes: loose ones, then packed ones.
fn find(repository: &Path, wanted: &mut dyn FnMut(&str) -> bool) -> io::Result<Option<String>> {
    match find_loose(&repository.join(HEADS), "", wanted)? {
        Some(found) => Ok(Some(found)),
        None => find_packed(repository, wanted),
    }
}

/// A directory that is not there holds no branch: a push may remove it between two looks, and a repository may be on its
/// way in or out.
fn find_loose(directory: &Path, prefix: &str, wanted: &mut dyn FnMut(&str) -> bool) -> io::Result<Option<String>> {
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let Ok(part) = entry.file_name().into_string() else { continue };
        let name = format!("{prefix}{part}");
        if entry.file_type()?.is_dir() {
            if let Some(found) = find_loose(&entry.path(), &format!("{name}/"), wanted)? {
                return Ok(Some(found));
            }
        } else if BranchName::parse(&name).is_ok() && wanted(&name) {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

fn find_packed(repository: &Path, wanted: &mut dyn FnMut(&str) -> bool) -> io::Result<Option<String>> {
    let file = match File::open(repository.join("packed-refs")) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    for line in BufReader::new(file).lines() {
        let line = line?;
        let name = line.split_once(' ').and_then(|(_, name)| name.strip_prefix(HEADS));
        if let Some(name) = name.filter(|name| wanted(name)) {
            return Ok(Some(name.to_owned()));
        }
    }
    Ok(None)
}
