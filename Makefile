# Everything a person does with this project. `make` alone lists the targets.

MAKEFLAGS += --no-print-directory
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
EXTRACT_ARGS ?=
DBT_ARGS ?=
QUERY_ARGS ?=
SQL ?=
COMPARE_ARGS ?=
DOCTOR_ARGS ?=
REPORT_ARGS ?=
DAGSTER_ARGS ?=
SIMULATOR_ARGS ?=
PYTEST_ARGS ?=
BENCH_ARGS ?=

BIN := .venv/bin
# Linters whose requirements clash with the project's have an environment of their own.
BOUNCER := .venv/bouncer
VENV := $(PYTHON) -m venv
INSTALL = $(1)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r
ifneq ($(shell command -v uv),)
VENV := uv venv --quiet --seed --python $(PYTHON)
INSTALL = VIRTUAL_ENV=$(1) uv pip install --quiet --compile-bytecode --require-hashes -r
endif

export DBT_SEND_ANONYMOUS_USAGE_STATS := false
export RUNTIME__DLTHUB_TELEMETRY := false

##@ The job

.PHONY: extract
extract: .venv/installed ## Fetch what is due into the warehouse. EXTRACT_ARGS="--season-id 23614"
	@$(BIN)/python -m extract run $(EXTRACT_ARGS)

.PHONY: plan
plan: .venv/installed ## What is due, and what it costs in calls and time. EXTRACT_ARGS="--offline"
	@$(BIN)/python -m extract plan $(EXTRACT_ARGS)

.PHONY: transform
transform: .venv/installed ## Build the final tables with dbt. DBT_ARGS="--select fixtures"
	@$(BIN)/python -m extract transform $(DBT_ARGS)

.PHONY: query
query: .venv/installed ## Ask the final tables. SQL="select * from league_table", or a shell without it.
	@$(BIN)/python -m extract query $(QUERY_ARGS) $(if $(value SQL),-- "$$QUERY")
# As it is typed: neither make nor the shell expands a `$` in it.
query: export QUERY = $(value SQL)
unexport SQL

.PHONY: report
report: .venv/installed ## The state of the warehouse as one HTML page. REPORT_ARGS="--output FILE"
	@$(BIN)/python -m extract report $(REPORT_ARGS)

.PHONY: compare
compare: .venv/installed ## What batches save, on fixtures of yours. COMPARE_ARGS="--fixture-count 200"
	@$(BIN)/python -m extract compare $(COMPARE_ARGS)

.PHONY: doctor
doctor: .venv/installed ## What is wrong with this installation, and what to do. DOCTOR_ARGS="--offline"
	@$(BIN)/python -m extract doctor $(DOCTOR_ARGS)

.PHONY: docs
docs: .venv/installed ## Describe the tables, in a site of one file to open in a browser.
	@$(BIN)/python -m extract docs --quiet $(DBT_ARGS)

.PHONY: dagster
dagster: .venv/installed-dev ## The job as assets of Dagster, on http://localhost:3000.
	@mkdir -p .dagster
	@printf 'telemetry: {enabled: false}\n' > .dagster/dagster.yaml
	@DAGSTER_HOME=$(CURDIR)/.dagster \
		$(BIN)/dagster dev --python-file docs/schedule/dagster_definitions.py $(DAGSTER_ARGS)

.PHONY: demo
demo: .venv/installed ## The whole job on made-up data, into a database of its own.
	@$(BIN)/python -m simulator.demo

.PHONY: simulator
simulator: .venv/installed ## A local stand-in of the API. SIMULATOR_ARGS="--help" for its options.
	@$(BIN)/python -m simulator $(SIMULATOR_ARGS)

##@ Development

.PHONY: test
test: .venv/installed-dev ## Every promise, in about 8 minutes on two cores. PYTEST_ARGS="-k quota"
	@$(PYTEST) $(PYTEST_ARGS)
# A process that has finished its share takes tests over from the others.
PYTEST := $(BIN)/python -m pytest --numprocesses auto --dist worksteal

.PHONY: test-fast
test-fast: .venv/installed-dev ## What needs neither dlt, dbt nor a server: under a minute.
	@$(PYTEST) --fast $(PYTEST_ARGS)

.PHONY: test-all
test-all: .venv/installed-dev ## All tests on both engines, and many random cases.
	@$(PYTEST) --everything --timeout 3600 $(PYTEST_ARGS)

