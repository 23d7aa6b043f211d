PYTHON ?= python3
BIN := .venv/bin
PARALLEL := --numprocesses logical --dist worksteal

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help figures figures-locked test test-slow test-oldest lint bench

help:  ## Show this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/python:
	$(PYTHON) -m venv .venv

$(BIN)/nem: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

.venv/.test: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable '.[test]'
	@touch $(BIN)/nem $@

figures: $(BIN)/nem  ## Draw the paper's figures and the report from simulated trials, into results/
	$(BIN)/nem figures $(ARGS)

figures-locked: pyproject.toml constraints.txt  ## The same with the versions that the committed results were made with
	$(PYTHON) -m venv .venv-locked
	.venv-locked/bin/python -m pip install --quiet --constraint constraints.txt --editable .
	.venv-locked/bin/nem figures $(ARGS)

test: .venv/.test  ## Run the tests
	$(BIN)/python -m pytest $(PARALLEL) -m "not slow"

test-slow: .venv/.test  ## Run the tests that take minutes, such as the intervals' coverage
	$(BIN)/python -m pytest $(PARALLEL) -m slow -rP

test-oldest: pyproject.toml tests/constraints-oldest.txt  ## Run the tests on the oldest versions that are allowed
	$(PYTHON) -m venv .venv-oldest
	.venv-oldest/bin/python -m pip install --quiet --constraint tests/constraints-oldest.txt --editable '.[test]'
	.venv-oldest/bin/python -m pytest $(PARALLEL) -m "not slow"

bench: .venv/.test  ## Measure speed and memory, into results/benchmark.csv
	$(BIN)/python tests/benchmarks/bench.py

lint: .venv/.test  ## Check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
