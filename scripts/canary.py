#!/usr/bin/env python3
"""The canary scan: after all tests, no file that a server wrote may hold a token or a password that the tests used.

    scripts/canary.py DIRECTORY

DIRECTORY is the JETON_TEST_DIR of a run. Its file `secrets` holds every secret, one a line; below it lie the servers'
logs (at trace level), database files with their write-ahead logs, mails, and the last scrape of the metrics. Each secret
is looked for as it is and in the spellings in which it travels: percent-encoded, base64 at any offset, hexadecimal, and
the list of numbers that Rust prints for bytes. First the scan proves on planted files that it finds every one of them.
"""

import base64
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
            ["grep", "-raFoHZ", "--exclude=secrets", "-f", file.name, directory],
            stdout=subprocess.PIPE, env={**os.environ, "LC_ALL": "C"},
        )
    if found.returncode > 1:
        sys.exit("canary: grep failed")
    for line in sorted(set(found.stdout.decode(errors="replace").splitlines())):
        path, _, needle = line.partition("\0")
        yield path, needle


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
        missed = set(expected) - {path for path, _ in search(planted, {text for _, text in spellings(secret)})}
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


def main(arguments):
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    directory = pathlib.Path(arguments[0]).resolve()
    known = set((directory / "secrets").read_text().splitlines())
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
    hits = list(search(directory, needles))
    for path, needle in hits[:50]:
        secret, name = needles[needle]
        print(f"{path}: holds {secret[:10]}… ({name})")
    files = [file for file in directory.rglob("*") if file.is_file()]
    size = sum(file.stat().st_size for file in files) / 1e6
    print(f"canary: {len(known)} secrets in {len(files)} files ({size:.0f} MB): found {len(hits)} times")
    return 1 if hits else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
