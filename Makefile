# What a person types; each target says in one line what it does (`make help`).
# Needs make and Python 3.11 or newer, nothing else; everything is installed into .venv from hashed locks.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PORT ?= 8000
PYTHON ?= python3
PACKAGES := composition config idp matters connectors portal demo
TEMPLATES := idp/templates portal/templates demo/pages/templates
# Two workers: the machine this is measured on has two cores. PYTEST_ARGS narrows a run: make test PYTEST_ARGS='-k receipt'
PYTEST_WORKERS ?= 2
PYTEST_ARGS ?=
# How many cases wait while a department is away for ten simulated days; 100000 take some ten minutes longer.
F1_CASES ?= 5000

RUNTIME := .venv/.runtime-installed
DEVELOPMENT := .venv/.development-installed
PIP := .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes

.PHONY: help run test check bench faults lock programs clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | while IFS=$$'\t' read -r name does; do printf '  make %-8s %s\n' "$$name" "$$does"; done

run: $(RUNTIME) ## Install what is missing and start OneWindow with its demo departments (PORT=8000)
	@PORT="$(PORT)" exec .venv/bin/python onewindow.py demo

test: $(DEVELOPMENT) programs ## Run the whole test suite, with real PostgreSQL, Redis and Chromium
	@.venv/bin/python -m pytest -n $(PYTEST_WORKERS) --dist loadfile $(PYTEST_ARGS)

check: $(DEVELOPMENT) ## Format, lint, types, import contracts, templates, locks
	@.venv/bin/ruff format --check --quiet . && echo 'format: ok'
	@.venv/bin/ruff check --quiet . && echo 'lint: ok'
	@.venv/bin/mypy
	@.venv/bin/lint-imports --no-logo
	@.venv/bin/djlint --lint --quiet $(TEMPLATES) && echo 'templates: ok'
	@.ci/check-locks

bench: $(DEVELOPMENT) ## Measure page times and the CPU of a sign-on, and print them as tables
	@.venv/bin/python -m tests.bench

faults: $(DEVELOPMENT) programs ## Harm everything on purpose for half an hour and count what was lost or doubled (F1_CASES=5000)
	@.venv/bin/python -m tests.faults whole $(F1_CASES)

lock: $(DEVELOPMENT) ## Compile both lock files anew from pyproject.toml, keeping pinned versions that still fit
	@.ci/compile-locks .

programs: ## Make sure that the programs the tests run against are here
	@.ci/ensure-programs

clean: ## Remove what was built or installed here; var/ is kept
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .schemathesis test-results
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(f"OneWindow needs Python 3.11 or newer, and $(PYTHON) is {sys.version.split()[0]}; name another with: make PYTHON=/path/to/python3" if sys.version_info < (3, 11) else 0)'
	@echo 'Making .venv …'
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo 'Python could not make a virtual environment; on Debian: apt-get install python3-venv' >&2; exit 1; }

# pip byte-compiles what it installs, and the dev lock holds the runtime lock's versions:
# neither target ever undoes the other's work.
$(RUNTIME): requirements.lock | .venv/bin/python
	@echo 'Installing locked packages …'
	@$(PIP) -r requirements.lock
	@.venv/bin/python -m compileall -q $(PACKAGES) onewindow.py
	@touch $@

$(DEVELOPMENT): requirements.lock requirements-dev.lock | .venv/bin/python
	@echo 'Installing locked packages and tools …'
	@$(PIP) -r requirements-dev.lock
	@touch $(RUNTIME) $@
