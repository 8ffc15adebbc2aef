# Steadydesk. `make` lists the targets; `make run` and `make test` need nothing but make and Python >= 3.11.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
SEEDS  ?= 20
LOGS   ?=

# One install per lock: a stamp is renewed only when its lock file, or how this project is built, has changed.
RUN_STAMP := $(VENV)/.installed-run
DEV_STAMP := $(VENV)/.installed-dev
BUILD     := pyproject.toml

CODE := workflows activities api steadydesk worker.py tests

.DEFAULT_GOAL := help
.PHONY: help run test lint format types imports tests bench faults proofs real-requests docs screenshots lock clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  %-15s %s\n", $$1, $$2}'

run: $(RUN_STAMP) ## Start everything: databases, Temporal, worker, API; Ctrl-C stops it
	@exec $(BIN)/steadydesk up --end-with-parent

test: lint types imports tests ## Lint, types, import rules and all tests

lint: $(DEV_STAMP) ## Check style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(DEV_STAMP) ## Format the code and mend what can be mended
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(DEV_STAMP) ## Check types
	$(BIN)/pyright

imports: $(DEV_STAMP) ## Check the import rules between layers
	$(BIN)/lint-imports
	$(BIN)/deptry .

tests: $(DEV_STAMP) ## Run the tests in two lanes; prints the ten slowest of each
	$(BIN)/python -m tests.lanes

bench: $(DEV_STAMP) ## Measure beside the bare engine; writes bench/results/latest.json
	$(BIN)/python -m bench

faults: $(DEV_STAMP) ## Kill parts of the running stack and count violations (SEEDS=n)
	$(BIN)/python -m tests.faults --seeds $(SEEDS)

proofs: $(DEV_STAMP) ## Run every proof with its full numbers
	$(BIN)/pytest --full -m proof

real-requests: $(DEV_STAMP) ## Replay real requests through the public API (LOGS="files.xes" for your own)
	$(BIN)/python -m bench.real_requests $(LOGS)

docs: $(DEV_STAMP) ## Write the generated pages and .env.example
	$(BIN)/steadydesk settings > .env.example
	$(BIN)/python -m docs.generate

screenshots: $(DEV_STAMP) ## Take the pictures of the documentation from a running demo
	$(BIN)/python -m docs.screenshots

LOCK := uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11
lock: ## Renew requirements/*.txt from pyproject.toml (needs uv)
	@command -v uv >/dev/null || { echo 'make lock needs uv: https://docs.astral.sh/uv/'; exit 1; }
	$(LOCK) pyproject.toml requirements/build.in -o requirements/image.txt
	$(LOCK) --extra embedded pyproject.toml requirements/build.in -o requirements/run.txt
	$(LOCK) --extra embedded --group dev pyproject.toml requirements/build.in -o requirements/dev.txt

clean: ## Remove the virtual environment and caches; the state folder stays
	rm -rf $(VENV) build dist .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; v = sys.version_info; v >= (3, 11) or sys.exit("Steadydesk needs Python 3.11 or \
later; $(PYTHON) is %d.%d. Name another one: make PYTHON=/path/to/python3.11" % v[:2])'
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(RUN_STAMP): requirements/run.txt $(BUILD) | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# The development lock holds everything of the run lock, so it serves both.
$(DEV_STAMP): requirements/dev.txt $(BUILD) | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@ $(RUN_STAMP)
