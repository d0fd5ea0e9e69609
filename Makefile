# The commands of the README, of CI and of whoever works on this: the same ones. All they make is in this folder.

PYTHON ?= python3
BIN := .venv/bin
export PYTHON

# The theme's notice about its own future, longer than all else that a build says.
export NO_MKDOCS_2_WARNING := 1

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo setup setup-run test lint types docs man own-coverage pytest registries bench bench-scale build image \
	clean

help: ## say what there is to make
	@sed -n 's/^\([a-z-]*\):.*## /\1	/p' Makefile | expand -t 16

demo: setup-run ## see it work: a target that carries, one that does not, and why
	$(BIN)/tcpgoon demo

setup: ## make .venv with all that the other targets need
	@scripts/setup dev

setup-run:
	@scripts/setup run

test: lint types docs own-coverage pytest ## every check there is, the quick ones first

lint: setup ## style and likely mistakes
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: setup ## the types, strictly
	$(BIN)/mypy

# Not --quiet, which would hide the warnings from --strict too.
docs: setup ## the documentation, into site/; a broken link fails
	$(BIN)/mkdocs build --strict

man: setup ## write the manual pages anew, into man/, from the commands
	$(BIN)/python scripts/manual.py

own-coverage: setup ## each pure module is covered in full by its own test file
	$(BIN)/python scripts/own_coverage.py

pytest: setup ## layers, units and integration
	$(BIN)/pytest --cov

registries: setup ## build the registries that Debian does not carry, once, for the tests; needs Maven; takes minutes
	$(BIN)/python -m tests.registries.building

SECONDS ?= 60
fuzz: setup ## what registries could send, SECONDS=60 for each parser; needs Python 3.11 to 3.13 on Linux
	$(BIN)/python -m pip --quiet --disable-pip-version-check install --group fuzz
	$(BIN)/python -m tests.fuzz --seconds $(SECONDS)

bench: setup ## how light the client is, beside a bare loop; needs root, a C compiler and nginx
	$(BIN)/python -m bench

bench-scale: setup ## what a million connections cost, both ends here; needs root, 10 GB of memory and 5 minutes
	$(BIN)/python -m bench.scale

build: setup ## the wheel, into dist/
	$(BIN)/pip --quiet wheel --no-deps --wheel-dir dist .

# Whichever is there: they take the same words.
IMAGE_BUILDER ?= $(firstword $(foreach name,docker podman buildah,$(if $(shell command -v $(name)),$(name))))
BASE ?= docker.io/library/python:3.13-slim
IMAGE_FLAGS ?=
image: ## the image, as tcpgoon, by docker, podman or buildah; BASE=… is another image with Python to build it on
	@[ -n "$(IMAGE_BUILDER)" ] || { echo "image: there is no docker, podman or buildah to build it with" >&2; exit 1; }
	$(IMAGE_BUILDER) build $(IMAGE_FLAGS) --tag tcpgoon --build-arg BASE=$(BASE) \
	    --build-arg VERSION="$$(sed -n 's/^VERSION = "\(.*\)"/\1/p' src/tcpgoon/version.py)" \
	    --build-arg REVISION="$$(git rev-parse HEAD 2>/dev/null)" .

clean: ## remove all that make has made
	rm -rf .venv build dist site bench/build htmlcov .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -prune -exec rm -rf {} +
