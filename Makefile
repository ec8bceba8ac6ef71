# Every target makes the virtual environment that it needs; `make demo` and `make test` are all
# that a fresh machine has to be told.
PYTHON ?= python3
VENV   ?= .venv
BIN     = $(VENV)/bin
SAY     = @echo 'Installing; without torch in the cache of pip this takes some minutes ...'
PIP     = $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.DELETE_ON_ERROR:  # half a virtual environment would be taken for a whole one

.PHONY: demo notebook test check format docs bench clean

demo: $(VENV)/.base          ## train on bundled Shakespeare and show samples, curves, cells
	$(BIN)/recurry demo
	@echo 'To use recurry in this shell: . $(BIN)/activate'

notebook: $(VENV)/.lecture   ## run the lecture and keep it as notebooks/lecture.ipynb
	$(BIN)/python docs/write_lecture.py notebooks/lecture.ipynb

test: $(VENV)/.dev           ## the whole test suite
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto

check: $(VENV)/.dev          ## format, lint, types, layout, documentation
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright --pythonpath $(BIN)/python
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n auto tests/layout tests/docs
	$(BIN)/sphinx-build -q -W -b html docs docs/_build/html

format: $(VENV)/.dev         ## put the code into the one format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(VENV)/.dev           ## the documentation as web pages, in docs/_build/html
	$(BIN)/sphinx-build -W -b html docs docs/_build/html

bench: $(VENV)/.bench        ## the speed of layers beside the machine's limits and other libraries
	$(BIN)/recurry bench kernels --suite figures

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.base: pyproject.toml constraints.txt | $(BIN)/python
	$(SAY)
	$(PIP) -e .
	touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(BIN)/python
	$(SAY)
	$(PIP) -e '.[dev]'
	touch $(VENV)/.base $@

$(VENV)/.lecture: pyproject.toml constraints.txt | $(BIN)/python
	$(SAY)
	$(PIP) -e '.[lecture]'
	touch $(VENV)/.base $@

$(VENV)/.bench: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) -e '.[bench]'
	touch $(VENV)/.base $@

clean:                       ## remove everything that the targets above made, but no run
	rm -rf $(VENV) docs/_build .pytest_cache .ruff_cache .hypothesis
