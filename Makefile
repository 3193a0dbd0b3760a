# The two commands of the README, what one does with results, and the chores.
# ARGS goes to Snakemake or pytest, as in: make results ARGS="--configfile config/own-pictures.yaml"
PYTHON ?= $(shell command -v python3.11 || command -v python3)
ARGS ?=
BIN = .venv/bin

.PHONY: results pdf demo runs test verify publish benchmarks lint format generated graph docs pictures

results: .venv/synced
	$(BIN)/snakemake --cores all $(ARGS)

# The report as it is printed; takes chromium.
pdf: .venv/synced
	$(BIN)/snakemake --cores all pdf $(ARGS)

# When, where and at what cost each job ran here.
runs: .venv/synced
	$(BIN)/brushprint runs $(ARGS)

# A page that answers about one picture in the browser, served to this machine alone. RUN=results/own-pictures says
# which, where there are several.
demo: .venv/synced
	$(BIN)/snakemake --cores all demo $(ARGS)
	$(BIN)/brushprint serve $(if $(RUN),--run $(RUN))

test: .venv/synced
	$(BIN)/pytest $(ARGS)

# Does this commit give these results? Runs it from nothing in another folder, on one core, and compares every file.
verify: .venv/synced
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/brushprint verify $(ARGS)

# Stores the results with DVC for colleagues; refuses what is stale or not committed.
publish: .venv/synced
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/brushprint publish $(ARGS)

# Measures this machine and writes the tables of the docs; ARGS names some of them. Takes a quiet machine.
benchmarks: .venv/synced
	$(BIN)/python benchmarks/run.py $(ARGS)

# `snakemake --lint` is no gate: it wants a conda environment for each rule, where one lock serves all.
lint: .venv/synced
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/lint-imports
	$(BIN)/mypy

format: .venv/synced
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile workflow

# Files of the repository that repeat others; a test fails if they differ.
generated: .venv/synced
	$(BIN)/python -m brushprint.settings.json_schema > workflow/schemas/config.schema.json
	$(BIN)/python -m brushprint.workflow.generated
	$(BIN)/python -m brushprint.cli.reference

# The documentation as a site, in site/, with the report of the sample as its example.
docs: results
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet

# The pictures of the README, from the sample; takes chromium.
pictures: .venv/synced
	$(BIN)/snakemake --cores all all demo
	$(BIN)/python docs/pictures.py

graph: .venv/synced
	$(BIN)/snakemake --rulegraph mermaid-js 2>/dev/null

.venv/synced: pyproject.toml uv.lock
	test -x $(BIN)/uv || ($(PYTHON) -m venv .venv && $(BIN)/pip install --quiet uv)
	$(BIN)/uv sync --locked
	touch $@
