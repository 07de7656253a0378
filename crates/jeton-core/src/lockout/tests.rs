#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
use super::*;

const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

/// The record after so many wrong attempts, each made as soon as it was allowed; and the moment of the last one.
fn after(kind: Kind, failures: i64) -> (Option<Record>, Timestamp) {
    let (mut record, mut now) = (None::<Record>, NOW);
    for _ in 0..failures {
        now = record.map_or(now, |record| record.held_until.max(now));
        record = Some(charge(kind, record, now).unwrap());
    }
    (record, now)
}

#[test]
fn the_delay_doubles_after_the_free_attempts_up_to_its_longest() {
    for (kind, failures, seconds) in [
        (Kind::Login, 1, 0),
        (Kind::Login, 10, 0),
        (Kind::Login, 11, 1),
        (Kind::Login, 12, 2),
        (Kind::Login, 16, 32),
        (Kind::Login, 17, 60),
        (Kind::Login, 100, 60),
        (Kind::Familiar, 5, 0),
        (Kind::Familiar, 6, 1),
        (Kind::Familiar, 11, 32),
        (Kind::Familiar, 12, 60),
        (Kind::Device, 6, 1),
        (Kind::Device, 15, 512),
        (Kind::Device, 16, 900),
        (Kind::Factor, 5, 0),
        (Kind::Factor, 6, 2),
        (Kind::Factor, 30, 900),
        (Kind::Network, 30, 0),
        (Kind::Network, 31, 1),
        (Kind::Network, 200, 60),
    ] {
        let (record, now) = after(kind, failures);
        let wait = record.and_then(|record| record.wait(kind, now)).unwrap_or(0);
        assert_eq!(wait, seconds, "{} after {failures}", kind.name());
    }
    assert_eq!(delay(Kind::Login.rule(), i64::MAX), MINUTE);
}

#[test]
fn the_truth_of_one_attempt() {
    let kind = Kind::Login;
    let (free, forget) = (kind.rule().free, kind.rule().forget);
    let record = |failures, held: i64| Some(Record { failures, held_until: NOW.plus_seconds(held) });
    // Before; what comes of an attempt: the count and the hold in seconds, or how long it has to wait.
    for (before, outcome) in [
        (None, Ok((1, 0))),
        (record(1, -1), Ok((2, 0))),
        (record(free - 1, -1), Ok((free, 0))),
        (record(free, -1), Ok((free + 1, 1))),
        (record(free + 1, 1), Err(1)),
        (record(free + 5, 60), Err(60)),
        (record(free + 1, 0), Ok((free + 2, 2))),
        (record(free + 9, -1), Ok((free + 10, 60))),
        (record(free + 9, 1 - forget), Ok((free + 10, 60))),
        (record(free + 9, -forget), Ok((1, 0))),
    ] {
        let charged = charge(kind, before, NOW);
        let told = charged.map(|record| (record.failures, record.held_until.seconds() - NOW.seconds()));
        assert_eq!(told, outcome, "{before:?}");
    }
}

#[test]
fn a_hold_does_not_grow_by_being_knocked_at() {
    let (held, now) = after(Kind::Login, 20);
    let until = held.unwrap().held_until;
    for second in 0..60 {
        assert_eq!(charge(Kind::Login, held, now.plus_seconds(second)), Err(60 - second));
    }
    assert!(charge(Kind::Login, held, until).is_ok(), "after it, one attempt is judged");
}

#[test]
fn the_wait_is_rounded_up() {
    let record = Record { failures: 11, held_until: NOW };
    for (micros, wait) in [(0, None), (1, Some(1)), (1_000_000, Some(1)), (1_000_001, Some(2))] {
        assert_eq!(record.wait(Kind::Login, Timestamp::from_micros(NOW.micros() - micros)), wait, "{micros}");
    }
    // Two attempts at once, of which the earlier is judged second.
    let counted = Record { failures: 10, held_until: NOW };
    assert_eq!(counted.wait(Kind::Login, Timestamp::from_micros(NOW.micros() - 1)), None);
}

#[test]
fn what_was_right_costs_nothing() {
    for failures in [1, 10, 11, 40] {
        let (before, _) = after(Kind::Login, failures);
        let now = before.unwrap().held_until.plus_seconds(1);
        let charged = charge(Kind::Login, before, now).unwrap();
        let back = refund(charged, charged, now);
        assert_eq!((back.failures, back.wait(Kind::Login, now)), (failures, None));
        // A wrong attempt that came meanwhile keeps its own hold.
        let other = Record { failures: charged.failures + 1, held_until: charged.held_until.plus_seconds(9) };
        assert_eq!(refund(charged, other, now), Record { failures: charged.failures, ..other });
    }
}

#[test]
fn a_stranger_gets_at_most_so_many_guesses_a_day() {
    let mut now = NOW;
    let (mut record, mut guesses) = (None, 0);
    while now < NOW.plus_seconds(DAY) {
        match charge(Kind::Login, record, now) {
            Ok(charged) => (record, guesses) = (Some(charged), guesses + 1),
            Err(wait) => now = now.plus_seconds(wait),
        }
    }
    assert!((1_440..1_460).contains(&guesses), "{guesses}");
}
