//! What becomes known of a request while it is served.
//!
//! Parts that know nothing of each other learn something about it: the route table which row it is, the guard who asks,
//! a refusal why not. Each notes it here. The notes belong to the task that serves the request, as a `tracing` span
//! does: doors make answers anew, and could not hand anything on in them.

use std::cell::Cell;

use jeton_core::{
    caller::Caller,
    id::{TokenId, UserId},
};

use crate::{limits::Standing, refusal::Refusal};

tokio::task_local! {
    static NOTES: Cell<Notes>;
}

/// See the module.
#[derive(Clone, Copy, Default)]
pub(super) struct Notes {
    pub(super) row: Option<usize>,
    pub(super) user: Option<UserId>,
    pub(super) token: Option<TokenId>,
    pub(super) refusal: Option<&'static str>,
    pub(super) standing: Option<Standing>,
}

/// Keeps notes while a request is served, also while it is given up.
pub(super) fn kept_during<F: Future>(serving: F) -> impl Future<Output = F::Output> {
    NOTES.scope(Cell::default(), serving)
}

/// What has been noted so far.
pub(super) fn taken() -> Notes {
    NOTES.try_with(Cell::get).unwrap_or_default()
}

fn note(change: impl FnOnce(&mut Notes)) {
    // Where nobody keeps notes (a test of a single door), there is nothing to note.
    let _ = NOTES.try_with(|cell| {
        let mut notes = cell.get();
        change(&mut notes);
        cell.set(notes);
    });
}

/// Notes which row of its door's table serves the request.
pub(crate) fn note_row(row: usize) {
    note(|notes| notes.row = Some(row));
}

/// Notes who asks, and with which token.
pub(crate) fn note_caller(caller: &Caller) {
    note(|notes| {
        notes.user = Some(caller.person().id);
        notes.token = caller.token().map(|token| token.id);
    });
}

/// Notes where the caller stands within a limit.
pub(crate) fn note_standing(standing: Standing) {
    note(|notes| notes.standing = Some(standing));
}

/// Where the caller stands within a limit, if one is counted.
pub(crate) fn noted_standing() -> Option<Standing> {
    taken().standing
}

/// Notes why the request is refused. The first reason stays: a later one is about the page that tells it.
pub(crate) fn note_refusal(refusal: &Refusal) {
    note(|notes| notes.refusal = notes.refusal.or(Some(refusal.reason())));
}
