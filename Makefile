# Two commands: `make demo` speaks, `make test` proves. Each works alone in a fresh clone; a second run is fast.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# pip, and not another installer: the constraints pin one build of each package.
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo test lint types layers unit clean

demo: $(VENV)/.voice
	@$(BIN)/greenroom speak --file docs/demo.txt -o demo/demo.wav --captions srt,vtt,ass,csv,json --karaoke

test: lint types layers unit

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/greenroom ledger check --without 'tests/corpus/*' --without 'tests/goldens/ledger/*'

types: $(VENV)/.dev
	$(BIN)/mypy

layers: $(VENV)/.dev
	$(BIN)/lint-imports --no-logo

unit: $(VENV)/.dev
	$(BIN)/pytest

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("greenroom needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.voice: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP_INSTALL) --editable '.[voice]'
	@touch $@

# The dev extra holds the voice extra, so a later `make demo` has nothing left to install.
$(VENV)/.dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP_INSTALL) --editable '.[dev]'
	@touch $(VENV)/.voice $@

clean:
	rm -rf $(VENV) demo .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
