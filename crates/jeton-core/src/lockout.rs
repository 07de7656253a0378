//! Throttling of guesses: how long the next attempt has to wait after how many wrong ones.
//!
//! Attempts are counted under several subjects at once ([`Kind`]), each with a rule of its own. One subject's states:
//!
//! ```text
//!                wrong, fewer than `free`                 wrong, `free` or more
//!              ┌────────┐                               ┌──────────────────────┐
//!              ▼        │                               ▼                      │
//!   ┌───────┐ wrong ┌──────────┐ wrong, `free` ┌─────────────────┐  time  ┌─────────┐
//!   │ quiet │──────▶│ counting │──────────────▶│ held for d sec. │───────▶│ on trial│
//!   └───────┘       └──────────┘               └─────────────────┘        └─────────┘
//!       ▲                │                       refuses without             │
//!       │                │                       a look; counts nothing      │
//!       └────────────────┴────────────── right, or quiet for `forget` ───────┘
//! ```
//!
//! `d` begins with `first` and doubles with every further wrong attempt up to `longest`. A hold never grows by being
//! knocked at, and the next attempt after it is judged on its merits, so nothing is ever locked for good.
//!
//! An attempt is charged before it is judged ([`charge`]), and what was right takes its charge back ([`refund`]): a
//! thousand guesses sent at once are a thousand charges, not one.

use crate::time::Timestamp;

/// Under what attempts are counted. Stored as its name.
///
/// Who guesses from somewhere new is counted by [`Kind::Login`] and [`Kind::Network`]. Who comes from where the account
/// signed in before is counted apart, so that strangers' guesses do not keep them out.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Kind {
    /// A browser in which the account signed in before.
    Device,
    /// Second factors of one account, and its password where somebody who is signed in is asked for it.
    Factor,
    /// One account from one network from which it signed in before.
    Familiar,
    /// One account, by whichever of its names strangers try it, wherever they are; a name of nobody's, by what was typed.
    Login,
    /// One network's attempts at accounts that are strangers to it.
    Network,
}

/// How one kind of subject is held back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rule {
    /// Wrong attempts that cost no time.
    pub free: i64,
    /// Seconds that the next one costs; then twice as many each.
    pub first: i64,
    /// Seconds that one costs at most.
    pub longest: i64,
    /// Seconds without an attempt, after the last hold, until all is forgotten.
    pub forget: i64,
}

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Device, Self::Factor, Self::Familiar, Self::Login, Self::Network];

    /// The word that is stored.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Factor => "factor",
            Self::Familiar => "familiar",
            Self::Login => "login",
            Self::Network => "network",
        }
    }

    /// Its rule.
    pub const fn rule(self) -> Rule {
        match self {
            // Only who has the browser can cause this hold.
            Self::Device => Rule { free: 5, first: 1, longest: 15 * MINUTE, forget: DAY },
            // Only who has the password or a session can cause this hold. A code has six digits: a day of guessing finds
            // it with a chance of about one in three thousand.
            Self::Factor => Rule { free: 5, first: 2, longest: 15 * MINUTE, forget: DAY },
            // Neighbours can cause this hold, and anybody the next one, so both are short.
            Self::Familiar => Rule { free: 5, first: 1, longest: MINUTE, forget: DAY },
            Self::Login => Rule { free: 10, first: 1, longest: MINUTE, forget: DAY },
            // Many people may share one address.
            Self::Network => Rule { free: 30, first: 1, longest: MINUTE, forget: HOUR },
        }
    }
}

/// What is remembered of a subject.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Record {
    /// Wrong attempts that still count.
    pub failures: i64,
    /// When the next attempt is judged; a moment that has passed: at once.
    pub held_until: Timestamp,
}

impl Record {
    /// How long the next attempt has to wait still, in whole seconds, rounded up; none: not at all. Of two attempts at once,
    /// the one that is judged later may have come earlier: where nothing is held, that is no wait either.
    pub fn wait(self, kind: Kind, now: Timestamp) -> Option<i64> {
        if self.failures <= kind.rule().free {
            return None;
        }
        let micros = self.held_until.micros().saturating_sub(now.micros());
        (micros > 0).then(|| (micros - 1) / 1_000_000 + 1)
    }
}

/// The moments that decide which records of a kind have been forgotten: those held until then or before.
pub const fn forgotten(kind: Kind, now: Timestamp) -> Timestamp {
    now.plus_seconds(-kind.rule().forget)
}

/// Counts an attempt as wrong before it is judged.
///
/// # Errors
/// Seconds to wait: the subject is held, and nothing is counted.
pub fn charge(kind: Kind, before: Option<Record>, now: Timestamp) -> Result<Record, i64> {
    if let Some(wait) = before.and_then(|record| record.wait(kind, now)) {
        return Err(wait);
    }
    let living = before.filter(|record| record.held_until > forgotten(kind, now));
    let failures = living.map_or(0, |record| record.failures).saturating_add(1);
    Ok(Record { failures, held_until: now.plus_seconds(delay(kind.rule(), failures)) })
}

/// Takes the charge of one attempt back that was not wrong. If no other attempt came in between, its hold goes too.
#[must_use]
pub fn refund(charged: Record, present: Record, now: Timestamp) -> Record {
    let held_until = if present == charged { now } else { present.held_until };
    Record { failures: (present.failures - 1).max(0), held_until }
}

/// Seconds that a subject with so many wrong attempts is held.
fn delay(rule: Rule, failures: i64) -> i64 {
    let over = failures - rule.free;
    if over <= 0 {
        return 0;
    }
    let doublings = u32::try_from(over - 1).unwrap_or(u32::MAX);
    2_i64.checked_pow(doublings).map_or(rule.longest, |factor| rule.first.saturating_mul(factor).min(rule.longest))
}

#[cfg(test)]
mod tests;
