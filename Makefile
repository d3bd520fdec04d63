# Aliases for the command `sportmonks` in a clone, and the tasks of development. `make` alone lists them.

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
LAKE_ARGS ?=
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

# The command, which names the targets of this file in its messages.
SPORTMONKS := SPORTMONKS_COMMAND=make $(BIN)/python -m extract

##@ The job

.PHONY: extract
extract: .venv/installed ## Fetch what is due into the warehouse. EXTRACT_ARGS="--season-id 23614"
	@$(SPORTMONKS) extract $(EXTRACT_ARGS)

.PHONY: plan
plan: .venv/installed ## Show what is due, and what it costs in calls and time. EXTRACT_ARGS="--offline"
	@$(SPORTMONKS) plan $(EXTRACT_ARGS)

.PHONY: transform
transform: .venv/installed ## Build the final tables with dbt. DBT_ARGS="--select +fixtures"
	@$(SPORTMONKS) transform $(DBT_ARGS)

.PHONY: run
run: .venv/installed ## Extract, then transform, in one process. EXTRACT_ARGS and DBT_ARGS as above.
	@$(SPORTMONKS) run $(EXTRACT_ARGS) $(if $(DBT_ARGS),-- $(DBT_ARGS))

.PHONY: query
query: .venv/installed ## Query the final tables. SQL="select * from league_table", or a shell without it.
	@$(SPORTMONKS) query $(QUERY_ARGS) $(if $(value SQL),-- "$$QUERY")
# Passed verbatim: neither make nor the shell expands a `$` in it.
query: export QUERY = $(value SQL)
unexport SQL

.PHONY: report
report: .venv/installed ## Write pages on football and on the job. REPORT_ARGS="--serve"
	@$(SPORTMONKS) report $(REPORT_ARGS)

.PHONY: lake
lake: .venv/installed-spark ## Copy the raw tables to the lake for Spark. LAKE_ARGS="--optimize"
	@$(SPORTMONKS) lake $(LAKE_ARGS)

.PHONY: compare
compare: .venv/installed ## Measure what batches save. COMPARE_ARGS="--fixture-count 200"
	@$(SPORTMONKS) compare $(COMPARE_ARGS)

.PHONY: doctor
doctor: .venv/installed ## Check this installation, and print how to fix it. DOCTOR_ARGS="--offline"
	@$(SPORTMONKS) doctor $(DOCTOR_ARGS)

.PHONY: docs
docs: .venv/installed ## Generate the documentation: documents, diagram, columns and lineage.
	@$(SPORTMONKS) docs --quiet $(DBT_ARGS)

.PHONY: dagster
dagster: .venv/installed-dev ## Run the job as Dagster assets, on http://localhost:3000.
	@mkdir -p .dagster
	@printf 'telemetry: {enabled: false}\n' > .dagster/dagster.yaml
	@DAGSTER_HOME=$(CURDIR)/.dagster \
		$(BIN)/dagster dev --python-file docs/schedule/dagster_definitions.py $(DAGSTER_ARGS)

.PHONY: demo
demo: .venv/installed ## Run the whole job on simulated data, into demo.duckdb.
	@$(SPORTMONKS) demo

.PHONY: simulator
simulator: .venv/installed ## Serve a simulated API. SIMULATOR_ARGS="--help" for its options.
	@$(SPORTMONKS) simulator $(SIMULATOR_ARGS)

##@ Development

.PHONY: test
test: .venv/installed-dev ## The default suite, on both engines. PYTEST_ARGS="-k quota"
	@$(PYTEST) $(PYTEST_ARGS)
# A process that has finished its share takes tests over from the others.
PYTEST := $(BIN)/python -m pytest --numprocesses auto --dist worksteal

.PHONY: test-fast
test-fast: .venv/installed-dev ## Tests that need neither dlt, dbt nor a server.
	@$(PYTEST) --fast $(PYTEST_ARGS)

.PHONY: test-all
test-all: .venv/installed-dev ## All tests on both engines, and many random cases.
	@$(PYTEST) --everything --timeout 3600 $(PYTEST_ARGS)

.PHONY: test-spark
test-spark: .venv/installed-spark ## The tests on a Spark cluster. Needs Java 17. PYTEST_ARGS="--everything"
	@$(BIN)/python -m pytest --timeout 2400 $(PYTEST_ARGS) tests/spark

