# The two commands of the README, what one does with results, and the chores.
# ARGS goes to Snakemake or pytest, as in: make results ARGS="--configfile config/own-pictures.yaml"
PYTHON ?= $(shell command -v python3.11 || command -v python3)
ARGS ?=
BIN = .venv/bin

.PHONY: results runs test verify publish lint format schema graph

results: .venv/synced
	$(BIN)/snakemake --cores all $(ARGS)

# When, where and at what cost each job ran here.
runs: .venv/synced
	$(BIN)/brushprint runs $(ARGS)

test: .venv/synced
	$(BIN)/pytest $(ARGS)

# Does this commit give these results? Runs it from nothing in another folder, on one core, and compares every file.
verify: .venv/synced
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/brushprint verify $(ARGS)

# Stores the results with DVC for colleagues; refuses what is stale or not committed.
publish: .venv/synced
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/brushprint publish $(ARGS)

# `snakemake --lint` is no gate: it wants a conda environment for each rule, where one lock serves all.
lint: .venv/synced
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/lint-imports

format: .venv/synced
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile workflow

# What is generated and kept in the repository; a test fails when it drifts.
schema: .venv/synced
	$(BIN)/python -m brushprint.config > workflow/schemas/config.schema.json

graph: .venv/synced
	$(BIN)/snakemake --rulegraph mermaid-js 2>/dev/null

.venv/synced: pyproject.toml uv.lock
	test -x $(BIN)/uv || ($(PYTHON) -m venv .venv && $(BIN)/pip install --quiet uv)
	$(BIN)/uv sync --locked
	touch $@
