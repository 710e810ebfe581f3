# One target per stage. `make` alone shows the list of targets.
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
READY_DEV := .venv/.ready-dev
# Tests share fixtures within a file, so each file runs in one process.
SIDE_BY_SIDE := --numprocesses auto --dist loadfile
# In a terminal pip shows its progress; elsewhere, as in CI, the log stays short.
INSTALL = $(BIN)/python -m pip install --disable-pip-version-check $(shell test -t 2 || echo --quiet)
LOCKED = $(INSTALL) --no-deps --require-hashes --requirement
# PyTorch's own CPU wheels save several GB on Linux, where PyPI's wheels need CUDA.
CPU_WHEELS := https://download.pytorch.org/whl/cpu
GPU := $(shell command -v nvidia-smi)
ifndef TORCH
TORCH := $(if $(GPU),cuda,$(if $(filter Linux,$(shell uname -s)),cpu))
endif
# What PyTorch installs itself where it needs CUDA.
CUDA := cuda-bindings cuda-toolkit nvidia-cudnn-cu13 nvidia-cusparselt-cu13 nvidia-nccl-cu13 nvidia-nvshmem-cu13 triton

# The options of train that core/settings.py has, each as VARIABLE=option. They are given
# in capitals, for example: make submit FOLDS=10 LAMBDA="0 1 5"
SETTINGS := $(shell awk '/: .*= option[^a-z]/ { split($$1, field, ":"); name[++n] = field[1] } \
  /name="/ { sub(/.*name="/, ""); sub(/".*/, ""); name[n] = $$0 } \
  END { for (i = 1; i <= n; i++) { option = name[i]; gsub("_", "-", option); \
  print toupper(name[i]) "=" option } }' pipeline/core/settings.py)
variable = $(firstword $(subst =, ,$(1)))
option = $(lastword $(subst =, ,$(1)))
TRAINING := $(foreach pair,$(SETTINGS),$(call variable,$(pair))) JOBS TRACK NOTE
KNOWN := $(TRAINING) TRIALS TIMEOUT RUN FILTER FROM PUSH MESSAGE FILE OUT LESSON ID TARGET METRIC COMPETITION ROOT FORCE PYTHON TORCH
GIVEN := $(foreach name,$(.VARIABLES),$(if $(filter command,$(origin $(name))),$(name)))
UNKNOWN := $(filter-out $(KNOWN) SHELL MAKE% -%,$(GIVEN))
$(if $(UNKNOWN),$(error unknown variable $(firstword $(UNKNOWN)); there are: $(KNOWN)))

$(if $(and $(filter TORCH,$(GIVEN)),$(filter-out cpu cuda,$(TORCH))),$(error TORCH=$(TORCH): only cpu and cuda can be given))

# All values reach the shell through these functions: quoted, and exactly as they were given.
quoted = '$(subst ','\'',$(1))'
flag = $(if $(value $(1)),--$(2)=$(call quoted,$(value $(1))))
flags = $(foreach each,$(value $(1)),--$(2)=$(call quoted,$(each)))
values = $(foreach each,$(value $(1)),$(call quoted,$(each)))
switch = $(if $(value $(1)),--$(2))

ROOT_OPTION := $(call flag,ROOT,root)
RUN_OPTION := $(call flag,RUN,run)
FORCE_OPTION := $(call switch,FORCE,force)
TRAIN_OPTIONS := $(foreach pair,$(SETTINGS),$(call flag,$(call variable,$(pair)),$(call option,$(pair)))) \
  $(call flag,JOBS,jobs) $(call flag,TRACK,track) $(call flag,NOTE,note)
TUNE_OPTIONS := $(call flag,TRIALS,trials) $(call flag,TIMEOUT,timeout) $(call flag,FOLDS,folds) \
  $(call flag,SEED,seed) $(call flag,EPOCHS,epochs) $(call flag,JOBS,jobs)
PUSH_OPTIONS := $(call switch,PUSH,push) $(call flag,MESSAGE,message)
PIPELINE := $(BIN)/pipeline

.PHONY: help setup lock download schema preprocess train tune baselines blend submit predict explain report runs lesson bench notebooks test slow lint format clean

help: ## Show this help
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'
	@echo
	@echo 'Variables of train and submit, as in `pipeline train --help`:'
	@echo '  $(TRAINING) FORCE; submit also has PUSH MESSAGE' | fold -s -w 78
	@echo 'Of all targets: ROOT (the project folder)'
	@echo 'TORCH=cpu or cuda: PyTorch of this kind (default: cuda with an NVIDIA GPU)'
	@echo 'For example: make submit FOLDS=10 LAMBDA="0 1 5"'

setup: $(READY) ## Make .venv with the exact versions of the lock files

$(READY): requirements.lock requirements-torch.lock pyproject.toml
	@$(call quoted,$(value PYTHON)) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo 'error: Python 3.11 or newer is needed; give its name: make setup PYTHON=python3.12' >&2; exit 2; }
	$(call quoted,$(value PYTHON)) -m venv .venv
# Before version 25.1, pip installs large packages without a sign.
	$(INSTALL) --upgrade pip
	@echo 'Installing the packages of requirements.lock: about 2 GB on disk, in about 2 minutes'
ifeq ($(value TORCH),cpu)
	@$(INSTALL) --retries 0 --timeout 5 --no-deps --index-url $(CPU_WHEELS) --requirement requirements-torch.lock 2> /dev/null || \
	  { echo 'No CPU wheel of PyTorch can be reached; installing its wheel from PyPI, several GB on Linux'; \
	    $(INSTALL) --requirement requirements-torch.lock; }
