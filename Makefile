# Two commands for a newcomer: `make demo` and `make test`. Both need only Python >= 3.11 and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
EXAMPLE := examples/amazon_key
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help demo test check reliability lint types layers docs lock clean
.DEFAULT_GOAL := help

help: ## show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/'

demo: $(VENV)/.run ## set up and run the main job: the reference application at 2,000 events/s
	$(BIN)/keybus demo $(DEMO)

# Many a quick test waits for a server or a process: half as many again as there are processors.
WORKERS = $$($(BIN)/python -c "import os; print(os.cpu_count() * 3 // 2)")

test: $(VENV)/.dev ## set up and run the quick tests (under 5 minutes)
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile --hypothesis-profile repeatable -m "not long and not soak" $(TESTS)

check: $(VENV)/.synth lint types layers ## everything else CI asks for: lint, types, layers, the long suites
	$(BIN)/python -m pytest -q -n auto --dist loadfile -m "long and not soak"

reliability: $(VENV)/.dev ## kill buses and cut the power of stores for 10 minutes (RELIABILITY="--minutes 60")
	$(BIN)/python -m pytest -q -m soak
	$(BIN)/python -m tests.reliability $(RELIABILITY)

lint: $(VENV)/.dev ## ruff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.synth ## mypy, strict, over the product, its tests and the example's services
	$(BIN)/mypy
	$(BIN)/keybus contracts generate $(EXAMPLE)/contracts --language python --out $(EXAMPLE)/build/amazon_key_events
	cd $(EXAMPLE) && MYPYPATH=.:build $(CURDIR)/$(BIN)/mypy --config-file $(CURDIR)/pyproject.toml -p services

layers: $(VENV)/.dev ## the import order
	$(BIN)/lint-imports

docs: $(VENV)/.dev ## write the generated pages anew, and test all pages
	$(BIN)/python -m tests.docs.cli_page
	$(BIN)/python -m tests.docs.aws_page
	$(BIN)/python -m tests.docs.bindings_page
	$(BIN)/python -m pytest -q tests/docs

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; v >= (3, 11) or sys.exit("Keybus needs Python 3.11 or newer; this is %d.%d. Say which with: make PYTHON=/path/to/python3.12 ..." % v)'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: locks/run.txt pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --require-hashes -r locks/run.txt
	$(BIN)/python -m pip install --quiet --no-build-isolation --no-deps --editable .
	@touch $@

$(VENV)/.dev: locks/dev.txt $(VENV)/.run
	$(BIN)/python -m pip install --quiet --require-hashes -r locks/dev.txt
	@touch $@

$(VENV)/.synth: locks/synth.txt $(VENV)/.dev
	$(BIN)/python -m pip install --quiet --require-hashes -r locks/synth.txt
	@touch $@

lock: $(VENV)/.dev ## work the locked versions out anew from pyproject.toml
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header --extra all --group build pyproject.toml -o locks/run.txt
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header --extra all --group build --group test --group lint -c locks/run.txt pyproject.toml -o locks/dev.txt
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header --extra cdk --group synth -c locks/dev.txt pyproject.toml -o locks/synth.txt

clean: ## remove what set-up and runs left behind
	rm -rf $(VENV) build dist .hypothesis $(EXAMPLE)/build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	rm -rf clients/*/node_modules clients/*/dist clients/*/build clients/*/target examples/*/node_modules examples/*/dist examples/*/target
