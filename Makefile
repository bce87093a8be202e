# Everything igsim needs goes into .venv, from the locked versions; nothing else is touched.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.PHONY: base-case test slow fuzz coverage mutants audit docs results-pages bench bench-short lint types layers check lock clean

base-case: $(READY)          ## install, then run the base case
	$(BIN)/igsim run scenarios/base-case.toml

test: $(READY)               ## install, then run the fast tests
	$(BIN)/pytest -q -n 2 --dist worksteal

slow: $(READY)               ## the long statistical and generated tests
	$(BIN)/pytest -q -n 2 --dist worksteal -m slow

fuzz: $(READY)               ## a minute of coverage-guided fuzzing for each reader of files (needs atheris)
	for reader in scenario table cohort starts archive sheet; do $(BIN)/python -m tests.fuzz $$reader 60 . || exit 1; done

coverage: $(READY)           ## the fast tests, and which branches of sim/ they take (needs pytest-cov)
	@$(BIN)/python -c 'import pytest_cov' 2>/dev/null || { echo "needs pytest-cov: $(BIN)/pip install pytest-cov"; exit 1; }
	$(BIN)/pytest -q -n 2 --cov --cov-report=term:skip-covered

mutants: $(READY)            ## 140 changes of sim/model and sim/cea, drawn by chance: does a test notice? An hour (needs mutmut)
	$(BIN)/python -m tests.mutants 140 1

audit: $(READY)              ## locked versions against the known vulnerabilities (needs pip-audit and a network)
	@$(BIN)/python -c 'import pip_audit' 2>/dev/null || { echo "needs pip-audit: $(BIN)/pip install pip-audit"; exit 1; }
	$(BIN)/pip-audit --require-hashes --disable-pip --requirement requirements.lock

bench: $(READY)              ## igsim beside other programs on the same work (docs/performance.md)
	$(BIN)/python -m benchmarks

bench-short: $(READY)        ## the ratio to a naive version alone; fails if igsim has become slow
	$(BIN)/python -m benchmarks --short --rounds 3 --part 0.3

docs: $(READY)               ## the site in site/: every command on its pages is run, broken links end it
	$(BIN)/python -m mkdocs build --strict --quiet

results-pages: $(READY)      ## docs/results/ made anew from run folders, five minutes
	$(BIN)/python -m docs.building.results_pages

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

layers: $(READY)
	$(BIN)/lint-imports

check: test lint types layers

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "igsim needs Python 3.11 or newer; set PYTHON=...")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

lock:                        ## resolve the locked versions anew (needs uv)
	uv pip compile pyproject.toml --extra dev --extra cluster --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-annotate --no-header --output-file requirements.lock

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist
