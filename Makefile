# Everything that a person or CI runs; `make` alone lists it. Each target makes the environment itself where it is missing.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
VENV := $(abspath $(or $(INFERLOOP_VENV),.venv))
BIN := $(VENV)/bin
export PATH := $(BIN):$(CURDIR)/.tools:$(PATH)
export CHECKPOINT_DISABLE := 1
export NO_MKDOCS_2_WARNING := 1

ENV ?= dev
CLOUD ?= aws
ARGS ?=
# Two workers: the machines that this has to pass on have two cores.
WORKERS ?= 2
DEMO := build/demo
# CONTAINERS=no leaves out what needs a machine that runs containers.
NO_CONTAINERS := $(if $(filter no,$(CONTAINERS)),--ignore=tests/generator/container --ignore=tests/cluster/nodes)
PYTEST := $(BIN)/python -m pytest
PARALLEL = --numprocesses=$(WORKERS) --dist=loadgroup --no-loadscope-reorder
COVERAGE := --cov --cov-report=term --cov-fail-under=90

.PHONY: help node-test platform-verify setup tools lock providers demo test test-unit test-terraform test-e2e test-docs lint format golden docs docs-serve cluster-tools cluster-test need-cluster-tools \
	bench bench-api bench-generator bench-memory clean engines ray test-providers image test-image-reproducible test-servers test-browser test-containers test-nodes report-image render plan apply destroy status need-terraform

help: ## List the targets
	@awk 'BEGIN { FS = ":.*## " } /^[a-z][a-z0-9_-]*:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "  render, plan, apply, destroy, status take ENV=dev|staging|prod CLOUD=aws and ARGS='...', for instance ARGS=--sandbox"

setup: ## Make .venv with both distributions, each dependency checked against its hash
	@$(PYTHON) tools/setup.py

tools: setup ## Install the pinned terraform into .tools/, checked against its SHA-256
	@$(BIN)/python tools/install.py

need-terraform: setup
	@$(BIN)/python tools/need_terraform.py

demo: need-terraform providers need-cluster-tools ## Generate from a real table, with a report; apply, release, show and destroy the three services on the local sandbox
	@$(BIN)/python tools/demo_table.py $(DEMO)/diamonds.csv
	@$(BIN)/inferloop-synthetic generate $(DEMO)/diamonds.csv --rows 100000 --seed 7 --output $(DEMO)/synthetic.parquet --report $(DEMO)/report.html
	@exec $(BIN)/inferloop-deploy demo $(ARGS)

providers: setup ## Make stand-ins of the providers that neither the registry nor a mirror has, outside the tree (once)
	@$(BIN)/python tools/providers/stand_ins.py

test-providers: setup ## Make the stand-ins of providers for the tests, also where the real ones can be had
	@$(BIN)/python tools/providers/stand_ins.py --always

engines: setup ## Install SDV and CTGAN into an environment of their own, outside the tree (5.8 GB, once)
	@$(BIN)/python tools/extra_environment.py engines >/dev/null

ray: setup ## Install Ray beside the environment of the tests, outside the tree (once)
	@$(BIN)/python tools/extra_environment.py ray >/dev/null

test: need-terraform test-providers test-servers test-browser $(if $(NO_CONTAINERS),,test-containers test-nodes) engines ray need-cluster-tools ## Run all tests (TESTS='tests/unit -k NAME' for some), with the wrapper's coverage
	@exec $(PYTEST) $(PARALLEL) $(if $(TESTS),,$(COVERAGE)) $(NO_CONTAINERS) $(TESTS)

platform-verify: setup need-cluster-tools ## Pull every chart of the platform's catalogue, check digests, render and validate (needs a network; ARGS='keda --registry HOST')
	@exec $(BIN)/python tools/platform_verify.py $(ARGS)

test-servers: setup ## Install PostgreSQL and Redis for the tests, from Debian's packages, where they are missing
	@$(BIN)/python tools/need_servers.py

test-browser: setup ## Install Chromium for the tests, from Debian's packages, where it is missing
	@$(BIN)/python tools/need_browser.py

test-containers: setup ## Install what builds and runs containers for the tests, from Debian's packages, where it is missing
	@$(BIN)/python tools/need_containers.py

test-nodes: setup need-cluster-tools ## Build what a real node runs, for the tests of pods: kubelet, kube-proxy, CoreDNS, Calico (once)
	@$(BIN)/python tools/kubernetes/cluster_tools.py nodes node-services node-network >/dev/null

image: setup ## Build a container image (ROLE=api|worker BASE=IMAGE), with its SBOM and its size by part
	@exec $(BIN)/python tools/image/main.py --role $(or $(ROLE),api) --base $(or $(BASE),auto) $(ARGS)

