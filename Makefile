# The two commands of the README, commands for using the results, and maintenance.
# ARGS is passed to the command of a target, for example: make results ARGS="--configfile config/own-pictures.yaml"
PYTHON ?= $(shell command -v python3.11 || command -v python3)
ARGS ?=
BIN = .venv/bin

.PHONY: results pdf demo runs test verify publish benchmarks lint generated graph docs pictures

results: .venv/synced
	$(BIN)/snakemake --cores all $(ARGS)

# The report as a PDF. It needs Chromium.
pdf: .venv/synced
	$(BIN)/snakemake --cores all pdf $(ARGS)

# Prints when, where and at what cost each job ran on this machine.
runs: .venv/synced
	$(BIN)/brushprint runs $(ARGS)

# Serves a page that judges single pictures in the browser, to this machine only. If there are several runs, select one
# with RUN, for example RUN=results/own-pictures.
demo: .venv/synced
	$(BIN)/snakemake --cores all demo $(ARGS)
	$(BIN)/brushprint serve $(if $(RUN),--run $(RUN))

test: .venv/synced
	$(BIN)/pytest $(ARGS)

# Checks that this commit gives these results: runs it from nothing in another folder, on one core, and compares every
# file.
verify: .venv/synced
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/brushprint verify $(ARGS)

# Stores the results with DVC for colleagues; refuses if results are stale or something is not committed.
publish: .venv/synced
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/brushprint publish $(ARGS)

# Measures this machine and writes the tables in the docs; ARGS selects tables. Run nothing else meanwhile.
benchmarks: .venv/synced
	$(BIN)/python benchmarks/run.py $(ARGS)

# Checks format, lints, layers and types of all files, and mends what it can: fails if it changed a file.
lint: .venv/synced
	$(BIN)/pre-commit run --all-files

# Writes the files that are generated from other files of the repository. A test fails if they are out of date.
generated: .venv/synced
	$(BIN)/python -m brushprint.settings.json_schema > workflow/schemas/config.schema.json
	$(BIN)/python -m brushprint.workflow.generated
	$(BIN)/python -m brushprint.cli.reference

# Builds the documentation as a site in site/, with the report of the sample as its example.
docs: results
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet

# Makes the pictures of the README from the sample. It needs Chromium.
pictures: .venv/synced
	$(BIN)/snakemake --cores all all demo
	$(BIN)/python docs/pictures.py

graph: .venv/synced
	$(BIN)/snakemake --rulegraph mermaid-js 2>/dev/null

.venv/synced: pyproject.toml uv.lock
	test -x $(BIN)/uv || ($(PYTHON) -m venv .venv && $(BIN)/python -m pip install --quiet uv)
	$(BIN)/uv sync --locked
	touch $@