.PHONY: faults
faults: .venv/installed-dev ## The job against every fault of the API, as a table: about 5 minutes.
	@$(BIN)/python -m tests.support.faults

.PHONY: bench
bench: .venv/installed-dev ## Measure the job against a baseline. BENCH_ARGS="--fixtures 1000"
	@$(BIN)/python -m bench $(BENCH_ARGS)

.PHONY: pictures
pictures: .venv/installed-dev ## Make the pictures of the README from the demo. Needs Chromium.
	@SPORTMONKS_COMMAND=make $(BIN)/python docs/pictures/session.py docs/pictures/session.svg \
		$(BIN)/python -m extract demo
	@TARGET=duckdb DUCKDB_PATH=demo.duckdb $(BIN)/python -m extract report
	@$(BIN)/python docs/pictures/report.py report "$$(command -v chromium)"

.PHONY: lint
lint: .venv/installed-dev $(BOUNCER)/installed ## Linters and type checker, on Python, SQL and dbt's metadata.
	@$(MAKE) --jobs 2 lint-sql lint-python lint-metadata

.PHONY: lint-python
lint-python:
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

# A model that is a call of a macro has no SQL of its own, and the linter reports nothing in what
# macros write. dbt is not asked what they do, because linting that took longer than all the rest.
.PHONY: lint-sql
lint-sql: export TARGET = duckdb
lint-sql: export DUCKDB_PATH = :memory:
lint-sql:
	@$(SQLFLUFF) --templater jinja $$(grep -LEr $(OWN_SQL))
	@$(SQLFLUFF) $$(grep -lEr $(OWN_SQL) | grep -vFf .sqlfluffignore)
SQLFLUFF := $(BIN)/sqlfluff lint --disable-progress-bar
OWN_SQL := '^ *(select|with)\b' --include=*.sql dbt_project/models

.PHONY: lint-metadata
lint-metadata:
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
format: .venv/installed-dev ## Format Python and SQL.
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@TARGET=duckdb DUCKDB_PATH=:memory: $(BIN)/sqlfluff fix dbt_project/models

.PHONY: lock
lock: ## Update the lock files to the newest allowed versions (needs uv).
	@uv pip compile --quiet --upgrade $(LOCK) pyproject.toml --group dev --extra dagster -o requirements-dev.lock
	@uv pip compile --quiet --upgrade $(LOCK) pyproject.toml -c requirements-dev.lock -o requirements.lock
	@uv pip compile --quiet --upgrade $(LOCK) pyproject.toml --extra spark -c requirements-dev.lock \
		-o requirements-spark.lock
	@uv pip compile --quiet --upgrade $(LOCK) --group bouncer -o requirements-bouncer.lock
LOCK := --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	--no-emit-index-url --no-emit-find-links --no-strip-extras

.PHONY: clean
clean: ## Remove generated files, except your databases and settings.
	@rm -rf .venv .pytest_cache .ruff_cache .mypy_cache .hypothesis demo.duckdb demo.duckdb.wal
	@rm -rf dbt_project/target dbt_project/logs logs .dagster .sportmonks dist report .report.new .report.old
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: help
help: ## Print this list.
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

# The virtual environment is created if it is missing, and updated when a lock file is newer.

.venv/installed: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
		|| { echo "Python 3.11 to 3.13 is required; PYTHON=python3.12 make … selects one." >&2; exit 2; }
	@test -x $(BIN)/python || { echo "Creating .venv"; $(VENV) .venv; }
	@echo "Installing requirements"
	@$(call INSTALL,.venv) requirements.lock
	@touch $@

.venv/installed-dev: .venv/installed requirements-dev.lock
	@echo "Installing development requirements"
	@$(call INSTALL,.venv) requirements-dev.lock
	@touch $@

# Apart, because Spark is as large as all the others together.
.venv/installed-spark: .venv/installed-dev requirements-spark.lock
	@echo "Installing requirements of Spark"
	@$(call INSTALL,.venv) requirements-spark.lock
	@touch $@

# Inside .venv, and so after it.
$(BOUNCER)/installed: requirements-bouncer.lock | .venv/installed
	@test -x $(BOUNCER)/bin/python || { echo "Creating $(BOUNCER)"; $(VENV) $(BOUNCER); }
	@echo "Installing dbt-bouncer"
	@$(call INSTALL,$(BOUNCER)) requirements-bouncer.lock
	@touch $@
