#!/usr/bin/env python3
"""Checks the invariants of ARCHITECTURE.md that no compiler checks: `make test` runs this first.

Every rule below is a function that yields `file:line: what is wrong`. Vendored files (`linguist-vendored` in
.gitattributes) were written elsewhere and are left alone.
"""

import pathlib
import re
import subprocess
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
LONGEST_FILE = 600
SOURCES = {".rs", ".py", ".sh", ".js", ".mjs", ".html", ".css", ".sql", ".lua", ".rb"}
DOORS = "crates/jeton-server/src/doors/"
# What the rules may be built with: arithmetic, hashing and calendars, nothing that waits, reads or throws dice.
CORE_DEPENDENCIES = {"crc32fast", "hmac", "jiff", "sha1", "sha2", "subtle", "zeroize"}


def git(*arguments):
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, stdout=subprocess.PIPE, encoding="utf-8").stdout


def own_files():
    """The tracked text files that are ours, as `path -> lines`."""
    attributes = git("ls-files", "-z", ":(attr:linguist-vendored)")
    vendored = set(attributes.split("\0"))
    files = {}
    for path in git("ls-files", "-z").split("\0"):
        file = ROOT / path
        if path and path not in vendored and file.suffix in SOURCES | {".toml"} and file.is_file():
            files[path] = file.read_text(encoding="utf-8").splitlines()
    return files


FILES = own_files()


def lines_matching(pattern, belongs):
    """`(path, number, match)` of every line that matches, in the files for which `belongs(path)` holds."""
    expression = re.compile(pattern)
    for path, lines in FILES.items():
        if belongs(path):
            for number, line in enumerate(lines, 1):
                match = expression.search(line)
                if match:
                    yield path, number, match


def dependencies(manifest):
    """The names under `[dependencies]` of a crate's manifest."""
    return set(tomllib.loads("\n".join(FILES[manifest])).get("dependencies", {}))


def files_are_short():
    for path, lines in FILES.items():
        if pathlib.Path(path).suffix in SOURCES and len(lines) > LONGEST_FILE:
            yield f"{path}: {len(lines)} lines; over {LONGEST_FILE} it wants to be two files"


def core_has_no_world():
    """The rules neither wait nor read nor write: what they are built with shows it, and so do their words."""
    for name in sorted(dependencies("crates/jeton-core/Cargo.toml") - CORE_DEPENDENCIES):
        yield f"crates/jeton-core/Cargo.toml: {name} is not among the crates that the rules may use"
    world = r"\basync\b(?! and)|\.await\b|\bstd::(fs|net|process|thread|env|io)\b"
    for path, number, match in lines_matching(world, lambda path: path.startswith("crates/jeton-core/src/")):
        if not FILES[path][number - 1].lstrip().startswith("//"):
            yield f"{path}:{number}: `{match[0]}` in the rules"


def sql_stays_in_the_store():
    for crate in ("jeton-core", "jeton-server", "jeton"):
        if "sqlx" in dependencies(f"crates/{crate}/Cargo.toml"):
            yield f"crates/{crate}/Cargo.toml: only jeton-store talks to databases"
    statement = r"\b(SELECT .* FROM|INSERT INTO|UPDATE \w+ SET|DELETE FROM|CREATE (UNIQUE )?(TABLE|INDEX))\b"
    elsewhere = lambda path: path.startswith("crates/") and not path.startswith("crates/jeton-store/")
    for path, number, match in lines_matching(statement, elsewhere):
        yield f"{path}:{number}: SQL (`{match[0]}`) outside jeton-store"


def doors_do_not_know_each_other():
    doors = {path.removeprefix(DOORS).split("/")[0].removesuffix(".rs") for path in FILES if path.startswith(DOORS)}
    doors.discard("mod")
    if not doors:
        return
    names = "|".join(sorted(doors))
    named = rf"\bdoors::({names})\b|\bsuper::(?:super::)*({names})::"
    exempt = {"crates/jeton-server/src/lib.rs", f"{DOORS}mod.rs"}
    server = lambda path: path.startswith("crates/jeton-server/src/") and path not in exempt
    for path, number, match in lines_matching(named, server):
        other = match[1] or match[2]
        own = path.removeprefix(DOORS).split("/")[0].removesuffix(".rs") if path.startswith(DOORS) else None
        if other != own:
            yield f"{path}:{number}: imports the door `{other}`; only lib.rs may, and no other door"


def templates_escape():
    for path, number, match in lines_matching(r"\|\s*safe\b|autoescape", lambda path: path.endswith(".html")):
        yield f"{path}:{number}: `{match[0]}` switches the escaping of HTML off"


def nothing_is_left_for_later():
    later = r"\btodo!|\bunimplemented!|\b(TODO|FIXME|XXX)\b|#\[ignore"
    for path, number, match in lines_matching(later, lambda path: path != "scripts/check-house.py"):
        yield f"{path}:{number}: `{match[0]}`"


RULES = [files_are_short, core_has_no_world, sql_stays_in_the_store, doors_do_not_know_each_other, templates_escape,
         nothing_is_left_for_later]


def main():
    problems = [problem for rule in RULES for problem in rule()]
    for problem in problems:
        print(problem)
    print(f"{len(FILES)} files, {len(RULES)} rules of the house: {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
