# Every target works on a fresh clone; a second run installs nothing.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.installed
# More than the processors: much of the time is spent waiting for servers.
JOBS ?= 3
LOCK := uv pip compile --universal --python-version 3.11 --generate-hashes --no-header -q

.PHONY: setup demo test test-slow test-servers servers score check format lock docs completions clean

setup: $(READY)

$(READY): requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $(READY)

demo: setup  ## the main job, from its beginning to its proof, on this machine
	$(BIN)/opsctl lab run

test: setup  ## Python only, under five minutes
	$(BIN)/pytest -q -n $(JOBS) --dist worksteal

test-slow: setup  ## what waits or works for seconds: retries, large logs, faults of every call
	$(BIN)/pytest -q -n $(JOBS) --dist worksteal -m "slow and not servers"

servers: ## builds the servers that others wrote; needs Java, Maven and Go
	sh tests/servers/build.sh

test-servers: setup servers  ## the same contracts on servers that others wrote
	$(BIN)/pytest -q -n $(JOBS) --dist worksteal -m servers

score: setup  ## how often the diagnosis is right, on labelled executions
	$(BIN)/python -m benchmarks.diagnosis_scores

check: setup  ## format, lint, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

completions docs: setup  ## the files that are generated from the command tree
	$(BIN)/python -m opsctl.cli.completion_files
	$(BIN)/python -m docs.generate

lock:  ## needs uv; names no index. For work on it; for its users; for building the image
	$(LOCK) --upgrade --extra dev -o requirements.lock pyproject.toml
	$(LOCK) -c requirements.lock -o requirements-runtime.lock pyproject.toml
	echo "hatchling>=1.27" | $(LOCK) -c requirements.lock -o requirements-build.lock -

clean:
	rm -rf $(VENV) .build .mypy_cache .ruff_cache .pytest_cache
