# Everything a developer does here. `make` alone lists it.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# One file stands for the whole environment: rebuilt when what is installed changes.
READY  := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint check fix golden bench verify-specs spec newer lock wheel image clean

help:  ## list what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "lhmigrate needs Python 3.11 or newer; name one with: make PYTHON=python3.12"; exit 1; }
	@echo "setting up $(VENV) (once)"
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

setup: $(READY)  ## make the virtual environment in .venv

demo: $(READY)  ## plan a real upgrade over the policies in examples/
	@$(BIN)/lhmigrate plan --from 1.4 --to 1.6 examples/upgrade-from-1.4 --exit-zero

test: $(READY)  ## run the tests
	@$(BIN)/python -m pytest --numprocesses auto

lint: $(READY)  ## format, lint and types, without the tests
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/shellcheck ci/*.sh .ci/run
	@$(BIN)/zizmor --offline --quiet .

check: lint test  ## everything that CI does: lint, then the tests

fix: $(READY)  ## format, and mend what a machine can mend
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

golden: $(READY)  ## rewrite the expected reports, in tests and documents; then read the difference
	@$(BIN)/python -m pytest -q --update \
		tests/test_cases.py tests/test_patch_cases.py tests/test_generate.py tests/test_bumps.py tests/test_docs.py

bench: $(READY)  ## measure speed and memory, side by side, as ratios
	@$(BIN)/python bench/bench.py

# UPSTREAM is a folder with clones of Longhorn's repositories, with all their tags.
verify-specs: $(READY)  ## UPSTREAM=DIR: check every pointer of the catalogue (FIX=1 writes what only moved)
	@$(BIN)/python -m maintenance.verify $(UPSTREAM) $(if $(FIX),--fix) $(V)

spec: $(READY)  ## V=1.13.1 UPSTREAM=DIR: make a new release's files from the newest one (ALIAS=1: same-as)
	@$(BIN)/python -m maintenance.new_release $(V) $(UPSTREAM) $(if $(ALIAS),--same-as)

newer: $(READY)  ## UPSTREAM=DIR: is there a release of Longhorn that the catalogue lacks
	@$(BIN)/python -m maintenance.newer $(UPSTREAM)

# With wheels for every machine that the action may run on; hatchling is what it builds itself with.
lock:  ## pin anew what the action installs, with hashes
	@$(PYTHON) -m venv build/tools && build/tools/bin/python -m pip install --quiet --disable-pip-version-check uv
	@echo 'hatchling>=1.25' | build/tools/bin/uv pip compile --quiet --upgrade --generate-hashes --universal \
		--python-version 3.11 --no-header --no-annotate --output-file ci/requirements.txt pyproject.toml -

# Built from the source distribution, so that this is complete too, and run where no checkout can help it out.
wheel:  ## build what users install, install it in a clean place, and try it there
	@rm -rf build dist
	@$(PYTHON) -m venv build/tools && build/tools/bin/python -m pip install --quiet --disable-pip-version-check build
	@build/tools/bin/python -m build --outdir dist .
	@$(PYTHON) -m zipfile -e dist/*.whl build/wheel
	diff -r specs build/wheel/lhmigrate/specs
	@$(PYTHON) -m venv build/clean && build/clean/bin/python -m pip install --quiet --disable-pip-version-check dist/*.whl
	cd / && $(CURDIR)/build/clean/bin/lhmigrate releases

# Whatever goes into the image is fetched before it is built; what builds it sees no network.
image: wheel  ## build the container image of the gate, from wheels alone
	@rm -rf wheels
	@build/tools/bin/python -m pip wheel --quiet --disable-pip-version-check --wheel-dir wheels \
		"lhmigrate[gate] @ file://$$(echo $(CURDIR)/dist/*.whl)"
	docker build --network=none --tag lhmigrate:local .
	docker run --rm --network=none --read-only --cap-drop=ALL lhmigrate:local releases

clean:  ## remove the environment and everything that was cached
	@rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis dist build wheels
