#!/usr/bin/env python3
"""Holds every crate that is built into Jeton against deny.toml, without the network.

The file is cargo-deny's, and so is the meaning of the keys read here: `licenses.allow`, `bans.deny`, `bans.skip`,
`bans.multiple-versions`, `sources`. A crate counts as used where `cargo tree` shows it for this machine's target: one
that only stands in Cargo.lock, as an optional part of another, is never compiled.
"""

import pathlib
import re
import subprocess
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
CRATES_IO = "registry+https://github.com/rust-lang/crates.io-index"


def used_crates():
    """Name, version and licence of every crate that is compiled for the program, its tests or its build."""
    tree = subprocess.run(
        ["cargo", "tree", "--locked", "--workspace", "--edges", "normal,build,dev", "--prefix", "none",
         "--format", "{p}|{l}"],
        cwd=ROOT, check=True, stdout=subprocess.PIPE, encoding="utf-8",
    ).stdout
    for line in sorted(set(filter(None, tree.replace(" (*)", "").splitlines()))):
        crate, _, licence = line.partition("|")
        name, version = crate.split()[:2]
        yield name, version.removeprefix("v"), licence


def is_allowed(licence, allowed):
    """Whether an SPDX expression (`/` is an old spelling of OR) can be met with the allowed licences alone."""
    words = re.findall(r"[()]|[^\s()/]+|/", licence)
    words = ["OR" if word == "/" else word for word in words]

    def either():
        met = both()
        while words and words[0] == "OR":
            words.pop(0)
            met = both() or met
        return met

    def both():
        met = one()
        while words and words[0] == "AND":
            words.pop(0)
            met = one() and met
        return met

    def one():
        word = words.pop(0)
        if word == "(":
            met = either()
            words.pop(0)
            return met
        if words and words[0] == "WITH":
            word = " ".join([word, words.pop(0), words.pop(0)])
        return word in allowed

    return bool(words) and either()


def matches(entry, name, version):
    """Whether cargo-deny's `name`, `name@1` or `name@1.2` names this version."""
    wanted, _, requirement = entry.partition("@")
    return wanted == name and (not requirement or f"{version}.".startswith(f"{requirement}."))


def problems(crates, rules, locked):
    """One sentence per rule that is broken."""
    for name, version, licence in crates:
        if not is_allowed(licence, rules["licenses"]["allow"]):
            yield f"{name} {version}: its licence is {licence or 'not declared'}, which deny.toml does not allow"
        for banned in rules["bans"]["deny"]:
            if matches(banned["crate"], name, version):
                yield f"{name} {version}: banned, {banned['reason']}"

    for package in locked:
        if package.get("source", CRATES_IO) != CRATES_IO:
            yield f"{package['name']} {package['version']}: comes from {package['source']}, not from crates.io"

    skipped = rules["bans"]["skip"]
    versions = {}
    for name, version, _ in crates:
        versions.setdefault(name, []).append(version)
    for name, several in versions.items():
        extra = [v for v in several if not any(matches(s["crate"], name, v) for s in skipped)]
        if len(extra) > 1:
            yield f"{name}: built {len(extra)} times ({', '.join(extra)}); agree on one, or skip one with a reason"
    for skip in skipped:
        several = versions.get(skip["crate"].partition("@")[0], [])
        if len(several) < 2:
            yield f"{skip['crate']}: no longer one of several versions; remove it from bans.skip"


def main():
    with open(ROOT / "deny.toml", "rb") as file:
        rules = tomllib.load(file)
    with open(ROOT / "Cargo.lock", "rb") as file:
        locked = tomllib.load(file)["package"]
    crates = list(used_crates())
    found = list(problems(crates, rules, locked))
    for problem in found:
        print(problem)
    print(f"{len(crates)} crates against deny.toml: {len(found)} problems")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
