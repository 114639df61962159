# Two commands matter: `make` sets up and runs the main job, `make test` the whole regression.
#
#   PYTHON=python3.12   which Python makes .venv
#   WORKERS=4           tests at once; 3 keep two cores busy, since a test waits for its disk at times
#   ARGS="-k crossbar"  more arguments for pytest, for the main job, or for the benchmark
#   SEED=20261128       the night that `make nightly` repeats, or `make soak` goes on with; today's date where none is given
#   MINUTES=60          how long `make soak` runs

PYTHON  ?= python3
WORKERS ?= 3
ARGS    ?=
SEED    ?= $(shell date +%Y%m%d)
MINUTES ?= 60
BIN     := .venv/bin
STAMP   := .venv/set-up

.PHONY: all setup test lint check nightly soak bench docs clean distclean
.NOTPARALLEL:

all: setup
	$(BIN)/remora demo $(ARGS)

setup: $(STAMP)

# build/junit.xml holds a case for every pytest test and for every cocotb test.
test: setup
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal --junitxml build/junit.xml $(ARGS)

lint: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

# What a contributor runs before a commit: style, types, unit tests, and one small design on the simulator.
check: lint
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal tests/spec tests/golden tests/test_layers.py $(ARGS)
	$(BIN)/remora demo --quick -o build/check

# The regression at another seed every night, many more random cases in the property tests, and the tests that take minutes.
nightly: setup
	@echo "nightly regression, seed $(SEED); make nightly SEED=$(SEED) repeats it"
	COCOTB_RANDOM_SEED=$(SEED) HYPOTHESIS_PROFILE=search REMORA_NIGHTLY=1 \
	  $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal --hypothesis-seed=$(SEED) $(ARGS)

# Random design points and traffic; a failure is saved in build/soak, and what agreed is not run again.
soak: setup
	@echo "soak, seed $(SEED); make soak SEED=$(SEED) goes on with it"
	$(BIN)/remora soak --minutes $(MINUTES) --seed $(SEED) --log build/soak/log.jsonl --failures build/soak/failures \
	  --json build/soak/soak.json $(ARGS)

bench: setup
	$(BIN)/remora bench $(ARGS)

# The documentation site in build/site; a warning is an error.
docs: setup
	$(BIN)/python -m sphinx -W --keep-going -q -E -b html -d build/doctrees docs build/site
	@echo "build/site/index.html"

# Build products and results; the environment stays.
clean:
	rm -rf sim_build build .pytest_cache .hypothesis .mypy_cache .ruff_cache
	find . -name __pycache__ -type d -not -path './.venv/*' -prune -exec rm -rf {} +

distclean: clean
	rm -rf .venv *.egg-info

# An environment whose Python has moved or whose pip is missing is made anew; any other is brought up to date in place.
$(STAMP): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "error: $(PYTHON) is not Python 3.11 or newer; say which is: make PYTHON=python3.12" >&2; exit 2; }
	@$(BIN)/python -m pip --version > /dev/null 2>&1 || { rm -rf .venv && $(PYTHON) -m venv .venv; } || \
	  { rm -rf .venv; echo "error: $(PYTHON) cannot make an environment; on Debian or Ubuntu: sudo apt install python3-venv" >&2; exit 2; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint requirements.lock --editable '.[all]'
	@touch $@
