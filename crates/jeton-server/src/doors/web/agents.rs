//! What a client calls itself (RFC 9110 section 10.1.5), in words. Everybody can call themselves anything: the words help
//! to recognise the own browser, and decide nothing.

/// What stands in the header, and what it means; the first that stands there counts.
const PROGRAMS: &[(&str, &str)] = &[
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("HeadlessChrome/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Version/", "Safari"),
    ("curl/", "curl"),
    ("git/", "Git"),
];

/// The same for the system below it.
const SYSTEMS: &[(&str, &str)] = &[
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Macintosh", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
    ("FreeBSD", "FreeBSD"),
];

/// Characters of an unknown program's name that are shown.
const LONGEST: usize = 40;

/// Program and system: `Firefox 128 on Linux`.
pub(super) fn in_words(agent: Option<&str>) -> String {
    let Some(agent) = agent.map(str::trim).filter(|agent| !agent.is_empty()) else {
        return "Unknown program".to_owned();
    };
    let program = PROGRAMS.iter().find_map(|(mark, name)| Some(numbered(name, agent.split_once(mark)?.1)));
    let program = program.unwrap_or_else(|| first_word(agent));
    match SYSTEMS.iter().find(|(mark, _)| agent.contains(mark)) {
        Some((_, system)) => format!("{program} on {system}"),
        None => program,
    }
}

/// The name with the first part of the version.
fn numbered(name: &str, version: &str) -> String {
    let number: String = version.chars().take_while(char::is_ascii_digit).take(6).collect();
    if number.is_empty() { name.to_owned() } else { format!("{name} {number}") }
}

fn first_word(agent: &str) -> String {
    agent.split([' ', '/']).next().unwrap_or_default().chars().take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_and_systems() {
        for (agent, words) in [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox 128 on Linux"),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
                "Chrome 126 on Windows",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0",
                "Edge 126 on Windows",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15",
                "Safari 17 on macOS",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
                "Safari 17 on iPhone",
            ),
            (
                "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36",
                "Chrome 126 on Android",
            ),
            ("git/2.39.5", "Git 2"),
            ("curl/8.7.1", "curl 8"),
            ("something-own/1.0 (x)", "something-own"),
            ("<script>alert(1)</script>", "<script>alert(1)<"),
            ("", "Unknown program"),
        ] {
            assert_eq!(in_words(Some(agent)), words, "{agent}");
        }
        assert_eq!(in_words(None), "Unknown program");
        assert_eq!(in_words(Some(&"x".repeat(999))).len(), LONGEST);
    }
}
