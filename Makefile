# Everything a person or CI runs. `make help` lists it.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
VENV := $(abspath $(or $(INFERLOOP_VENV),.venv))
BIN := $(VENV)/bin
export PATH := $(BIN):$(PATH)

ENV ?= dev
CLOUD ?= aws
ARGS ?=

.PHONY: setup
setup: ## Make .venv with both distributions, each dependency checked against its hash
	@$(PYTHON) tools/setup.py

.PHONY: lock
lock: ## Write requirements/*.txt anew (UPGRADE=1 takes the newest versions)
	@$(PYTHON) tools/lock.py

.PHONY: help
help: ## List the targets
	@awk 'BEGIN { FS = ":.*## " } /^[a-z][a-z_-]*:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
