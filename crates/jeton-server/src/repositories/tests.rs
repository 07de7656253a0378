#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fmt::Write as _, process::Command};

use jeton_core::time::Timestamp;

use super::*;

const ID: ProjectId = ProjectId(0x1234);

fn open(root: &Path) -> Repositories {
    Repositories::below(root, Git::default())
}

fn main() -> BranchName {
    BranchName::parse("main").unwrap()
}

/// What git says about a repository, in the surroundings of the person who runs the test.
fn git(repository: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git").arg("--git-dir").arg(repository).args(arguments).output().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn first_commit() -> FirstCommit {
    FirstCommit {
        name: "Hello <World>\nM 100644 inline x".into(),
        description: Some("Says hello.\n\nTwice.".into()),
        author: "Jane <Doe>\ncommitter x".into(),
        email: "jane@example.com>".into(),
        at: Timestamp::from_micros(1_700_000_000_000_000),
    }
}

#[tokio::test]
async fn a_new_repository_is_bare_and_empty() {
    let directory = tempfile::tempdir().unwrap();
    let repositories = open(directory.path());
    assert!(!repositories.exists(ID).await.unwrap());
    repositories.create(ID, BranchName::parse("trunk/x").unwrap(), None).await.unwrap();
    let place = repositories.directory(ID);
    assert_eq!(place, directory.path().join("234/4660.git"));
    assert!(repositories.exists(ID).await.unwrap());
    assert!(repositories.is_empty(ID).await.unwrap());
    assert_eq!(git(&place, &["symbolic-ref", "HEAD"]), "refs/heads/trunk/x");
    assert_eq!(git(&place, &["rev-parse", "--is-bare-repository"]), "true");
    assert!(!place.join("hooks").exists());
    assert_eq!(fs::read_dir(directory.path().join(ASIDE)).unwrap().count(), 0);
}

/// A project stands in lists a moment before its repository is made, and a moment after it was removed.
#[tokio::test]
async fn a_repository_that_is_not_there_is_empty() {
    let directory = tempfile::tempdir().unwrap();
    assert!(open(directory.path()).is_empty(ID).await.unwrap());
}

#[tokio::test]
async fn a_repository_can_begin_with_a_readme() {
    let directory = tempfile::tempdir().unwrap();
    let repositories = open(directory.path());
    repositories.create(ID, main(), Some(first_commit())).await.unwrap();
    let place = repositories.directory(ID);
    assert!(!repositories.is_empty(ID).await.unwrap());
    let readme = git(&place, &["show", "HEAD:README.md"]);
    assert_eq!(readme, "# Hello <World> M 100644 inline x\n\nSays hello.\n\nTwice.");
    let commit = git(&place, &["log", "--format=%an|%ae|%cn|%ct|%s"]);
    assert_eq!(commit, "Jane Doecommitter x|jane@example.com|Jane Doecommitter x|1700000000|Initial commit");
    git(&place, &["fsck", "--strict"]);
}

#[tokio::test]
async fn what_a_crash_left_behind_is_in_nobodys_way() {
    let directory = tempfile::tempdir().unwrap();
    let aside = directory.path().join(ASIDE);
    fs::create_dir_all(aside.join("new-4660.git/objects")).unwrap();
    fs::create_dir_all(aside.join("old-4660.git/objects")).unwrap();
    fs::create_dir_all(aside.join("new-1.git/objects")).unwrap();
    let repositories = open(directory.path());
    repositories.create(ID, main(), None).await.unwrap();
    repositories.sweep().await.unwrap();
    assert!(!aside.join("old-4660.git").exists());
    assert!(aside.join("new-1.git").exists(), "another node may be making it just now");
    assert!(repositories.create(ID, main(), None).await.is_err(), "what is there is not overwritten");
    assert!(repositories.exists(ID).await.unwrap());
}

