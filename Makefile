# Everything that is done here has a target; `make` alone lists them.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help setup demo up test chaos soak bench overhead fuzz hostile test-compose check security format lock clean

help: ## Say what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

setup: $(VENV)/.installed ## Make .venv with everything, at the versions of requirements.lock

$(VENV)/.installed: requirements.lock pyproject.toml
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

demo: setup ## Start the whole stack, run a real analysis through HTTP, print its result
	$(BIN)/coatcheck demo

up: setup ## Start the whole stack and keep it running until Ctrl-C
	$(BIN)/coatcheck up

test: setup ## Run the unit, integration and acceptance tests (WORKERS=1: all one after the other)
	$(BIN)/python -m pytest -n $(or $(WORKERS),auto) --dist loadfile --maxprocesses 4 tests/unit tests/integration
	$(BIN)/python -m pytest -n $(or $(WORKERS),2) --dist loadfile -m "not alone" tests/acceptance tests/browser
	$(BIN)/python -m pytest -m alone tests/acceptance

chaos: setup ## Break whatever can be reached while 2000 jobs run, and audit each (5 minutes; CHAOS="--seed 2")
	PYTHONPATH=tests $(BIN)/python -m chaos $(CHAOS)

soak: setup ## Run 20,000 jobs in a row and watch memory and keys
	PYTHONPATH=tests:tests/integration:tests/acceptance $(BIN)/python bench/soak.py $(SOAK)

bench: setup ## Measure beside Flask + Celery and the bare limit (6 minutes, needs wrk; BENCH="--quick --servers")
	PYTHONPATH=. $(BIN)/python bench/run.py $(BENCH)

overhead: setup ## Measure what the service adds to an analysis, and what its progress costs (4 minutes; OVERHEAD=--quick)
	PYTHONPATH=tests:tests/integration:tests/acceptance $(BIN)/python bench/overhead.py $(OVERHEAD)

fuzz: setup ## Let schemathesis loose on every operation and analysis (20 minutes; EXAMPLES=50)
	FUZZING_EXAMPLES=$(or $(EXAMPLES),25) FUZZING_ANALYSES=samples,tasks $(BIN)/python -m pytest -q -s tests/acceptance/test_fuzzing.py

test-compose: setup ## Build the images, run the deployment on a real Docker engine, scale, break and upgrade it (10 minutes)
	COMPOSE_TESTS=1 $(BIN)/python -m pytest -q -s tests/compose

hostile: setup ## Send what no client should, and watch the API's memory
	PYTHONPATH=.:tests:tests/integration:tests/acceptance $(BIN)/python -P bench/hostile.py

check: setup ## Lint, format, types, import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

security: setup ## Look for mistakes, secrets, licences and advisories; writes build/sbom.cdx.json (1 minute; SECURITY=--offline)
	$(BIN)/python -m audit $(SECURITY)

format: setup ## Format the code
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

lock: setup ## Write requirements.lock anew from pyproject.toml
	$(BIN)/uv pip compile pyproject.toml --all-extras --universal --no-annotate --no-header --quiet --upgrade --output-file requirements.lock

clean: ## Remove what was made
	rm -rf $(VENV) .coatcheck .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
