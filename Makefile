# Two commands are enough: `make run` opens the window, `make test` runs the suite. Both make .venv first.

PYTHON ?= $(shell command -v python3.11 || command -v python3 || command -v python)
VENV := .venv
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
else
BIN := $(VENV)/bin
endif
# Two at a time; files stay whole, so that what a file shares is made once.
PYTEST_ARGS ?= -n 2 --dist loadfile
# Packages of the Linux distribution that Qt needs; installed where that is possible, else named in a sentence.
SYSTEM := $(BIN)/python tools/system_libraries.py
TORCH_VENV := $(VENV)-torch-$(TORCH)
TORCH_BIN := $(subst $(VENV),$(TORCH_VENV),$(BIN))
# A Python without ensurepip (Debian's, without python3-venv) still makes a venv; its pip then comes from outside.
make_venv = $(PYTHON) -m venv $(1) >/dev/null 2>&1 || { $(PYTHON) -m venv --clear --without-pip $(1) && \
	$(PYTHON) -m pip --python $(2)/python install -q pip; }

.PHONY: help run test test-torch operators check lint types contracts format bench pictures wheel clean

help:
	@echo "make run       open the window (without a display: render the first lesson to out/)"
	@echo "make test      run the test suite"
	@echo "make test-torch TORCH=2.6.0   run the tests that depend on torch with another release of it"
	@echo "make check     ruff, type checker and import contracts"
	@echo "make bench     run the benchmarks"
	@echo "make pictures  draw the screenshots in docs/ again"
	@echo "make wheel     build the wheel into dist/"

$(VENV)/.made:
	@$(call make_venv,$(VENV),$(BIN))
	@touch $@

$(VENV)/.installed: $(VENV)/.made pyproject.toml constraints.txt
	$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e ".[test]"
	@touch $@

$(VENV)/.installed-bench: $(VENV)/.installed-test
	$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e ".[bench]"
	@touch $@

run: $(VENV)/.installed
	@$(BIN)/python -m graphviz_app

test: $(VENV)/.installed-test
	@$(SYSTEM) --install
	$(BIN)/python -m pytest $(PYTEST_ARGS)

# The rooms that depend on torch's own behaviour, with another release of it: make test-torch TORCH=2.6.0
test-torch:
	@test -n "$(TORCH)" || { echo "Name a release of torch: make test-torch TORCH=2.6.0" >&2; exit 2; }
	@test -e $(TORCH_BIN)/pip || { $(call make_venv,$(TORCH_VENV),$(TORCH_BIN)); }
	grep -v '^torch=' constraints.txt > $(TORCH_VENV)/constraints.txt
	$(TORCH_BIN)/python -m pip install -q --disable-pip-version-check -c $(TORCH_VENV)/constraints.txt \
		torch==$(TORCH) -e ".[test]"
	@$(TORCH_BIN)/python tools/system_libraries.py --install
	$(TORCH_BIN)/python -m pytest tests/tracer tests/oracle tests/runner $(PYTEST_ARGS)

operators: $(VENV)/.installed-test
	$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e ".[operators]"
	$(BIN)/python tools/operators.py

check: lint contracts types

lint: $(VENV)/.installed-test
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .

contracts: $(VENV)/.installed-test
	$(BIN)/lint-imports

types: $(VENV)/.installed-test
	$(BIN)/basedpyright

format: $(VENV)/.installed-test
	$(BIN)/python -m ruff check --fix .
	$(BIN)/python -m ruff format .

bench: $(VENV)/.installed-bench
	@$(SYSTEM) --install
	$(BIN)/python -m pytest benchmarks --benchmark-enable --benchmark-only -o python_files='bench_*.py'

pictures: $(VENV)/.installed
	$(BIN)/python tools/pictures.py

wheel: $(VENV)/.installed-test
	$(BIN)/python -m build --wheel

clean:
	rm -rf $(VENV) $(VENV)-torch-* out dist build