.PHONY: faults
faults: .venv/installed-dev ## The job against every fault of the API, as a table: about 5 minutes.
	@$(BIN)/python -m tests.support.faults

.PHONY: bench
bench: .venv/installed-dev ## How long it all takes, against a floor. BENCH_ARGS="--fixtures 1000"
	@$(BIN)/python -m bench $(BENCH_ARGS)

.PHONY: pictures
pictures: .venv/installed-dev ## The pictures of the README, from the demo. Needs Chromium.
	@$(BIN)/python docs/pictures/session.py docs/pictures/session.svg $(BIN)/python -m simulator.demo
	@TARGET=duckdb DUCKDB_PATH=demo.duckdb $(BIN)/python -m extract report
	@$(BIN)/python docs/pictures/report.py report.html "$$(command -v chromium)"

.PHONY: lint
lint: .venv/installed-dev $(BOUNCER)/installed ## Linters and type checker, on Python, SQL and dbt's metadata.
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@TARGET=duckdb DUCKDB_PATH=:memory: $(BIN)/sqlfluff lint dbt_project/models
	@TARGET=duckdb DUCKDB_PATH=:memory: $(BIN)/dbt --quiet --warn-error parse --no-partial-parse \
		--project-dir dbt_project --profiles-dir dbt_project \
		--target-path target/lint --log-path dbt_project/logs
	@rm -f $(FINDINGS)
	@HOME=$(BOUNCER) $(BOUNCER)/bin/dbt-bouncer run --config-file dbt_project/dbt-bouncer.yml \
		--output-file $(FINDINGS) --output-format tap --output-only-failures > $(FINDINGS).log 2>&1 \
		|| { $(SHOW_FINDINGS); exit 1; }
	@echo "dbt-bouncer: all checks passed."
# dbt-bouncer's table cuts its messages off where there is no wide terminal, so they are shown from
# a file; the log is for what went wrong before there was one. HOME is where it keeps a cache.
FINDINGS := dbt_project/target/lint/bouncer
SHOW_FINDINGS = awk '/^not ok/ { split($$5, check, ":") } /^  \# / { print check[1] ": " substr($$0, 5) }' \
	$(FINDINGS) 2> /dev/null || cat $(FINDINGS).log

.PHONY: format
format: .venv/installed-dev ## Put Python and SQL into the project's format.
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@TARGET=duckdb DUCKDB_PATH=:memory: $(BIN)/sqlfluff fix dbt_project/models

.PHONY: lock
lock: ## Choose the newest versions that pyproject.toml allows (needs uv).
	@uv pip compile --quiet --upgrade $(LOCK) pyproject.toml --group dev --extra dagster -o requirements-dev.lock
	@uv pip compile --quiet --upgrade $(LOCK) pyproject.toml -c requirements-dev.lock -o requirements.lock
	@uv pip compile --quiet --upgrade $(LOCK) --group bouncer -o requirements-bouncer.lock
LOCK := --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	--no-emit-index-url --no-emit-find-links --no-strip-extras

.PHONY: clean
clean: ## Remove what the project made here, except your databases and settings.
	@rm -rf .venv .pytest_cache .ruff_cache .mypy_cache .hypothesis demo.duckdb demo.duckdb.wal
	@rm -rf dbt_project/target dbt_project/logs logs .dagster
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: help
help: ## This list.
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

# A virtual environment is made when it is missing, and updated when a lock file is newer.

.venv/installed: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; PYTHON=python3.12 make … names another." >&2; exit 2; }
	@test -x $(BIN)/python || { echo "Creating .venv"; $(VENV) .venv; }
	@echo "Installing requirements"
	@$(call INSTALL,.venv) requirements.lock
	@touch $@

.venv/installed-dev: .venv/installed requirements-dev.lock
	@echo "Installing development requirements"
	@$(call INSTALL,.venv) requirements-dev.lock
	@touch $@

# Inside .venv, and so after it.
$(BOUNCER)/installed: requirements-bouncer.lock | .venv/installed
	@test -x $(BOUNCER)/bin/python || { echo "Creating $(BOUNCER)"; $(VENV) $(BOUNCER); }
	@echo "Installing dbt-bouncer"
	@$(call INSTALL,$(BOUNCER)) requirements-bouncer.lock
	@touch $@
