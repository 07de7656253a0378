#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
use super::*;
use crate::user;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(0).plus_seconds(seconds)
}

/// The seed of RFC 6238's test vectors for SHA-1.
fn secret() -> AppSecret {
    AppSecret::of_bytes(b"12345678901234567890").unwrap()
}

/// RFC 6238 appendix B, the rows for SHA-1: of its eight digits the last six.
#[test]
fn codes_are_those_of_the_rfc() {
    for (seconds, code) in [
        (59, 287_082),
        (1_111_111_109, 81_804),
        (1_111_111_111, 50_471),
        (1_234_567_890, 5_924),
        (2_000_000_000, 279_037),
        (20_000_000_000, 353_130),
    ] {
        assert_eq!(secret().step_of(code, 0, at(seconds)), Some(seconds / STEP), "{seconds}");
    }
}

/// RFC 4226 appendix D.
#[test]
fn codes_of_the_first_steps_are_those_of_hotp() {
    let codes = [755_224, 287_082, 359_152, 969_429, 338_314, 254_676, 287_922, 162_583, 399_871, 520_489];
    for (step, code) in (0..).zip(codes) {
        assert_eq!(secret().code(step), code, "{step}");
    }
}

#[test]
fn a_code_counts_one_step_early_and_one_late_and_only_after_the_last_that_was_used() {
    let now = at(10 * STEP + 7);
    for (step, used, expected) in [
        (8, 0, None),
        (9, 0, Some(9)),
        (10, 0, Some(10)),
        (11, 0, Some(11)),
        (12, 0, None),
        (10, 9, Some(10)),
        (10, 10, None),
        (9, 10, None),
        (11, 10, Some(11)),
    ] {
        assert_eq!(secret().step_of(secret().code(step), used, now), expected, "step {step}, used {used}");
    }
    // The last moment of a step, and the first of the next.
    assert_eq!(secret().step_of(secret().code(9), 0, at(11 * STEP - 1)), Some(9));
    assert_eq!(secret().step_of(secret().code(9), 0, at(11 * STEP)), None);
}

/// RFC 4648 section 10, and the secret of the RFC's vectors as other programs spell it.
#[test]
fn base32_is_that_of_the_rfc() {
    for (bytes, text) in
        [("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foob", "MZXW6YQ"), ("fooba", "MZXW6YTB")]
    {
        assert_eq!(spell(bytes.as_bytes(), BASE32), text);
    }
    assert_eq!(secret().to_text().as_str(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    assert!(AppSecret::of_bytes(b"short").is_none());
    assert_eq!(format!("{:?}", secret()), "AppSecret(…)");
}

#[test]
fn recovery_codes_are_read_however_they_are_typed() {
    let code = recovery_code(&[0, 68, 50, 20, 199, 66, 84, 182, 53, 207]);
    assert_eq!(code.as_str(), "abcd-efgh-ijkm-npqr");
    for typed in ["abcd-efgh-ijkm-npqr", "ABCDEFGHIJKMNPQR", " abcd efgh ijkm npqr\t", "a-b-c-defgh-ijkmnpqr"] {
        assert_eq!(Typed::parse(typed), Typed::Recovery("abcdefghijkmnpqr".to_owned().into()), "{typed}");
    }
}

#[test]
fn six_digits_are_a_code_and_nothing_else_is() {
    for (typed, code) in [("000000", 0), ("012 345", 12_345), (" 999999 ", 999_999)] {
        assert_eq!(Typed::parse(typed), Typed::Code(code));
    }
    for typed in ["", "12345", "1234567", "12345a", "+12345", "１２３４５６"] {
        assert!(matches!(Typed::parse(typed), Typed::Recovery(_)), "{typed}");
    }
}

#[test]
fn a_proof_lasts_ten_minutes() {
    for (age, expected) in [(0, true), (599, true), (600, false), (86_400, false)] {
        assert_eq!(is_proven(Some(at(1_000)), at(1_000 + age)), expected, "{age}");
    }
    assert!(!is_proven(None, at(0)));
}

fn user(two_factor: bool, asked_at: Option<i64>) -> User {
    User { two_factor, two_factor_asked_at: asked_at.map(at), ..user::for_tests(7) }
}

#[test]
fn who_owes_a_second_factor_and_by_when() {
    let hour = 3_600;
    for (two_factor, required, grace_hours, asked_at, now, expected) in [
        (false, false, 0, None, 0, Duty::None),
        (false, false, 48, Some(0), 49 * hour, Duty::None),
        (true, true, 0, None, 0, Duty::None),
        (true, true, 48, Some(0), 49 * hour, Duty::None),
        // The time begins with the first sign-in under the rule.
        (false, true, 48, None, 9 * hour, Duty::Until(at(57 * hour))),
        (false, true, 48, Some(hour), hour, Duty::Until(at(49 * hour))),
        (false, true, 48, Some(hour), 49 * hour - 1, Duty::Until(at(49 * hour))),
        (false, true, 48, Some(hour), 49 * hour, Duty::Overdue),
        // No time at all.
        (false, true, 0, None, 0, Duty::Overdue),
        (false, true, 0, Some(hour), 0, Duty::Overdue),
        (false, true, i64::MAX, Some(hour), 49 * hour, Duty::Until(at(hour).plus_seconds(i64::MAX))),
    ] {
        let demand = Demand { required, grace_hours };
        assert_eq!(
            Duty::of(&user(two_factor, asked_at), demand, at(now)),
            expected,
            "two factors: {two_factor}, {demand:?}, asked at {asked_at:?}, now {now}"
        );
    }
}
