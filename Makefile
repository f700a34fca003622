# What a developer and an operator call. `make test` is what CI runs (.ci/run).
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready
# One worker a core; `make test WORKERS=1` for a quiet machine. A file is one worker's, or what is made once for a module
# would be made by both; in the order of collection, for the slow ones come first (xdist would begin with the longest lists).
WORKERS ?= auto
SPREAD := --dist loadfile --no-loadscope-reorder
# Where tests keep their stores: in memory where 2 GB of it are free. On a disk half of their time goes into waiting for
# flushes, and none of them cuts the power. `make test TEST_TMP=/tmp` is for the disk.
TEST_TMP ?= $(shell [ "$$(df -k --output=avail /dev/shm 2>/dev/null | tail -1)0" -gt 20000000 ] && echo /dev/shm || echo "$${TMPDIR:-/tmp}")
# As monitor/exports/pdf.py names them.
PDF_PACKAGES := libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-wqy-microhei

.PHONY: help setup demo test test-long lint docs bench scale torture lock sbom packages clean

help:
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

setup: $(STAMP)  ## prepare .venv from the lock file, and nothing else

$(STAMP): requirements.lock pyproject.toml scripts/make-venv
	scripts/make-venv "$(PYTHON)" $(VENV)
	touch $@

packages:  ## Debian packages that tests and demo use: Mosquitto, its clients, nginx, Prometheus, Alertmanager, Chromium, what PDFs need, systemd-analyze; tools from npm
	scripts/debian-packages mosquitto mosquitto-clients nginx-light prometheus prometheus-alertmanager chromium-headless-shell $(PDF_PACKAGES) poppler-utils systemd nodejs npm
	scripts/web-tools

demo: setup  ## a simulated hall, a minute a day, in this terminal
	scripts/debian-packages mosquitto
	$(BIN)/jiancha demo

lint: setup  ## format, style, security patterns, types, import contract
	$(BIN)/ruff check .
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive monitor alerts scripts deploy
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict
	$(BIN)/lint-imports

docs: setup  ## write the tables of names in docs/ anew from the code (tests hold them against it)
	$(BIN)/python scripts/config_files.py
	$(BIN)/python scripts/docs_tables.py
	$(BIN)/python scripts/catalogue.py

test: setup packages lint  ## everything short, as in CI
	TMPDIR="$(TEST_TMP)" $(BIN)/pytest -n $(WORKERS) $(SPREAD) -m "not long" tests

test-long: setup packages  ## full counts and long runs
	$(BIN)/pytest -m long --timeout 3600 tests

bench: setup packages  ## speed against a naive program in one run; writes docs/performance.md
	$(BIN)/python -m bench

# An hour by default; SEED and STORE (postgresql, sqlite) choose the run, PLAN plays a saved plan.json again.
torture: setup  ## a simulated hall with kills and faults against the same without: MINUTES=60 SEED=… STORE=postgresql PLAN=…
	scripts/debian-packages mosquitto
	$(BIN)/python -m torture --minutes $(or $(MINUTES),60) $(if $(SEED),--seed $(SEED)) $(if $(STORE),--store $(STORE)) \
	  $(if $(KILLS),--kills $(KILLS)) $(if $(FOLDER),--folder $(FOLDER)) $(if $(PLAN),--plan $(PLAN))

scale: setup packages  ## a province of 120 halls on this machine, a burst, and what others need; writes docs/scaling.md (MINUTES=3)
	$(BIN)/python -m scale --minutes $(or $(MINUTES),3) --write

lock: setup  ## pin the newest releases that pyproject.toml allows
	$(BIN)/pip-compile --quiet --upgrade --extra dev --extra faces --strip-extras --annotation-style line --no-header \
	  --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --output-file requirements.lock pyproject.toml

sbom: setup  ## deploy/sbom.cdx.json, what the program is made of, from the lock (a test holds it against that)
	$(BIN)/python scripts/sbom.py

clean:  ## remove what these targets made
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
