# Bilan. The two commands to know: `make refresh` and `make test`. Each sets up what it needs.

UV_VERSION := 0.13.9
UV := $(shell command -v uv 2>/dev/null || echo .uv/bin/uv)
BIN := .venv/bin
READY := .venv/.ready

.DEFAULT_GOAL := help
.PHONY: help refresh test drills spark-parity lint bench bench-month bench-threads audit dev status clean

help: ## This help
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk 'BEGIN {FS = ":.*## "} {printf "  make %-13s %s\n", $$1, $$2}'

refresh: $(READY) ## Read raw/, build and check the tables, publish a release
	@$(BIN)/bilan refresh

test: $(READY) ## Run the tests (slow drills with small counts)
	@$(BIN)/pytest

drills: $(READY) ## Break everything, again and again: kills, faults, readers... (hours; score in drills/)
	@$(BIN)/python -m tests.drills

spark-parity: $(READY) ## Run the project on a Spark cluster of this machine, and compare every table with DuckDB's
	@$(UV) sync --locked --extra spark --quiet
	@$(BIN)/python -m tests.spark.parity

lint: $(READY) ## Style, types, SQL, lock file, Dagster definitions, dbt documentation
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/sqlfluff lint dbt/models dbt/tests
	@! grep -E 'https?://' uv.lock | grep -vE 'https://(pypi\.org/simple|files\.pythonhosted\.org)/?' || (echo 'uv.lock names another index than the public one'; exit 1)
	$(BIN)/bilan check

bench: $(READY) ## A whole refresh of national inputs beside plain DuckDB: SIZE=XS, S, M, L or XL
	@$(BIN)/python -m benchmarks.bench --size $(or $(SIZE),S) --rounds $(or $(ROUNDS),3) --keep

bench-month: $(READY) ## What one more month costs, over doing everything again: SIZE=XS, S, M, L or XL
	@$(BIN)/python -m benchmarks.one_month --size $(or $(SIZE),S) --keep

bench-threads: $(READY) ## The same release with 1, 2 and 4 threads: SIZE=XS, S, M, L or XL
	@$(BIN)/python -m benchmarks.threads --size $(or $(SIZE),S)

audit: $(READY) ## Hashes, bill of materials, licences, known vulnerabilities; fails when it could not check
	@$(BIN)/python -m dagster_project.audit $(UV) warehouse/audit

dev: $(READY) ## Open Dagster's web interface on this machine (http://127.0.0.1:3000)
	@$(BIN)/bilan dev

status: $(READY) ## Say which release is served
	@$(BIN)/bilan status

clean: ## Remove the environment and everything built: PUBLISHED RELEASES, history, memory of masked cells
	rm -rf .venv .uv dbt/target dbt/logs .pytest_cache .mypy_cache .ruff_cache .hypothesis
	chmod -R u+w warehouse
	find warehouse -mindepth 1 ! -name README.md -delete

$(READY): pyproject.toml uv.lock | $(UV)
	@echo 'Installing the locked environment (once, and when uv.lock changes)'
	@$(UV) sync --locked --quiet
	@touch $@

.uv/bin/uv:
	@echo 'uv is not installed: installing it in .uv/'
	@python3 -m venv .uv
	@.uv/bin/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
