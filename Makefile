# Everything a fresh clone needs, with Python 3.11 or newer and make: each target makes what it needs first.
#   PYTHON=...   the Python to make the environments with   (default: python3)
#   VENV=...     where the project's environment goes       (default: .venv)

PYTHON ?= python3
VENV ?= .venv
VENV_SAM ?= .venv-sam

BIN := $(VENV)/bin
PIP_FLAGS := --quiet --disable-pip-version-check --no-input
CHECKED := cli emulator functions layers/steward tests benchmarks

# Validation needs the name of some region, not an account.
export AWS_DEFAULT_REGION ?= us-west-2
export SAM_CLI_TELEMETRY ?= 0

.DEFAULT_GOAL := help
.PHONY: help demo test check build

help: ## say what can be made
	@echo "CodeArtifact Steward. What can be made:"
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 16

demo: $(VENV)/.project ## tell the whole story on this machine, in less than four minutes, without an AWS account
	@$(BIN)/steward demo

test: $(VENV)/.project ## run every tier of tests: unit, functional, contract, end to end
	@$(BIN)/python -m pytest

check: $(VENV)/.project ## lint, formatting, types, and the template
	@echo "ruff check"  && $(BIN)/ruff check --quiet .
	@echo "ruff format" && $(BIN)/ruff format --check .
	@echo "mypy"        && $(BIN)/mypy --strict $(wildcard $(CHECKED))
	@echo "cfn-lint"    && $(BIN)/cfn-lint template.yaml examples/*/template.yaml
	@echo "All is well."

build: $(VENV)/.project $(VENV_SAM)/.lock ## check the policy, validate the template and build what `sam deploy` sends
	@folder=$$($(FIND_PYTHON_3_13)); \
	if [ -z "$$folder" ]; then echo "$(NO_PYTHON_3_13)" >&2; exit 1; fi && \
	echo "policy check" && $(BIN)/steward policy check && \
	PATH="$$folder:$$PATH" && export PATH && unset MAKELEVEL MAKEFLAGS && \
	echo "sam validate"        && $(VENV_SAM)/bin/sam validate && \
	echo "sam validate --lint" && $(VENV_SAM)/bin/sam validate --lint && \
	for example in examples/*/template.yaml; do $(VENV_SAM)/bin/sam validate --lint --template $$example || exit 1; done && \
	echo "sam build"           && $(VENV_SAM)/bin/sam build

# ---- environments: made anew when their lock changes -----------------------------------------------------------------

$(VENV)/.project: $(VENV)/.lock pyproject.toml
	@$(BIN)/python -m pip install $(PIP_FLAGS) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.lock: requirements/dev.txt
	@$(NEW_ENVIRONMENT)

$(VENV_SAM)/.lock: requirements/sam.txt
	@$(NEW_ENVIRONMENT)

# A lock names every package there is to install, so pip has nothing to work out (--no-deps).
define NEW_ENVIRONMENT
"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
  { echo "Python 3.11 or newer is needed, and $(PYTHON) is not: say which to use, as in 'make $(MAKECMDGOALS) PYTHON=python3.13'." >&2; exit 1; }; \
echo "Making $(@D) from $< (about a minute, once)" && \
"$(PYTHON)" -m venv --clear $(@D) && \
$(@D)/bin/python -m pip install $(PIP_FLAGS) --require-hashes --no-deps --requirement $< && \
touch $@
endef

# The functions run on Python 3.13, and their bytecode is made by it. A pyenv shim may stand on PATH and not work:
# whoever cannot say its version is passed over.
define FIND_PYTHON_3_13
IFS=:; \
for candidate in $$PATH "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/3.13*/bin "$$(pyenv root 2>/dev/null)"/versions/3.13*/bin; do \
  "$$candidate/python3.13" -c 'import os, sys, pip; print(os.path.dirname(sys.executable))' 2>/dev/null && break; \
done
endef
NO_PYTHON_3_13 := Python 3.13, which the functions run on, is neither on PATH nor among pyenv's: install it, as with 'pyenv install 3.13'.
