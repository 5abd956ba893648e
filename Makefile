# Thin: every target calls a script or cargo. `make` lists them.
.DEFAULT_GOAL := help
.PHONY: help setup programs build demo test idl fmt clean

CARGO_TARGET_DIR ?= $(CURDIR)/target
export CARGO_TARGET_DIR
# Arguments for `heliograph up`, as in: make demo ARGS=--keep
ARGS ?=

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install what building and running need (Debian packages, toolchain, models, recordings)
	scripts/setup.sh --all

programs: ## compile the programs to Solana bytecode, into target/deploy
	scripts/setup.sh --programs
	scripts/sbf/build.sh

build: ## compile the binaries
	scripts/setup.sh --build
	cargo build --locked --workspace --bins

demo: ## the whole network on this machine: calls, speech, money, audit (ARGS=--keep leaves it running)
	scripts/demo.sh $(ARGS)

test: ## everything that CI checks
	scripts/test.sh

idl: ## regenerate idl/ from the programs
	scripts/idl.sh

fmt: ## format the Rust sources
	cargo fmt --all

clean: ## delete build output (the cache outside the repository stays)
	cargo clean
	rm -rf target
