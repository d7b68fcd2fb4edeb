# Set-up is incremental: a stamp in .venv is older than pyproject.toml or constraints.txt only when
# one of them has changed. pip's own configuration (indexes, caches, certificates) is honoured.

VENV := .venv
BIN := $(VENV)/bin

# The first of these that runs and is new enough; `make PYTHON=...` names another.
PYTHON ?= $(shell for python in python3.11 python3 python3.12 python3.13; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$python && break; done)
NO_PYTHON = symray needs Python 3.11 or newer and found none: install it, or name one with \
	`make PYTHON=/path/to/python3.11`

.PHONY: study test test-slow chaos lint bench results docs dist clean

# Set up, then run the quickstart study; again, it goes on with it or shows its result.
study: $(VENV)/.installed
	@if [ -e "$${SYMRAY_HOME:-runs}/quickstart/study.yaml" ]; \
		then $(BIN)/symray resume quickstart; \
		else $(BIN)/symray launch studies/quickstart.yaml; fi

# Set up, then every check and every test that is not slow. In the order of the files: xdist would take
# those of few tests last, which are the long ones, and end with one of them alone. What runs side by
# side is said in tests/conftest.py. A thread for each: two with two threads take twice as long.
test: lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --no-loadscope-reorder

# The tests that take minutes.
test-slow: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -m slow

# Studies on three nodes while trials, nodes, drivers and servers are killed; as root, half an hour.
# What came of each is a table of docs/benchmarks.md.
chaos: $(VENV)/.installed-dev
	$(BIN)/python tests/support/chaos.py --json docs/benchmarks.json
	cd benchmarks && ../$(BIN)/python -m measuring.page

# Formatting, style, types, layers.
lint: $(VENV)/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# What is measured in benchmarks/, or `make bench ONLY="kraskov_mi suggest"` of it; then the tables of
# docs/benchmarks.md, or of the page that has the name of the script. A script ends with 2 where this machine lacks what it measures, and has said so.
ONLY = $(basename $(notdir $(wildcard benchmarks/*.py)))
bench: $(VENV)/.installed-dev $(ONLY:%=benchmarks/%.py)
	@for name in $(ONLY); do \
		echo "== $$name"; figures=docs/benchmarks.json; \
		[ ! -e docs/$$name.json ] || figures=docs/$$name.json; \
		$(BIN)/python benchmarks/$$name.py --json $$figures || [ $$? -eq 2 ] || exit 1; done
	cd benchmarks && ../$(BIN)/python -m measuring.page
	cd benchmarks && ../$(BIN)/python -m measuring.page \
		--page ../docs/mutual_information.md --figures ../docs/mutual_information.json
	cd benchmarks && ../$(BIN)/python -m measuring.page \
		--page ../docs/search.md --figures ../docs/replay.json

# The small studies of docs/results.md, again: whether each row agrees with the page. Under an hour.
results: $(VENV)/.installed
	$(BIN)/python docs/results_rerun.py

# The documentation as a site, in build/docs; a warning and a dead link fail. Its notebooks run, two
# minutes each, unless they have been run as they are.
docs: $(VENV)/.installed-dev
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/sphinx-build -q -W --keep-going \
		-D nb_execution_mode=cache docs build/docs

# A wheel and an sdist in dist/.
dist: $(VENV)/.installed-dev
	$(BIN)/python -m build --no-isolation

# Forget the set-up and all caches; studies' results stay.
clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis \
		.import_linter_cache
	find symray tests benchmarks -name __pycache__ -prune -exec rm -rf {} +

$(BIN)/python:
	$(or $(PYTHON),$(error $(NO_PYTHON))) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing symray into $(VENV); the first time this takes some minutes."
	$(BIN)/python -m pip install -qq --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.installed-dev: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing symray and its tests' tools into $(VENV); the first time this takes some minutes."
	$(BIN)/python -m pip install -qq --constraint constraints.txt --editable '.[dev]'
	@touch $(VENV)/.installed $@
