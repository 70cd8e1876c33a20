# `make` alone lists the targets. Everything is installed into .venv, inside this clone.
# PYTHON=/path/to/python3 chooses the interpreter that the environment is made with.

SHELL := /bin/sh
PY := .venv/bin/python
INSTALLED := .venv/installed
# Tests run side by side, so that each process keeps to one thread.
WORKERS := -n auto --maxprocesses 4
NPM := cd frontend && npm --no-update-notifier
NODE_MODULES := frontend/node_modules/.installed
PAGE := frontend/dist/index.html
PAGE_SOURCES := $(shell find frontend/src frontend/public -type f 2>/dev/null) \
	$(wildcard frontend/index.html frontend/*.config.*)
# Its font cache would go to the home folder. Outside this clone, only the caches of pip, npm, Maven and Go are written.
export MPLCONFIGDIR := $(CURDIR)/.cache/matplotlib

.DEFAULT_GOAL := help
.PHONY: help setup page run test check format demo bench drills docs types constraints clean up down scale servers servers-stop
.DELETE_ON_ERROR:

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(INSTALLED) ## make the virtual environment and install everything into it

$(PY):
	@scripts/venv.sh .venv

$(INSTALLED): pyproject.toml constraints.txt | $(PY)
	$(PY) -m pip install --quiet --upgrade pip
	$(PY) -m pip install --editable '.[engine,cli,service,distributed,otel,dev]' --constraint constraints.txt
	@touch $@

$(NODE_MODULES): frontend/package.json frontend/package-lock.json
	@scripts/node.sh
	$(NPM) ci
	@touch $@

$(PAGE): $(NODE_MODULES) $(PAGE_SOURCES)
	$(NPM) run build

page: $(PAGE) ## build the web page into frontend/dist

run: setup ## start the service on http://127.0.0.1:5000 (NST_PORT=... chooses another port)
	@scripts/node.sh && $(MAKE) -s --no-print-directory page || echo "Starting without the page: the API is all there."
	@exec $(PY) -m backend

test: setup check page ## check, then run every test, on real servers
	$(PY) -m scripts.servers install
	OMP_NUM_THREADS=1 $(PY) -m pytest $(WORKERS)
	$(NPM) run test
	$(NPM) run size
	$(NPM) run e2e

check: setup $(NODE_MODULES) ## lint, format, types and the import law
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	.venv/bin/lint-imports --no-logo
	$(NPM) run check
	$(NPM) run types:check

format: setup $(NODE_MODULES) ## put the code into its one format
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .
	$(NPM) run format

demo: setup ## stylise an example pair through the service and say where the pictures are
	$(PY) -m scripts.demo

drills: setup ## break the distributed service in every way, and print the verdicts (half an hour)
	$(PY) -m scripts.servers install
	$(PY) -m bench.drills all

bench: setup ## measure the engine beside the reference
	$(PY) -m bench

docs: setup ## write docs/options.md from the options
	$(PY) scripts/options_table.py

types: setup $(NODE_MODULES) ## write the page's types from the API's document
	$(PY) -m scripts.openapi
	$(NPM) run types

constraints: setup ## resolve the newest versions into constraints.txt
	$(PY) scripts/constraints.py > constraints.new
	mv constraints.new constraints.txt

clean: ## remove the environment and everything that was built
	rm -rf .venv .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist demo
	rm -rf frontend/node_modules frontend/dist frontend/test-results
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# In containers; needs Docker.

up: ## start everything in containers, with secrets made on the first time (docs/deployment.md)
	@deploy/compose/compose.sh up

down: ## stop the containers; what they keep stays
	@deploy/compose/compose.sh down

scale: ## run N workers in containers: make scale N=4 (SERVICE=consumer-gpu for those with a GPU)
	@SERVICE="$(SERVICE)" deploy/compose/compose.sh scale "$(N)"

# Real servers without containers: on this machine, for this clone.

servers: setup ## start Kafka, Redis and S3 in the background, and say how to use them (no Docker)
	@$(PY) -m scripts.servers install
	@$(PY) -m scripts.servers start

servers-stop: ## stop them; what they keep stays
	@[ ! -x $(PY) ] || $(PY) -m scripts.servers stop

clean: servers-stop
