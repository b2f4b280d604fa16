# `make demo` starts a demo site, `make test` runs all tests. You need python3 and make; on Debian
# missing packages are installed with apt.

PYTHON ?= python3
PORT ?= 8000
PYTEST_ARGS ?=

# The tests start about a hundred Python processes; without bytecode each would recompile Ssoko.
unexport PYTHONDONTWRITEBYTECODE

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install
# Install setuptools once, instead of downloading it to build each distribution.
INSTALL := $(PIP) 'setuptools>=77' && $(PIP) --no-build-isolation
DISTRIBUTIONS := . $(patsubst %/,%,$(filter-out plugins/_%,$(sort $(dir $(wildcard plugins/*/setup.cfg)))))
METADATA := $(wildcard setup.cfg pyproject.toml plugins/*/setup.cfg plugins/*/pyproject.toml)

.DEFAULT_GOAL := help
.PHONY: help bench reliability demo test proof postgres lint types unit format clean

help:
	@echo "make demo      start a demo site at http://localhost:$(PORT) (PORT=9000 for another port)"
	@echo "make test      run lint, types and all tests, with a real browser and service providers"
	@echo "make proof     run the slower release checks: attacks, SAML in depth, every page, wheels, bench"
	@echo "make postgres  run the tests of the services on PostgreSQL"
	@echo "make unit      run the tests that need no browser and no service provider"
	@echo "make lint      check style with ruff"
	@echo "make types     check types with mypy"
	@echo "make format    fix formatting and what else ruff can fix"
	@echo "make bench     compare Ssoko with other identity providers and write docs/performance.md"
	@echo "make reliability  attack a site on this machine and write docs/reliability.md"
	@echo "make clean     delete .venv, the demo data, builds and caches"

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

reliability: .venv/installed-dev
	$(BIN)/python -m tests.bench.reliability --write docs/reliability.md

clean:
	rm -rf .venv .demo build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name '*.egg-info' -prune -exec rm -rf {} +
	find . -name __pycache__ -prune -exec rm -rf {} +

.venv/bin/python:
	@PYTHON=$(PYTHON) .ci/packages venv
	@$(PYTHON) -c "import sys; sys.exit('Ssoko needs Python 3.11 or newer. Set PYTHON to its path.' if sys.version_info < (3, 11) else 0)"
	@echo "Creating .venv ..."
	@$(PYTHON) -m venv .venv

# Editable, so changes in the checkout take effect at once.
.venv/installed: .venv/bin/python $(METADATA)
	@echo "Installing Ssoko and its plugins into .venv ..."
	@$(INSTALL) $(addprefix -e ,$(DISTRIBUTIONS))
	@touch $@

.venv/installed-dev: .venv/bin/python $(METADATA)
	@echo "Installing Ssoko, its plugins and the test requirements into .venv ..."
	@$(INSTALL) -e '.[dev,postgres,redis,server]' $(addprefix -e ,$(filter-out .,$(DISTRIBUTIONS)))
	@touch $@ .venv/installed
