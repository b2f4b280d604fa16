# `make demo` shows Ssoko; `make test` judges it. Both need only python3, make and, on Debian, apt.

PYTHON ?= python3
PORT ?= 8000
PYTEST_ARGS ?=

# The tests start some hundred Pythons, and each would compile all of Ssoko again.
unexport PYTHONDONTWRITEBYTECODE

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install
# One setuptools for all distributions, instead of one fetched to build each.
INSTALL := $(PIP) 'setuptools>=77' && $(PIP) --no-build-isolation
DISTRIBUTIONS := . $(patsubst %/,%,$(filter-out plugins/_%,$(sort $(dir $(wildcard plugins/*/setup.cfg)))))
METADATA := $(wildcard setup.cfg pyproject.toml plugins/*/setup.cfg plugins/*/pyproject.toml)

.DEFAULT_GOAL := help
.PHONY: help bench demo test proof postgres lint types unit format clean

help:
	@echo "make demo      try Ssoko at http://localhost:$(PORT) (PORT=9000 for another port)"
	@echo "make test      lint, types and all tests, with a real browser and real service providers"
	@echo "make proof     what a release needs besides: attacks, SAML in depth, every page, wheels, bench"
	@echo "make postgres  the tests of the services once more, on PostgreSQL"
	@echo "make unit      the quick tests alone"
	@echo "make format    let ruff mend what it can"
	@echo "make bench     measure Ssoko beside its peers and write docs/performance.md"
	@echo "make clean     remove what the others made"

demo: .venv/installed
	@$(BIN)/ssoko demo --port $(PORT)

test: .venv/installed-dev lint types
	@.ci/packages
	$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder -m "not release" $(PYTEST_ARGS)

proof: .venv/installed-dev
	@.ci/packages
	$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder -m release $(PYTEST_ARGS)

postgres: .venv/installed-dev
	@.ci/packages
	SSOKO_TEST_ENGINE=postgres $(BIN)/pytest -n 3 --dist loadfile tests/services $(PYTEST_ARGS)

unit: .venv/installed-dev
	$(BIN)/pytest -m "not e2e" $(PYTEST_ARGS)

lint: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/installed-dev
	$(BIN)/mypy

format: .venv/installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: .venv/installed-dev
	$(BIN)/python -m tests.bench --write docs/performance.md

clean:
	rm -rf .venv .demo build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name '*.egg-info' -prune -exec rm -rf {} +
	find . -name __pycache__ -prune -exec rm -rf {} +

.venv/bin/python:
	@PYTHON=$(PYTHON) .ci/packages venv
	@$(PYTHON) -c "import sys; sys.exit('Ssoko needs Python 3.11 or newer, set PYTHON=...' if sys.version_info < (3, 11) else 0)"
	@echo "Making .venv ..."
	@$(PYTHON) -m venv .venv

# Editable, so that what runs is what is in the checkout.
.venv/installed: .venv/bin/python $(METADATA)
	@echo "Installing Ssoko and its plugins into .venv ..."
	@$(INSTALL) $(addprefix -e ,$(DISTRIBUTIONS))
	@touch $@

.venv/installed-dev: .venv/bin/python $(METADATA)
	@echo "Installing Ssoko, its plugins and what the tests need into .venv ..."
	@$(INSTALL) -e '.[dev,postgres,redis,server]' $(addprefix -e ,$(filter-out .,$(DISTRIBUTIONS)))
	@touch $@ .venv/installed
