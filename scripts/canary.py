#!/usr/bin/env python3
"""The canary scan: after all tests, no file that a server wrote may hold a token or a password that the tests used.

    scripts/canary.py DIRECTORY

DIRECTORY is the JETON_TEST_DIR of a run. Its file `secrets` holds every secret, one a line; below it lie the servers'
logs (at trace level), database files with their write-ahead logs, mails, and the last scrape of the metrics. The file
`mailed-secrets` holds those of links that came by mail: the mail alone may hold them. Mails are read decoded. Each secret
is looked for as it is and in the spellings in which it travels: percent-encoded, base64 at any offset, hexadecimal, and
the list of numbers that Rust prints for bytes. First the scan proves on planted files that it finds every one of them.
"""

import base64
import email
import email.message
import email.policy
import os
import pathlib
import secrets
import subprocess
import sys
import tempfile
import time
import urllib.parse

SHORTEST_SECRET = 8
# A server that got its SIGTERM has 30 seconds for the requests in hand.
PATIENCE = 45


def spellings(secret):
    """Every way in which a secret could stand in a file, by name."""
    raw = secret.encode()
    yield "plain", secret
    yield "percent-encoded", urllib.parse.quote(secret, safe="")
    yield "hexadecimal", raw.hex()
    yield "bytes", ", ".join(map(str, raw))
    for offset in range(3):
        # Characters that hold bits of the neighbours too are cut off at both ends.
        begin = (offset * 8 + 5) // 6
        end = (offset + len(raw)) * 8 // 6
        padded = bytes(offset) + raw + bytes(2)
        yield f"base64 at offset {offset}", base64.b64encode(padded).decode()[begin:end]
        yield f"base64url at offset {offset}", base64.urlsafe_b64encode(padded).decode()[begin:end]


def search(directory, needles):
    """`(path, needle)` of everything found; `needles` may be many thousands."""
    with tempfile.NamedTemporaryFile("w", suffix=".needles") as file:
        file.write("".join(f"{needle}\n" for needle in needles))
        file.flush()
        found = subprocess.run(
            ["grep", "-raFoHZ", "--exclude=secrets", "--exclude=mailed-secrets", "-f", file.name, directory],
            stdout=subprocess.PIPE, env={**os.environ, "LC_ALL": "C"},
        )
    if found.returncode > 1:
        sys.exit("canary: grep failed")
    for line in sorted(set(found.stdout.decode(errors="replace").splitlines())):
        path, _, needle = line.partition("\0")
        yield path, needle


def search_mails(directory, needles):
    """The same in mails, as their readers see them: on its way a text is encoded and broken into short lines."""
    with tempfile.TemporaryDirectory() as decoded:
        mails = {}
        for number, file in enumerate(directory.rglob("*.eml")):
            mail = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
            text = "\n".join([*(f"{name}: {value}" for name, value in mail.items()), mail.get_content()])
            path = pathlib.Path(decoded) / str(number)
            path.write_text(text, encoding="utf-8", errors="surrogateescape")
            mails[str(path)] = str(file)
        for path, needle in search(decoded, needles):
            yield mails[path], needle


def prove(directory):
    """Plants a secret in every spelling and looks whether each is found."""
    secret = "jeton_" + secrets.token_hex(19)
    planted = pathlib.Path(tempfile.mkdtemp(dir=directory))
    expected = {}
    try:
        for name, text in spellings(secret):
            file = planted / name.replace(" ", "-")
            file.write_bytes(b"\0\xff before " + text.encode() + b" after\n")
            expected[str(file)] = name
        mail = email.message.EmailMessage(policy=email.policy.SMTP)
        mail.set_content(f"{'x' * 60} {secret}", cte="quoted-printable")
        (planted / "mail.eml").write_bytes(mail.as_bytes())
        expected[str(planted / "mail.eml")] = "in a mail"
        needles = {text for _, text in spellings(secret)}
        found = [*search(planted, needles), *search_mails(planted, needles)]
        missed = set(expected) - {path for path, _ in found}
        if missed:
            sys.exit(f"canary: the scan is blind to {sorted(expected[path] for path in missed)}")
    finally:
        for file in planted.iterdir():
            file.unlink()
        planted.rmdir()


def wait_for_servers(directory):
    """Servers may still be writing their last lines."""
    until = time.monotonic() + PATIENCE
    for file in directory.rglob("server.pid"):
        process = pathlib.Path("/proc") / file.read_text().strip() / "comm"
        while process.exists() and process.read_text().strip() == "jeton":
            if time.monotonic() > until:
                sys.exit(f"canary: the server of {file.parent} does not end")
            time.sleep(0.1)


def read_list(file):
    """The secrets that a file lists; none where there is no such file."""
    return set(file.read_text().splitlines()) if file.exists() else set()


def main(arguments):
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    directory = pathlib.Path(arguments[0]).resolve()
    mailed = read_list(directory / "mailed-secrets")
    known = read_list(directory / "secrets") | mailed
    short = sorted(secret for secret in known if len(secret) < SHORTEST_SECRET)
    if short:
        sys.exit(f"canary: too short to be looked for: {short[0]!r}")
    wait_for_servers(directory)
    # A scan that looks at nothing would pass for ever.
    for kind, pattern in {"log": "stderr.log", "database": "jeton.db", "scrape of metrics": "metrics.txt"}.items():
        if not any(file.stat().st_size for file in directory.rglob(pattern)):
            sys.exit(f"canary: no {kind} ({pattern}) to look at below {directory}")
    if not known:
        sys.exit("canary: the tests recorded no secret")
    prove(directory)

    needles = {text: (secret, name) for secret in known for name, text in spellings(secret)}
    hits = [*search(directory, needles), *search_mails(directory, needles)]
    hits = [(path, needle) for path, needle in hits if not (path.endswith(".eml") and needles[needle][0] in mailed)]
    for path, needle in hits[:50]:
        secret, name = needles[needle]
        print(f"{path}: holds {secret[:10]}… ({name})")
    files = [file for file in directory.rglob("*") if file.is_file()]
    size = sum(file.stat().st_size for file in files) / 1e6
    print(f"canary: {len(known)} secrets in {len(files)} files ({size:.0f} MB): found {len(hits)} times")
    return 1 if hits else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
