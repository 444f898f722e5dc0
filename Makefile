# What one types in this house. Everything runs in .venv, made from requirements.lock alone.

PYTHON ?= $(firstword $(foreach python,python3 python3.14 python3.13 python3.12 python3.11,$(shell \
	$(python) -c 'import sys; sys.version_info >= (3, 11) and print("$(python)")' 2>/dev/null)))
BIN := .venv/bin
READY := .venv/ready

# Every process of the tests would compile Udo anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo picture test test-all sweep farm foreign mutants actions check bench lock clean

help:
	@echo "make demo    a tour: an AWS on this machine, and Udo at work on it"
	@echo "make picture docs/tour.svg anew: a part of the tour, recorded and drawn"
	@echo "make test    the tests for every change, in some minutes"
	@echo "make test-all    every test: also pairs of faults, second operators, signals and hosts of all kinds"
	@echo "make sweep   every launch change and deployment struck at every one of its calls, by one fault and by two"
	@echo "make farm    ssh to 300 real servers, good and bad, a gigabyte from one; signals at all moments"
	@echo "make foreign the sandbox driven by clients of others: aws, Ansible's modules, the JavaScript SDK"
	@echo "make mutants Udo broken on purpose, a line at a time: which test catches it"
	@echo "make actions what each verb asks AWS for in the tests, and how udo/actions.py differs from it"
	@echo "make check   format, lint and types"
	@echo "make bench   what Udo costs, next to its peers, and with ARGS='reading --against COMMIT' to another build"
	@echo "make lock    requirements.lock anew, from pyproject.toml"

demo: $(READY)
	@PATH="$(CURDIR)/$(BIN):$$PATH" ./docs/demo.sh

picture: $(READY)
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python docs/picture.py

# Tests that are marked `whole` are left to test-all.
test: $(READY)
	$(BIN)/python tests/cpu.py $(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

test-all: $(READY)
	$(BIN)/python tests/cpu.py $(BIN)/python -m pytest --whole -n auto --dist worksteal $(ARGS)

# UDO_SWEEP=1 takes every case; without it the tests of tests/sweep take a selection of them.
sweep: $(READY)
	UDO_SWEEP=1 $(BIN)/python tests/cpu.py $(BIN)/python -m pytest -n auto tests/sweep $(ARGS)

# Without UDO_WHOLE_FARM=1 the same tests take 50 servers and 40 MB, and signals at a few moments of a few verbs.
# The servers take the whole machine; of the runs that are interrupted one a core goes on beside the others.
farm: $(READY)
	UDO_WHOLE_FARM=1 $(BIN)/python -m pytest -n0 tests/ssh $(ARGS)
	UDO_WHOLE_FARM=1 $(BIN)/python -m pytest -n auto --dist worksteal $(wildcard tests/test_interrupted*.py) $(ARGS)

# The clients have environments of their own; one that cannot be had on this machine is left out, by name.
foreign: $(READY)
	$(BIN)/python tests/foreign/run.py $(ARGS)

mutants: $(READY)
	$(BIN)/python tests/cpu.py $(BIN)/python tests/sweep/mutants.py $(ARGS)

# All tests, or those of ARGS, which then leave rows of the table unseen.
actions: $(READY)
	$(BIN)/python tests/actions.py $(ARGS)

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: $(READY)
	$(BIN)/python tests/bench/run.py $(ARGS)

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "Udo needs Python 3.11 or newer; name one: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) docs/environment.py
	@touch $@

# The build backend is locked too, so that nothing but the lock is ever downloaded. Options that would
# write this machine's package index into the file are off.
lock:
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/pip install --quiet --disable-pip-version-check 'pip-tools>=7.5,<8'
	CUSTOM_COMPILE_COMMAND='make lock' .venv-lock/bin/pip-compile --quiet --generate-hashes --strip-extras \
		--all-extras --all-build-deps --allow-unsafe --no-emit-index-url --no-emit-find-links \
		--no-emit-trusted-host --output-file requirements.lock pyproject.toml
	for client in aws ansible javascript; do \
		CUSTOM_COMPILE_COMMAND='make lock' .venv-lock/bin/pip-compile --quiet --generate-hashes --strip-extras \
			--allow-unsafe --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
			--output-file tests/foreign/$$client/requirements.lock tests/foreign/$$client/requirements.in || exit 1; \
	done
	cd tests/foreign/javascript && npm install --package-lock-only --omit-lockfile-registry-resolved

clean:
	rm -rf .venv .venv-* .pytest_cache .mypy_cache .ruff_cache
