#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
use super::*;

const PARTY: [u8; 32] = [7; 32];

/// Authenticator data with these flags, and what follows the count.
fn data(flags: u8, rest: &[u8]) -> Vec<u8> {
    [&PARTY[..], &[flags], &5_u32.to_be_bytes(), rest].concat()
}

/// The attested part for an id: the model, the length, the id, and a public key that nobody reads.
fn attested(id: &[u8]) -> Vec<u8> {
    let length = u16::try_from(id.len()).unwrap();
    [&[0; 16][..], &length.to_be_bytes(), id, b"cose"].concat()
}

#[test]
fn keys_exist_on_localhost_and_over_https_under_a_name() {
    let party = |id: &str, origin: &str| Some(RelyingParty { id: id.into(), origin: origin.into() });
    for (url, expected) in [
        ("http://localhost:8080", party("localhost", "http://localhost:8080")),
        ("https://Jeton.Example.com", party("jeton.example.com", "https://jeton.example.com")),
        ("https://jeton.example.com:8443", party("jeton.example.com", "https://jeton.example.com:8443")),
        ("https://jeton.example.com:443", party("jeton.example.com", "https://jeton.example.com")),
        ("http://localhost:80", party("localhost", "http://localhost")),
        ("http://jeton.localhost:3000", party("jeton.localhost", "http://jeton.localhost:3000")),
        ("http://jeton.example.com", None),
        ("https://192.0.2.1", None),
        ("http://127.0.0.1:8080", None),
        ("https://[::1]:8080", None),
        ("https://", None),
        ("localhost", None),
    ] {
        assert_eq!(RelyingParty::of_url(url), expected, "{url}");
    }
}

#[test]
fn the_places_of_authenticator_data() {
    let bytes = data(0b0001_1101, &[]);
    let read = AuthenticatorData::parse(&bytes).unwrap();
    assert_eq!((read.party, read.count, read.credential), (PARTY, 5, None));
    assert!(read.present && read.verified && read.backup_eligible && read.backed_up);

    let bytes = data(0b0100_0001, &attested(b"id"));
    let read = AuthenticatorData::parse(&bytes).unwrap();
    assert_eq!(read.credential, Some(&b"id"[..]));
    assert!(read.present && !read.verified && !read.backup_eligible && !read.backed_up);
}

#[test]
fn what_is_too_short_or_contradicts_itself_is_malformed() {
    let whole = data(0b0100_0001, &attested(b"id"));
    for length in 0..whole.len() - b"cose".len() {
        assert_eq!(AuthenticatorData::parse(&whole[..length]), Err(Flaw::Malformed), "{length} bytes");
    }
    for bad in [data(0b0001_0001, &[]), data(0b0100_0001, &attested(b"")), data(0b0100_0001, &attested(&[1; 1024]))] {
        assert_eq!(AuthenticatorData::parse(&bad), Err(Flaw::Malformed));
    }
}

#[test]
fn everything_must_fit() {
    let (asserted, made) = (data(0b0000_0101, &[]), data(0b0100_0001, &attested(b"id")));
    let (asserted, made) = (AuthenticatorData::parse(&asserted).unwrap(), AuthenticatorData::parse(&made).unwrap());
    let client = |kind: &str| ClientData {
        kind: kind.into(),
        challenge: b"question".to_vec(),
        origin: "https://jeton.example".into(),
        cross_origin: false,
    };
    let get = Expected {
        ceremony: Ceremony::Authentication,
        challenge: b"question",
        origin: "https://jeton.example",
        party: PARTY,
        verified: true,
    };
    let create = Expected { ceremony: Ceremony::Registration, verified: false, ..get.clone() };
    let (got, created) = (client("webauthn.get"), client("webauthn.create"));
    let elsewhere = ClientData { origin: "https://jeton.example.evil".into(), ..got.clone() };
    let framed = ClientData { cross_origin: true, ..got.clone() };
    let old = ClientData { challenge: b"another".to_vec(), ..got.clone() };
    let untouched = AuthenticatorData { present: false, ..asserted.clone() };
    let unverified = AuthenticatorData { verified: false, ..asserted.clone() };
    let foreign = AuthenticatorData { party: [8; 32], ..asserted.clone() };
    for (what, expected, client, key, verdict) in [
        ("a sign-in", &get, &got, &asserted, Ok(())),
        ("a registration", &create, &created, &made, Ok(())),
        ("a registration instead of a sign-in", &get, &created, &asserted, Err(Flaw::Kind)),
        ("a sign-in instead of a registration", &create, &got, &made, Err(Flaw::Kind)),
        ("another challenge", &get, &old, &asserted, Err(Flaw::Challenge)),
        ("another site", &get, &elsewhere, &asserted, Err(Flaw::Origin)),
        ("a frame", &get, &framed, &asserted, Err(Flaw::Origin)),
        ("another party", &get, &got, &foreign, Err(Flaw::Party)),
        ("nobody there", &get, &got, &untouched, Err(Flaw::NotPresent)),
        ("not verified", &get, &got, &unverified, Err(Flaw::NotVerified)),
        ("a new credential in a sign-in", &get, &got, &made, Err(Flaw::NotVerified)),
        ("no credential in a registration", &create, &created, &asserted, Err(Flaw::Malformed)),
    ] {
        assert_eq!(judge(expected, client, key), verdict, "{what}");
    }
    let any = Expected { verified: false, ..get };
    assert_eq!(judge(&any, &got, &unverified), Ok(()), "as a second factor a touch will do");
    assert_eq!(judge(&any, &got, &made), Err(Flaw::Malformed));
}

#[test]
fn a_count_must_grow_unless_the_key_does_not_count() {
    for (before, after, suspicious) in
        [(0, 0, false), (0, 1, false), (1, 2, false), (2, 2, true), (2, 1, true), (2, 0, true)]
    {
        assert_eq!(is_suspicious(before, after), suspicious, "{before} to {after}");
    }
}

#[test]
fn a_challenge_is_read_back_and_does_not_live_long() {
    let now = Timestamp::from_micros(1_000_000);
    let bytes = [Challenge::new([3; CHALLENGE_CHANCE], now).to_bytes(), b"seal".to_vec()].concat();
    let (read, seal) = Challenge::parse(&bytes).unwrap();
    assert_eq!((read.chance, seal), ([3; CHALLENGE_CHANCE], &b"seal"[..]));
    assert!(read.is_alive(now.plus_seconds(599)) && !read.is_alive(now.plus_seconds(600)));
    assert!(Challenge::parse(&bytes[..31]).is_none());
}
