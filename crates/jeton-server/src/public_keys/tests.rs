#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;

/// Made by OpenSSH 9.2, which also said the fingerprints in the tests.
const ED25519: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOmqgSGxuZ7DY4W3x/nkhMi2rDjitBQYhNltJe3BUwZU";
const ECDSA: &str = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBIe4eANqvUUhqfyP6VJIidJLtTtRC1iXZBg8gb6kzRlC18ItBfgr7NTOw+28i9Rfgv8NWn8kd9iPzX8EC9lzS9Y=";
const RSA: &str = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQDCCpV5nG8+YLA/JMlcwKzmCET+QZOhl9Dbbl5aWGzoEpkLm0qAIuRKKirH0R4W\
3qDg4PGAXCjMYgtnQ8aER0uIia6X4friuqIJUeyPSUgeweupA+90++NcE/iqIGmBZoT1DrxHDqSjEV6v1XpyxCE0JAqujuH01B5S\
I5+dZ5giHzQl068ZQB1k/+osGheXnEMEIOlXV8RUl5NtCNmkPknhxL//IuzvyttzXxPzNEM0Gumti4AjigP+FY2SaB4lJT0GW1KP\
/AHRL6UWX06UBQcY+4MsbD3sjFuxrV9MJiTTzXt6hnbd3mIdI4DbaLa5EgvMVf6HZZ89JQ3vEBftbDkwDBTMhsYRS4gas2hJN2Hg\
4W5flrGvuzpgpi7Zx2llAk7otqghrKWmafRaxHhYUhX8yYFm2999/HMqjc4N5Hp+rzN5CbQLjsJO7WWiSQ2JzfScDGOiLKMuxLCb\
b6luYFM+rAVBjVCF3kh9oZllMfxShlaQosZy9hAvpPOMOqQWyKE=\
";
const DSA: &str = "ssh-dss AAAAB3NzaC1kc3MAAACBAJqOzjD4kjyHLWDKgwt4dO/KpipBz1xjoqz7wI5xg0ku0L9Pg6+1HUoHFZK8KORT+ed+aa7X\
ej00OXO0k6mq7kr29xt2jJyHH/KdtchgyCigobAeXIQDOYU/TbcH2xbZ7A2k/txJ4zA/G8pL2vbMmgwQxoxTwrGT5x7EyQa1ICrd\
AAAAFQDzOpicSdSVl5HNvl7C1WdchKbWXwAAAIBDWNUUTEa3OYgRJ9mwqGrCkNxv1QnpVLuvA/XsPzgDuaEqNfjLkITRsKrLgw8G\
52MaXb5ifl8vlESMwcSo06tP4fstYdUauDhKYd+HlJPNUQeLh2TlwdHt093bLeFu1se6dtqMlKLyDZYO9QRDj8p1t3YxEFLNGUls\
Jizo8wnzowAAAIBm4TuN7NcJsIv+ma8j/MxybaMXDMF4ie1MgqY+NQAVCtmwJIEBZB5HqschXcz0LTfT4G2K36cUZGXTySbrakQj\
l8y6Y4byFnYOBX+lMAaoaXu2WrSY4lv1B0O5wtUfltWrV8wjGlTH2Fqdpwi9jtjbyg5TAuTiIx79x16tFhoRcQ==\
";

/// Made by `GnuPG` 2.2.
const GPG: &str = "\
-----BEGIN PGP PUBLIC KEY BLOCK-----

mDMEawZCahYJKwYBBAHaRw8BAQdALGb8G/gE64f8H7RVEHaaPLhQVNMLQkckUWea
QyFF9iO0G0phbmUgRG9lIDxqYW5lQGV4YW1wbGUuY29tPoiQBBMWCAA4FiEE5byi
ukNDd2ypioMrDrYax5XBMHoFAmsGQmoCGwMFCwkIBwIGFQoJCAsCBBYCAwECHgEC
F4AACgkQDrYax5XBMHodNQD9G6JxWvh9NmKeGQcJHAc0WHubp54DGaNKGJ1GJVJi
V90A/2iuUblCzUSfhEXdRWzKJZDOpPq6IKDdCJkXncMnwU4B
=RwjN
-----END PGP PUBLIC KEY BLOCK-----
";
const GPG_FINGERPRINT: &str = "e5bca2ba4343776ca98a832b0eb61ac795c1307a";

const FORBIDDEN: &str = "type is forbidden. Must be RSA, ECDSA, ED25519, ECDSA_SK, or ED25519_SK";

#[test]
fn keys_are_known_by_the_fingerprints_that_openssh_tells() {
    for (text, sha256, md5) in [
        (ED25519, "Quzmcy7Bp/iXCLdxj2IRKajemwl1y7gNRoTgzze7E9c", "0c:31:b0:18:c1:cb:8a:0d:e1:fb:f1:74:6c:28:69:fc"),
        (ECDSA, "QHPBoRXoX3uICTTrKZAD8YgbBFd/PQKXV4zTZ/tcejg", "f5:5b:c7:6d:0d:79:77:13:a2:b9:77:d0:36:54:ad:0f"),
        (
            RSA.trim_end(),
            "pP9Hd/46AYhAQwJzQpvea3PtegeSUlKSQKk1PENIKPA",
            "c4:1a:07:43:12:89:fc:d8:8c:fb:38:c0:0d:e0:ea:55",
        ),
    ] {
        let key = SshKey::read(&format!(" {text} jane@laptop of hers\n")).unwrap();
        assert_eq!((key.text.as_str(), key.sha256.as_str(), key.md5.as_str()), (text, sha256, md5));
    }
}

