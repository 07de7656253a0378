//! What a client calls itself, in words of ours. A mail never repeats the client's own: whoever asks for a link to
//! somebody else's account chooses them.

/// Programs by a word that stands in their names, the more particular ones first: browsers call themselves by the names
/// of those that they resemble.
const PROGRAMS: [(&str, &str); 14] = [
    ("edg", "Edge"),
    ("opr/", "Opera"),
    ("firefox", "Firefox"),
    ("fxios", "Firefox"),
    ("chrome", "Chrome"),
    ("crios", "Chrome"),
    ("safari", "Safari"),
    ("curl", "curl"),
    ("wget", "Wget"),
    ("python", "Python"),
    ("glab", "glab"),
    ("go-http-client", "Go"),
    ("ruby", "Ruby"),
    ("git/", "Git"),
];

/// Systems, likewise.
const SYSTEMS: [(&str, &str); 7] = [
    ("android", "Android"),
    ("iphone", "iOS"),
    ("ipad", "iPadOS"),
    ("windows", "Windows"),
    ("cros", "ChromeOS"),
    ("mac os x", "macOS"),
    ("linux", "Linux"),
];

/// The program and its system, as far as they are known: `Firefox on Linux`.
pub(super) fn in_words(client: &str) -> String {
    let client = client.to_lowercase();
    let find =
        |known: &[(&str, &'static str)]| known.iter().find(|(word, _)| client.contains(word)).map(|(_, name)| *name);
    let program = find(&PROGRAMS).unwrap_or("unknown program");
    match find(&SYSTEMS) {
        Some(system) => format!("{program} on {system}"),
        None => program.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_are_named_in_our_words_alone() {
        for (client, words) in [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/148.0 \
                 Safari/537.36 Edg/148.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1 Version/18 Mobile Safari/604.1",
                "Safari on iOS",
            ),
            ("curl/8.10.1", "curl"),
            ("python-gitlab/8.6.0", "Python"),
            ("Your account is locked: call +1 555 0100 or see evil.example", "unknown program"),
            ("", "unknown program"),
        ] {
            assert_eq!(in_words(client), words, "{client}");
        }
    }
}
