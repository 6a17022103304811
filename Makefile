# The commands of this repository. `make demo` and `make test` need nothing beforehand on Debian with python3.11.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

VENV ?= .venv
TEST_WORKERS ?= $(shell echo $$(( ($$(nproc) * 3 + 1) / 2 )))
export CMAKE_BUILD_PARALLEL_LEVEL ?= $(shell nproc)
# Tests start hundreds of processes; without bytecode each of them compiles every module that it imports.
unexport PYTHONDONTWRITEBYTECODE
PY := $(VENV)/bin/python
NATIVE_SOURCES := CMakeLists.txt pyproject.toml $(shell find src/safelight/native -name '*.cpp' -o -name '*.hpp')

LOCKING := tests/server/ledger tests/server/jobs tests/server/vault tests/server/test_together.py

.PHONY: help setup browser test test-postgres trials trials-here lint docs ci demo screenshots lock clean
help: ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

setup: $(VENV)/.built ## everything that the other commands need

$(VENV)/.packages: requirements.lock tools/setup.sh tools/debian.sh
	@tools/setup.sh $(VENV) requirements.lock
	@touch $@

$(VENV)/.built: $(VENV)/.packages $(NATIVE_SOURCES)
	@echo "Building the native parts ..."
	@$(PY) -m pip install -q --no-build-isolation --no-deps --check-build-dependencies -e .
	@touch $@

$(VENV)/.browser: $(VENV)/.packages tools/debian.sh
	@command -v chromium >/dev/null || tools/debian.sh chromium
	@touch $@

browser: $(VENV)/.browser ## the browser that some tests need

test: setup browser ## set up and run the tests (the slow trials excepted)
	@# Three workers for each two processors: whoever starts servers waits more than it computes.
	@$(PY) -m pytest -n $(TEST_WORKERS) --dist loadgroup
	@# On PostgreSQL what rests most on how a database locks and refuses; `make test-postgres` runs the rest there.
	@SAFELIGHT_TEST_DATABASE=postgres $(PY) -m pytest -n $(TEST_WORKERS) --dist loadgroup $(LOCKING)

test-postgres: setup ## every test of the server that uses a database of its own, on PostgreSQL
	@# tests/server/conftest.py leaves out what brings its own database.
	@SAFELIGHT_TEST_DATABASE=postgres $(PY) -m pytest -n $(TEST_WORKERS) --dist loadgroup tests/server

trials: setup ## the slow fault trials, on SQLite and PostgreSQL; ends with FIGURE lines
	@tools/trials.sh $(PY) with-postgres

trials-here: setup ## the same without the server's on PostgreSQL
	@tools/trials.sh $(PY)

lint: setup ## style, types and import contracts
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy
	@$(VENV)/bin/lint-imports
	@tools/web/check.sh $(VENV)/web

demo: setup ## see pictures scanned, then the console with cases waiting, until Ctrl-C
	@$(VENV)/bin/safelight demo --console

screenshots: setup browser ## make the documentation's pictures of the console anew, from the demo
	@$(PY) tools/screenshots.py

docs: setup ## build the documentation, warnings as errors
	@$(PY) -m sphinx -W --keep-going -q -b html docs docs/_build/html

lock: ## resolve the lock files anew from pyproject.toml
	@$(PY) -m uv pip compile pyproject.toml --extra dev --universal --generate-hashes -q \
	    --custom-compile-command "make lock" -o requirements.lock
	@$(PY) -m uv pip compile pyproject.toml --extra dev --extra bench -c requirements.lock --universal \
	    --generate-hashes -q --custom-compile-command "make lock" -o requirements-bench.lock

clean: ## remove what the other commands made
	@rm -rf $(VENV) build docs/_build demo

include $(wildcard bench/*.mk)
