//! What is wrong with the attributes of a record, gathered so that all of it can be told at once.

use super::error::{ApiError, Attributes};

/// What is wrong with which attribute.
#[derive(Default)]
pub(crate) struct Flaws(Attributes);

impl Flaws {
    /// Notes a flaw of that attribute, if there is one.
    pub(crate) fn note(&mut self, attribute: &'static str, flaw: Option<impl ToString>) {
        let Some(flaw) = flaw.map(|flaw| flaw.to_string()) else { return };
        match self.0.iter_mut().find(|(known, _)| *known == attribute) {
            Some((_, flaws)) => flaws.push(flaw),
            None => self.0.push((attribute, vec![flaw])),
        }
    }

    /// What was parsed, with its flaw noted where it was not.
    pub(crate) fn keep<T, E: ToString>(&mut self, attribute: &'static str, parsed: Result<T, E>) -> Option<T> {
        match parsed {
            Ok(value) => Some(value),
            Err(flaw) => {
                self.note(attribute, Some(flaw));
                None
            }
        }
    }

    /// Whether there is none.
    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The answer that tells all of them.
    pub(crate) fn into_error(self) -> ApiError {
        ApiError::attributes(self.0)
    }
}