#[tokio::test]
async fn a_deleted_repository_is_gone_at_once_and_its_files_soon() {
    let directory = tempfile::tempdir().unwrap();
    let repositories = open(directory.path());
    repositories.delete(ID).await.unwrap();
    repositories.create(ID, main(), Some(first_commit())).await.unwrap();
    repositories.delete(ID).await.unwrap();
    assert!(!repositories.exists(ID).await.unwrap());
    for _ in 0..500 {
        if fs::read_dir(directory.path().join(ASIDE)).unwrap().count() == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the files of a deleted repository stay");
}

#[tokio::test]
async fn head_follows_the_first_push_and_then_stays() {
    let directory = tempfile::tempdir().unwrap();
    let repositories = open(directory.path());
    repositories.create(ID, main(), None).await.unwrap();
    assert_eq!(repositories.after_push(ID).await.unwrap(), None, "nothing was pushed");
    let place = repositories.directory(ID);
    let tree = git(&place, &["hash-object", "-w", "-t", "tree", "/dev/null"]);
    let commit = git(&place, &["commit-tree", &tree, "-m", "x"]);
    for branch in ["zoo", "feature/a"] {
        git(&place, &["update-ref", &format!("refs/heads/{branch}"), &commit]);
    }
    git(&place, &["pack-refs", "--all"]);
    assert!(!repositories.is_empty(ID).await.unwrap());
    assert_eq!(repositories.after_push(ID).await.unwrap().unwrap().as_str(), "feature/a");
    assert_eq!(git(&place, &["symbolic-ref", "HEAD"]), "refs/heads/feature/a");
    git(&place, &["update-ref", "refs/heads/main", &commit]);
    assert_eq!(repositories.after_push(ID).await.unwrap(), None);
}

#[tokio::test]
async fn housekeeping_packs_what_many_pushes_left() {
    let directory = tempfile::tempdir().unwrap();
    let repositories = open(directory.path());
    repositories.create(ID, main(), None).await.unwrap();
    let place = repositories.directory(ID);
    // More loose objects in one of the 256 directories than git's own threshold allows for.
    let mut stream = String::from("commit refs/heads/main\ncommitter A <a@example.com> 0 +0000\ndata 1\nx\n");
    for number in 0..9_000 {
        let text = number.to_string();
        writeln!(stream, "M 100644 inline {text}\ndata {}\n{text}", text.len()).unwrap();
    }
    let loose_and_fast = &[("fastimport.unpackLimit", "10000"), ("core.fsync", "none")];
    let import = Invocation::new("fast-import").within(&place).config(loose_and_fast).arg("--quiet");
    repositories.git().run(import, stream.as_bytes(), PATIENCE).await.unwrap();
    assert!(place.join("objects/17").exists());
    repositories.housekeeping.look_after(place.clone());
    for _ in 0..1000 {
        if fs::read_dir(place.join("objects/pack")).unwrap().count() > 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("nothing was packed");
}

#[tokio::test]
async fn a_missing_git_is_told() {
    let git = Git::found_on("/nonexistent");
    assert!(matches!(git.version().await, Err(GitError::NotStarted(_))));
    assert!(Git::default().version().await.unwrap().starts_with("git version "));
}

#[tokio::test]
async fn a_refusal_of_git_is_told_in_its_words() {
    let directory = tempfile::tempdir().unwrap();
    let repositories = open(directory.path());
    let init = Invocation::new("init").arg("--initial-branch").arg("a..b").arg("--").arg(directory.path());
    let error = repositories.git().run(init, b"", PATIENCE).await.unwrap_err().to_string();
    assert!(error.contains("invalid initial branch name: 'a..b'"), "{error}");
}

#[tokio::test]
async fn git_that_does_not_end_is_ended_with_everything_it_started() {
    let directory = tempfile::tempdir().unwrap();
    let text = directory.path().join("script");
    fs::write(&text, "#!/bin/sh\necho $$ > $0.pid\nsleep 1000 &\necho $! > $0.child\nwait\n").unwrap();
    // Another process writes the program: one that a fork of ours still had open could not be run.
    let script = directory.path().join("git");
    assert!(Command::new("install").args(["-m", "755"]).args([&text, &script]).status().unwrap().success());
    let path = format!("{}:{}", directory.path().display(), std::env::var("PATH").unwrap());
    let result = Git::found_on(path).run(Invocation::new("gc"), b"", Duration::from_secs(3)).await;
    assert!(matches!(result, Err(GitError::TimedOut("gc"))), "{result:?}");
    for name in ["git.pid", "git.child"] {
        let process = fs::read_to_string(directory.path().join(name)).unwrap();
        let status = || fs::read_to_string(format!("/proc/{}/stat", process.trim())).unwrap_or_default();
        let is_gone = || status().is_empty() || status().contains(") Z ");
        for _ in 0..100 {
            if is_gone() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert!(is_gone(), "{name} lives on: {}", status());
    }
}
