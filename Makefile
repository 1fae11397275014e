SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help install up servers down status logs run reset demo test install-test lint fmt unit contract integration browser bench lock docs pictures

PYTHON := .venv/bin/python
LOCAL := $(PYTHON) -m deploy.local
PYTEST := $(PYTHON) -m pytest
# One folder, or one test: make unit T=tests/unit/gateway
T ?=

help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n\033[1m%s\033[0m\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  \033[36m%-12s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@printf '\nGATEWAY_PORT (8000) and RUN_DIR (.run) give a second copy its own ports and folder.\n'

##@ Run it
install: ## Install what is missing on this machine
	@deploy/local/install.sh

up: install ## Install, start everything, fill the demo, print the pages
	@$(LOCAL) up

servers: install ## Start PostgreSQL and RabbitMQ only
	@$(LOCAL) servers

# Where nothing is installed yet, a command that needs Python installs it.
$(PYTHON):
	@deploy/local/install.sh

down: | $(PYTHON) ## Stop everything; the data stays
	@$(LOCAL) down

status: | $(PYTHON) ## Show every process and whether it is ready
	@$(LOCAL) status || [ $$? = 3 ]

logs: | $(PYTHON) ## Follow the logs (P="tickets-rpc gateway" for some)
	@$(LOCAL) logs $(P)

run: | $(PYTHON) ## Run a service's command on this copy (C="tickets verify")
	@$(LOCAL) run $(C)

demo: | $(PYTHON) ## Fill the demo again (doubles nothing)
	@$(LOCAL) demo

reset: | $(PYTHON) ## Stop and delete all data (asks; FORCE=1 does not)
	@$(LOCAL) reset $(if $(FORCE),--force)

##@ Check it
test: install-test ## Install, lint and run every test
	@$(MAKE) --no-print-directory lint
	@$(PYTEST) $(or $(T),$(wildcard $(addprefix tests/,unit contract integration browser)))

install-test:
	@deploy/local/install.sh test

lint: install-test ## ruff, mypy, import-linter
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports

fmt: install-test ## Bring the code into shape
	@.venv/bin/ruff check --fix .
	@.venv/bin/ruff format .

unit: install-test ## Unit tests (T=path narrows)
	@$(PYTEST) $(or $(T),tests/unit)

contract: install-test ## One suite for each port, against every adapter
	@$(PYTEST) $(or $(T),tests/contract)

integration: install-test ## The system on real servers of its own
	@$(PYTEST) $(or $(T),tests/integration)

browser: install-test ## The pages in Chromium
	@$(PYTEST) $(or $(T),tests/browser)

bench: install-test ## Measure; prints tables and writes them to docs/
	@$(PYTHON) -m tests.benchmarks $(T)

##@ Look after it
lock: ## Pin all packages anew, with hashes
	@deploy/local/lock.sh

docs: ## Write docs/events.md anew from the catalog
	@$(PYTHON) -m shared.events.catalog.documentation

pictures: install-test ## Take the pictures in the README
	@$(PYTHON) -m tests.browser.pictures
