# What a person runs. `make demo` and `make test` need nothing prepared but Python 3.11 or newer.
PYTHON ?= python3
BIN := .venv/bin
PAGE := bot/demo/fake_slack/page
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# Two workers for each of two cores: half of the time tests wait for processes and servers of their own.
PYTEST := $(BIN)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder
ARGS ?=

.PHONY: demo test quick check format bench chaos soak fuzz page requirements docs clean

demo: .venv/runtime
	@$(BIN)/python -m bot demo $(ARGS)

test: .venv/dev
	$(BIN)/python -m tests.browser.chromium
	$(PYTEST) --durations 10 $(ARGS)

# All but the slow ones: some minutes.
quick: .venv/dev
	$(PYTEST) -m "not slow" $(ARGS)

check: .venv/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/check-jsonschema --schemafile tests/data/slack/manifest.schema.2.0.0.json manifest.yml
	$(BIN)/python $(PAGE)/check_bundle.py
	$(BIN)/python -m tests.leaks
	$(BIN)/python -m tests.audit

format: .venv/dev docs
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: .venv/dev
	$(BIN)/python -m bench $(ARGS)

# The crash test of alerts, then its bad days: KILLS=, SEED=, REPLICAS=, TEAMS=, DATABASE_URL=, RECONCILE=off, ONLY="dead prune" and
# DAYS="slack_out backlog" change it.
chaos: .venv/dev
	@$(BIN)/python -m tests.chaos

# An hour in minutes, then many commands at once: MINUTES=, COMMANDS=, MODE=socket and SEED= change them; 0 leaves one out.
soak: .venv/dev
	@$(BIN)/python -m tests.soak

# Inputs by the million at every reader and at the door: INPUTS=, SEED= and ONLY="request signature" change it. First the
# tests that draw their inputs, with many more.
fuzz: .venv/dev
	@EFFORT=20 $(PYTEST) -q -m "hypothesis or drawn" --timeout 900
	@$(BIN)/python -m tests.fuzz

# Writes what is made from the code's tables: commands in README.md, the usage hint in manifest.yml, scopes in docs/alerts.md.
docs: .venv/dev
	$(BIN)/python -m tests.written

# The demo page's bundle is committed, so that nobody needs Node to see it; this builds it anew.
page:
	cd $(PAGE) && npm ci && npm run build

# Pins, from the ranges in pyproject.toml, with the hashes of all their files: every platform's, every Python's. With
# hashes pip wants extras kept, and itself pinned.
COMPILE := $(BIN)/pip-compile --quiet --generate-hashes --no-strip-extras --allow-unsafe --no-annotate --no-header \
	--no-emit-index-url --no-emit-trusted-host --no-emit-find-links --upgrade
requirements: .venv/dev
	$(PIP) pip-tools
	$(COMPILE) --output-file requirements.txt pyproject.toml
	$(COMPILE) --extra dev --constraint requirements.txt --output-file requirements-dev.txt pyproject.toml

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed: make PYTHON=python3.12 …")'
	$(PYTHON) -m venv .venv

.venv/runtime: requirements.txt | .venv/bin/python
	$(PIP) -r requirements.txt
	@touch $@

.venv/dev: requirements-dev.txt | .venv/bin/python
	$(PIP) -r requirements-dev.txt
	@touch $@ .venv/runtime

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
