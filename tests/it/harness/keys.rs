//! Public keys that nobody else has.

use std::sync::atomic::{AtomicU64, Ordering};

use base64::{Engine as _, prelude::BASE64_STANDARD};

/// An OpenPGP key of Joe <joe@example.com>, made by `GnuPG` 2.2.
pub(crate) const GPG_KEY: &str = "\
-----BEGIN PGP PUBLIC KEY BLOCK-----

mDMEawZCahYJKwYBBAHaRw8BAQdAlotmfrKIoSb610iNEhoqZi7VOOeW6L4rj/Fa
eLd+8rC0FUpvZSA8am9lQGV4YW1wbGUuY29tPoiQBBMWCAA4FiEEY5rHmzeg7sgH
lMRVW6UXkpXoJgkFAmsGQmoCGwMFCwkIBwIGFQoJCAsCBBYCAwECHgECF4AACgkQ
W6UXkpXoJgkxmAD+JLhQlRn1XKoiOkjqwupWtbWbBCNiTPvSQ90OUN68iPwA/1/N
iP9212ItSLp1ms5R22XLqstHIFEX9fRVyHMLFQEC
=Dq0C
-----END PGP PUBLIC KEY BLOCK-----";

/// 32 bytes that come once.
fn new_point() -> Vec<u8> {
    static COUNT: AtomicU64 = AtomicU64::new(1);
    [&[7; 24][..], &COUNT.fetch_add(1, Ordering::Relaxed).to_be_bytes()].concat()
}

/// An SSH key: type and base64 (RFC 8709 section 4).
pub(crate) fn new_ssh_key() -> String {
    let blob = [&[0, 0, 0, 11][..], b"ssh-ed25519", &[0, 0, 0, 32], &new_point()].concat();
    format!("ssh-ed25519 {}", BASE64_STANDARD.encode(blob))
}

/// An armoured OpenPGP key without any user id or signature (RFC 9580 sections 5.5.2 and 6.2). Every other one is good:
/// half of all numbers are no points of the curve.
pub(crate) fn new_gpg_key() -> String {
    // Version 4, made in 2026, EdDSA on Curve25519.
    let head = [4, 0x69, 0x55, 0xb9, 0, 22, 9, 0x2b, 6, 1, 4, 1, 0xda, 0x47, 0x0f, 1, 1, 7, 0x40];
    let body = [&head[..], &new_point()].concat();
    let packet = [&[0xc6, u8::try_from(body.len()).unwrap()][..], &body].concat();
    let armour = BASE64_STANDARD.encode(packet);
    format!("-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n{armour}\n-----END PGP PUBLIC KEY BLOCK-----")
}