#[test]
fn broken_lines_are_mended() {
    let (kind, base64) = ED25519.split_once(' ').unwrap();
    let broken = format!("{kind} {}\r\n{} {} jane@laptop", &base64[..20], &base64[20..21], &base64[21..]);
    assert_eq!(SshKey::read(&broken).unwrap().text, ED25519);
}

#[test]
fn what_is_no_key_is_said() {
    for (text, key, unreadable) in [
        ("", &["can't be blank", "is invalid", FORBIDDEN][..], true),
        ("no key", &["is invalid", FORBIDDEN], true),
        ("ssh-rsa an-invalid-key==", &[FORBIDDEN], true),
        ("ssh-rsa", &[FORBIDDEN], true),
        (DSA, &[FORBIDDEN], false),
        (&ED25519[..60], &[FORBIDDEN], true),
        (&format!("ssh-rsa {}", ED25519.split_once(' ').unwrap().1), &[FORBIDDEN], true),
        (&format!("ssh-ed25519 {}", "A".repeat(6_000)), &["is too long (maximum is 5000 characters)", FORBIDDEN], true),
    ] {
        let flaws = SshKey::read(text).unwrap_err();
        assert_eq!(flaws.key, key, "{text}");
        assert_eq!(flaws.unreadable, unreadable, "{text}");
    }
    assert!(SshKey::read("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk=\n").is_err());
}

#[test]
fn gpg_keys_are_known_by_their_fingerprints() {
    let key = GpgKey::read(&format!("\n {GPG} \n")).unwrap();
    assert_eq!((key.text.as_str(), key.fingerprint.as_str()), (GPG.trim(), GPG_FINGERPRINT));
    let [prefix, suffix] = ARMOUR;
    let form = format!("is invalid. A valid public GPG key begins with '{prefix}' and ends with '{suffix}'");
    assert_eq!(GpgKey::read(" "), Err(GpgFlaw::Text(vec!["can't be blank".into(), form.clone()])));
    for text in ["key", &GPG[1..], &GPG.replace("PUBLIC", "PRIVATE"), &format!("{GPG}{GPG}")] {
        assert_eq!(GpgKey::read(text), Err(GpgFlaw::Text(vec![form.clone()])), "{text}");
    }
    for body in ["", "\n\n", "\n\nAAAA\n", "\n\n\u{e9}\n", "\n\n/////////////////////w==\n"] {
        assert_eq!(GpgKey::read(&format!("{prefix}{body}{suffix}")), Err(GpgFlaw::Unreadable), "{body}");
    }
}

#[test]
fn both_kinds_of_fingerprints_are_understood() {
    use jeton_store::users::ssh_keys::Fingerprint;
    let sha256 = "nUhzNyftwADy8AH3wFY31tAKs7HufskYTte2aXo/lCg";
    let md5 = "0c:31:b0:18:c1:cb:8a:0d:e1:fb:f1:74:6c:28:69:fc";
    for text in [format!("SHA256:{sha256}"), format!(" sha256:{sha256}= ")] {
        assert_eq!(fingerprint(&text), Some(Fingerprint::Sha256(sha256.into())));
    }
    for text in [md5.to_owned(), md5.to_uppercase(), format!("MD5:{md5}")] {
        assert_eq!(fingerprint(&text), Some(Fingerprint::Md5(md5.into())), "{text}");
    }
    for text in ["", "SHA256:", sha256, "SHA256:AAAA", &md5[1..], &md5[3..], &md5.replace('c', "g")] {
        assert_eq!(fingerprint(text), None, "{text}");
    }
    let plus = "+".to_owned() + &sha256[1..];
    assert_eq!(fingerprint(&format!("SHA256: {}", &plus[1..])), Some(Fingerprint::Sha256(plus)));
}

proptest::proptest! {
    /// Whatever is handed in, it is read or refused.
    #[test]
    fn nothing_that_is_handed_in_breaks_the_readers(
        noise in proptest::collection::vec(proptest::num::u8::ANY, 1..200),
        at in 0_usize..400,
        cut in 0_usize..400,
    ) {
        use base64::{Engine as _, prelude::BASE64_STANDARD};
        let damage = |mut bytes: Vec<u8>| {
            bytes.truncate(bytes.len().max(cut) - cut / 2);
            let end = bytes.len();
            bytes.splice(at.min(end)..(at + noise.len()).min(end), noise.iter().copied());
            BASE64_STANDARD.encode(bytes)
        };
        for key in [ED25519, ECDSA, RSA.trim_end()] {
            let (kind, base64) = key.split_once(' ').unwrap();
            let _ = SshKey::read(&format!("{kind} {}", damage(BASE64_STANDARD.decode(base64).unwrap())));
        }
        let lines: String = GPG.lines().filter(|line| !line.contains("---") && !line.starts_with('=')).collect();
        let body = damage(BASE64_STANDARD.decode(lines).unwrap());
        let _ = GpgKey::read(&format!("{}\n\n{body}\n{}", ARMOUR[0], ARMOUR[1]));
        let _ = GpgKey::read(&format!("{}\n\n{}\n{}", ARMOUR[0], BASE64_STANDARD.encode(&noise), ARMOUR[1]));
        let _ = fingerprint(&String::from_utf8_lossy(&noise));
    }
}
