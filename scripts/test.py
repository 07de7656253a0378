#!/usr/bin/env python3
"""Runs every check and every test of Jeton, in the order in which they fail fastest: `make test`.

    scripts/test.py [STEP ...]      without a step: all of them; `--list` names them

Stops at the first step that fails. The last line sums up: `N passed, N failed`, tests and checks together.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import time
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve()
# What the tests leave behind for the canary scan: logs, databases, mails, metrics, and the secrets to look for.
TEST_DIR = TARGET / "test-run"
VENV = ROOT / ".venv"
# Where the packages for Node.js are listed that the tests need.
NODE = ("tests/browser", "tests/it/clients/gitbeaker")
ADVISORIES = pathlib.Path(os.environ.get("ADVISORIES", "../shared/tools/advisories"))

CARGO_TEST_RESULT = re.compile(r"^test result: \w+\. (\d+) passed; (\d+) failed;")


class Failed(Exception):
    """A step did not succeed; its own output said why."""


class Score:
    """How many tests and checks passed and failed."""

    def __init__(self):
        self.passed = 0
        self.failed = 0

    def count(self, line):
        """Adds what a line of `cargo test` reports; whether it was such a line."""
        result = CARGO_TEST_RESULT.match(line)
        if result:
            self.passed += int(result[1])
            self.failed += int(result[2])
        return bool(result)


SCORE = Score()


def run(*command, **environment):
    """Runs a command from the top directory and shows what it prints. A command without test results is one check."""
    process = subprocess.Popen(
        [str(word) for word in command],
        cwd=ROOT,
        env={**os.environ, **{name: str(value) for name, value in environment.items()}},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    tests = failed_before = 0
    failed_before = SCORE.failed
    for line in process.stdout:
        sys.stdout.write(line)
        sys.stdout.flush()
        tests += SCORE.count(line)
    good = process.wait() == 0
    if good and not tests:
        SCORE.passed += 1
    if not good and SCORE.failed == failed_before:
        SCORE.failed += 1
    if not good:
        raise Failed


def step_format():
    run("cargo", "fmt", "--all", "--check")


def step_house():
    run("python3", "scripts/check-house.py")


def step_dependencies():
    run("python3", "scripts/check-dependencies.py")


def step_advisories():
    """Known vulnerabilities, where a database of them is at hand."""
    if (ROOT / ADVISORIES).exists():
        rules = tomllib.loads((ROOT / "deny.toml").read_text(encoding="utf-8"))
        allowed = [word for known in rules["advisories"]["ignore"] for word in ("--allow", known["id"])]
        run(ADVISORIES, "Cargo.lock", *allowed)
    else:
        print(f"skipped: no advisory database here ({ADVISORIES}); set ADVISORIES to a program that reads Cargo.lock")


def step_lint():
    run("cargo", "clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings")


def step_docs():
    run("cargo", "doc", "--workspace", "--no-deps", "--locked", RUSTDOCFLAGS="-D warnings")


def step_clients():
    """The client programs that the tests drive and that no Debian package holds."""
    if not (VENV / "bin/python").exists():
        run("python3", "-m", "venv", VENV)
    requirements = "tests/it/clients/requirements.txt"
    run(VENV / "bin/pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "-r", requirements)
    for folder in NODE:
        run("npm", "ci", "--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund", "--no-progress")


def step_tests():
    """Everything that `cargo test` finds; the integration tests run their servers on SQLite."""
    shutil.rmtree(TEST_DIR, ignore_errors=True)
    run("scripts/with-postgres", "cargo", "test", "--workspace", "--locked", "--no-fail-fast",
        JETON_TEST_ENGINE="sqlite", JETON_TEST_DIR=TEST_DIR)


def step_postgres():
    """The integration tests once more, their servers on PostgreSQL."""
    run("scripts/with-postgres", "cargo", "test", "--package", "jeton", "--test", "it", "--locked", "--no-fail-fast",
        JETON_TEST_ENGINE="postgres", JETON_TEST_DIR=TEST_DIR)


def step_canary():
    run("python3", "scripts/canary.py", TEST_DIR)


STEPS = {name.removeprefix("step_"): step for name, step in globals().items() if name.startswith("step_")}


def main(names):
    if names == ["--list"]:
        print("\n".join(STEPS))
        return 0
    unknown = [name for name in names if name not in STEPS]
    if unknown:
        print(f"no such step: {unknown[0]}; there are {', '.join(STEPS)}", file=sys.stderr)
        return 2
    seconds = {}
    try:
        for name in names or STEPS:
            print(f"\n== {name}", flush=True)
            begin = time.monotonic()
            try:
                STEPS[name]()
            finally:
                seconds[name] = time.monotonic() - begin
    except Failed:
        print(f"\nfailed: {name}")
    print("\n" + ", ".join(f"{name} {took:.0f} s" for name, took in seconds.items()))
    print(f"{SCORE.passed} passed, {SCORE.failed} failed", flush=True)
    return 1 if SCORE.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