else
	$(INSTALL) --requirement requirements-torch.lock
endif
	$(LOCKED) requirements.lock
	$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(READY_DEV): $(READY) requirements-dev.lock
	@echo 'Installing the packages of requirements-dev.lock, which tests and lint need'
	$(LOCKED) requirements-dev.lock
	@touch $@

lock: $(READY_DEV) ## Write the lock files anew from pyproject.toml
	@compile() { printf '%s\n' $(CUDA) | $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
	  --fork-strategy fewest --generate-hashes --no-annotate --custom-compile-command 'make lock' \
	  --excludes /dev/stdin --no-emit-package torch "$$@" pyproject.toml requirements-torch.lock; } && \
	compile --group build --output-file requirements.lock && \
	compile --extra dev --constraints requirements.lock --output-file requirements-dev.lock \
	  $$(sed -n 's/^\([a-z][^ =]*\)==.*/--no-emit-package \1/p' requirements.lock)

download: $(READY) ## Get data/raw (FROM=kaggle, zip or folder; COMPETITION FORCE)
	@$(PIPELINE) download $(ROOT_OPTION) $(call flag,FROM,from) \
	  $(call flag,COMPETITION,competition) $(FORCE_OPTION)

schema: $(READY) ## Infer data/raw/schema.toml (ID TARGET METRIC FORCE)
	@$(PIPELINE) schema $(ROOT_OPTION) $(call flag,ID,id) $(call flag,TARGET,target) \
	  $(call flag,METRIC,metric) $(call flag,COMPETITION,competition) $(FORCE_OPTION)

preprocess: $(READY) ## Check and clean data/raw -> data/processed (FORCE)
	@$(PIPELINE) preprocess $(ROOT_OPTION) $(FORCE_OPTION)

train: preprocess ## Train models on data/processed -> runs/<run id>
	@$(PIPELINE) train $(ROOT_OPTION) $(TRAIN_OPTIONS) $(FORCE_OPTION)

tune: preprocess ## Search for better settings (TRIALS, TIMEOUT)
	@$(PIPELINE) tune $(ROOT_OPTION) $(TUNE_OPTIONS)

baselines: preprocess ## Train each lesson's model on the same rows (FORCE)
	@$(PIPELINE) baselines $(ROOT_OPTION) $(FORCE_OPTION)

blend: $(READY) ## Blend finished runs (RUN="ID ID")
	@$(PIPELINE) blend $(ROOT_OPTION) $(FORCE_OPTION) $(call values,RUN)

# The id file hands on the very run of `train`, also if other runs end at the same time.
submit: preprocess ## Train, then write submissions/<run id>.csv (PUSH MESSAGE)
	@id=$$(mktemp) && trap 'rm -f "$$id"' EXIT && \
	  $(PIPELINE) train $(ROOT_OPTION) $(TRAIN_OPTIONS) $(FORCE_OPTION) --id-file="$$id" && \
	  $(PIPELINE) submit $(ROOT_OPTION) --run="$$(cat "$$id")" $(PUSH_OPTIONS)

predict: $(READY) ## Predict the rows of FILE -> OUT (RUN=ID)
	@$(PIPELINE) predict $(ROOT_OPTION) $(RUN_OPTION) $(call flag,OUT,output) -- $(call quoted,$(value FILE))

explain: $(READY) ## Explain the prediction of a row (ID=1461 RUN=ID)
	@$(PIPELINE) explain $(ROOT_OPTION) $(RUN_OPTION) -- $(call quoted,$(value ID))

report: $(READY) ## Write reports/<run id>.html (RUN="ID ID": side by side)
	@$(PIPELINE) report $(ROOT_OPTION) $(call values,RUN)

runs: $(READY) ## List the runs (FILTER="epochs=10"; RUN="ID ID" compares)
	@$(PIPELINE) runs $(ROOT_OPTION) $(call flags,FILTER,filter) $(call values,RUN)

lesson: $(READY) ## List the lessons, or run one (LESSON=tensors, or all)
	@$(PIPELINE) lesson $(ROOT_OPTION) $(call values,LESSON)

bench: $(READY) ## Compare speed with the book's loop, scikit-learn and vmap
	@$(BIN)/python -m experiments.speed $(ROOT_OPTION) $(call flag,HIDDEN,hidden)

notebooks: $(READY_DEV) ## Make docs/lessons/*.ipynb from the lessons
	@$(BIN)/python -m experiments.notebooks

test: $(READY_DEV) ## Run the tests, except the slow ones
	@$(BIN)/pytest $(SIDE_BY_SIDE) -m "not slow"

slow: $(READY_DEV) ## Run the slow tests, which `make test` leaves out
	@$(BIN)/pytest $(SIDE_BY_SIDE) -m slow

lint: $(READY_DEV) ## Check style, types and imports
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(READY_DEV) ## Format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

clean: ## Remove all output, not data/raw or receipts (FORCE)
	@cd $(call quoted,$(or $(value ROOT),.)) && number=$$(ls runs 2> /dev/null | wc -l) && \
	if [ "$$number" -gt 0 ] && [ -z $(call quoted,$(value FORCE)) ]; then \
	  [ -t 0 ] || { echo "error: runs/ has $$number runs; add FORCE=1 to remove them" >&2; exit 2; }; \
	  printf 'Remove %s runs of %s? [y/N] ' "$$number" "$$PWD"; read -r answer; \
	  case "$$answer" in [yY]*) ;; *) echo 'Nothing is removed'; exit 0;; esac; \
	fi && rm -rf runs reports data/processed/* submissions/*.csv
