# Jeton. `make help` lists what can be done here; a Rust toolchain and make are all that must be there.

.DEFAULT_GOAL := help
.PHONY: run dev test bench docs help

# A program that compares Cargo.lock with a database of known vulnerabilities; `make test` skips it where it is missing.
export ADVISORIES ?= ../shared/tools/advisories

run: ## build the release program and serve with ./data
	@scripts/install run
	@exec cargo run --release --locked --bin jeton -- serve

dev: ## the same with the debug build, which compiles faster
	@scripts/install dev
	@exec cargo run --locked --bin jeton -- serve

test: ## every check and every test; STEPS="lint tests" runs only those
	@scripts/install test
	@python3 scripts/test.py $(STEPS)

bench: ## measure the release program against nginx and git over file://; PARTS="git" measures only that
	@scripts/install bench
	@cargo build --release --locked --workspace --bins
	@cargo run --quiet --release --locked --bin jeton-bench -- $(PARTS)

docs: ## build the documentation of the code: target/doc/jeton_server/index.html
	@cargo doc --workspace --no-deps --locked

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1 \2/p' $(MAKEFILE_LIST) | \
		while read -r make name text; do printf '%s %-6s %s\n' "$$make" "$$name" "$$text"; done
