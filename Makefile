# The verbs of this repository. Each needs only Python 3.11 and make; `tools/bootstrap.py` fetches the rest.
# Options: ARGS="..." are passed on to the program behind a verb; V=1 shows what the set-up's programs print.

.DEFAULT_GOAL := help
SHELL := /bin/sh
MAKEFLAGS += --no-print-directory
.PHONY: help run open test test-long unit e2e bench lint format types contracts web web-dev docs wheel clean distclean \
	ready-run ready-test ready-web

# The first Python on this machine that is new enough; version managers leave names behind that do not run.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $$p && break; done)
BIN := .venv/bin
# Long counts take longer than a hang is given in a short run.
LONG_TEST_LIMIT_S := 4800

help: ## show this list
	@echo "Motorcade. Usage: make VERB"
	@echo
	@sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)$$/\1|\2/p' Makefile | awk -F'|' '{ printf "  %-11s %s\n", $$1, $$2 }'
	@echo
	@echo "On a fresh machine start with: make run"

run: ready-run ## install, build, start everything with 200 simulated cars, and print the sign-in link
	@exec $(BIN)/motorcade run $(ARGS)

open: ready-run ## print a fresh sign-in link for the system that is running
	@exec $(BIN)/motorcade open $(ARGS)

test: ready-test ## check style, types and architecture, then run every test (what CI runs)
	@$(MAKE) lint types contracts
	@echo "== web unit tests"
	@$(PYTHON) -m tools.web_run test
	@echo "== tests"
	@$(BIN)/pytest $(ARGS)

test-long: ready-test ## run the same tests at their full counts (up to 80 minutes) and write docs/reference/proof.md
	@rm -rf test-artefacts/proof
	@MOTORCADE_TEST_SCALE=long $(BIN)/pytest -o faulthandler_timeout=$(LONG_TEST_LIMIT_S) $(ARGS)
	@$(BIN)/python -m tools.proof_page

unit: ready-test ## run only the fast tests: no sockets, no browser
	@$(BIN)/pytest tests/unit tests/arch -m "not slow" $(ARGS)

e2e: ready-test ## run only the browser tests
	@$(BIN)/pytest tests/e2e $(ARGS)

bench: ready-test ## measure throughput and latency, and write them as JSON with the machine's facts
	@exec $(BIN)/python -m tests.bench $(ARGS)

lint: ready-test ## check style and formatting
	@echo "== lint"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

format: ready-test ## put the code into the house's format and fix what can be fixed safely
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

types: ready-test ## check types, Python's strictly and the web application's
	@echo "== types"
	@$(BIN)/mypy
	@$(PYTHON) -m tools.web_run lint

contracts: ready-test ## check who may import whom
	@echo "== import contracts"
	@$(BIN)/lint-imports

web: ready-web ## build the web application into web/dist

web-dev: ready-run ## serve the web application with live reload, against a running system
	@$(PYTHON) -m tools.web_run dev

docs: ready-test ## write the generated reference pages again
	@$(BIN)/python -m tools.pages

wheel: ready-test ## build an installable wheel, web application included, into dist/
	@$(BIN)/python -m tools.wheel

clean: ## delete caches and everything built; keeps the environment and the data
	@rm -rf build dist web/dist web/.vite web/coverage test-artefacts .mypy_cache .ruff_cache .pytest_cache .hypothesis \
		.import_linter_cache .tools/web.json
	@find src tests tools -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean ## also delete the environment and all fetched packages; keeps the data
	@rm -rf .venv .tools web/node_modules

ready-run ready-test ready-web:
	@test -n "$(PYTHON)" || { \
		echo "Motorcade needs Python 3.11 or newer, and none was found. Debian 12: sudo apt install python3" >&2; exit 1; }
	@$(PYTHON) -m tools.bootstrap $(@:ready-%=%)