test-image-reproducible: setup test-containers ## Build an image twice, the second time from nothing, and compare (ROLE=api|worker)
	@exec $(BIN)/python tools/image/main.py --role $(or $(ROLE),api) --base $(or $(BASE),auto) --twice $(ARGS)

report-image: test-browser ## Write the README's picture of a report anew
	@OMP_NUM_THREADS=1 $(BIN)/python generator/bench/report_image.py docs/images/report.png

cluster-tools: setup ## Build the Kubernetes programs and fetch the definitions for tests, once (ARGS='helm kubectl' for some)
	@exec $(BIN)/python tools/kubernetes/cluster_tools.py $(ARGS)

need-cluster-tools: setup
	@$(BIN)/python tools/kubernetes/cluster_tools.py >/dev/null

# These wait for a server more than they compute.
cluster-test: WORKERS = 3
cluster-test: need-terraform need-cluster-tools ## Run the tests on a Kubernetes control plane (INFERLOOP_KUBECONFIG=FILE for another cluster)
	@exec $(PYTEST) $(PARALLEL) --ignore=tests/cluster/nodes tests/cluster $(ARGS)

node-test: need-terraform test-servers test-containers test-nodes ## Run the tests on a real Kubernetes node (Linux and root)
	@exec $(PYTEST) tests/cluster/nodes $(ARGS)

test-unit: setup ## Run the tests that need no terraform
	@exec $(PYTEST) tests/unit $(ARGS)

test-terraform: need-terraform test-providers ## Format, validate and test every Terraform module
	@exec $(PYTEST) $(PARALLEL) tests/terraform $(ARGS)

test-e2e: need-terraform test-providers ## Apply, plan again and destroy on the local sandbox; state locking and interruption
	@exec $(PYTEST) tests/e2e $(ARGS)

test-docs: need-terraform ## Run every example of the documentation
	@exec $(PYTEST) tests/docs $(ARGS)

lint: need-terraform ## Run the linters, the type checker and the checks of generated files
	@exec $(BIN)/python tools/lint.py $(ARGS)

format: need-terraform ## Lay out Python and Terraform files
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format --quiet .
	@$(BIN)/python tools/need_terraform.py fmt -recursive modules providers

golden: need-terraform ## Write the schemas, dashboards, reference pages and golden files anew
	@$(BIN)/inferloop-deploy schema --write
	@$(BIN)/python tools/dashboards/write.py
	@$(BIN)/python tools/reference
	@$(PYTEST) --golden $(ARGS)
	@git status --short

docs: setup ## Write the reference pages and build the documentation site into site/
	@$(BIN)/python tools/reference
	@$(BIN)/mkdocs build --strict
	@echo "docs: site/index.html"

docs-serve: setup ## Serve the documentation on http://127.0.0.1:8000, rebuilt at every change
	@$(BIN)/python tools/reference
	@exec $(BIN)/mkdocs serve --strict

bench: need-terraform ## Measure validate, render and plan; prints times and ratios
	@exec $(BIN)/python tests/performance/bench.py $(ARGS)

bench-api: setup ## Measure the API with 64 clients at once (ARGS='--workers 1'); prints percentiles and ratios to the aim
	@exec $(BIN)/python generator/bench/api.py $(ARGS)

bench-generator: setup ## Measure our engine beside others on real tables (ARGS='--minutes 1'), into docs/generator/benchmark.md
	@bench=$$($(BIN)/python tools/extra_environment.py bench) && sdv=$$($(BIN)/python tools/extra_environment.py engines) && \
	  argn=$$($(BIN)/python tools/extra_environment.py argn) && \
	  PYTHONPATH=$$("$$bench" -c 'import sysconfig; print(sysconfig.get_path("purelib"))') exec $(BIN)/python \
	    generator/bench/run.py --sdv "$$sdv" --argn "$$argn" --output docs/generator/benchmark.md $(ARGS)

bench-memory: setup ## Write 50 million synthetic rows and print the memory curve (ARGS='--format csv', '--workers 2')
	@exec $(BIN)/python generator/bench/memory.py $(ARGS)

lock: ## Write requirements/*.txt anew (UPGRADE=1 takes the newest versions)
	@$(PYTHON) tools/lock.py

clean: ## Remove what was built; the environment and the tools stay (ALL=1 removes them too)
	@rm -rf build site dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@find . -type d \( -name .terraform -o -name __pycache__ \) -not -path './.venv/*' -prune -exec rm -rf {} +
	@if [ "$(ALL)" = 1 ]; then rm -rf .venv .venv.lock .tools; fi

render apply destroy status: need-terraform
	@exec $(BIN)/inferloop-deploy $@ --env $(ENV) --cloud $(CLOUD) $(ARGS)

plan: need-terraform
	@$(BIN)/inferloop-deploy $@ --env $(ENV) --cloud $(CLOUD) $(ARGS) || [ $$? -eq 3 ] # 3: there are changes
