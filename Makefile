# One target per stage. `make` alone shows the list of targets.
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
READY_DEV := .venv/.ready-dev
# Tests share fixtures within a file, so each file runs in one process.
SIDE_BY_SIDE := --numprocesses auto --dist loadfile
INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check

# Variables that are passed on as options, for example: make submit FOLDS=10 LAMBDA="0 1 5"
flag = $(if $($(1)),--$(2) $($(1)))
TRAIN_OPTIONS := $(call flag,FOLDS,folds) $(foreach value,$(LAMBDA),--lambda $(value)) \
  $(foreach value,$(MODEL),--model $(value)) \
  $(call flag,SEEDS,seeds) $(call flag,SEED,seed) $(call flag,EPOCHS,epochs) \
  $(call flag,LR,lr) $(call flag,HIDDEN,hidden) $(call flag,DROPOUT,dropout) \
  $(call flag,BATCH_SIZE,batch-size) $(call flag,DEVICE,device) $(call flag,JOBS,jobs) \
  $(call flag,TRACK,track)
ROOT_OPTION := $(call flag,ROOT,root)
FORCE_OPTION := $(if $(FORCE),--force)
quoted = '$(subst ','\'',$(1))'
PUSH_OPTIONS := $(if $(PUSH),--push) $(if $(MESSAGE),--message $(call quoted,$(MESSAGE)))

.PHONY: help setup download preprocess train tune baselines submit report bench test slow lint format clean

help: ## Show this help
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'
	@echo
	@echo 'Variables: MODEL FOLDS LAMBDA SEEDS SEED EPOCHS LR HIDDEN DROPOUT BATCH_SIZE DEVICE JOBS TRACK TRIALS TIMEOUT RUN ROOT FORCE'
	@echo '  FROM PUSH MESSAGE'
	@echo 'For example: make submit FOLDS=10 LAMBDA="0 1 5"'

setup: $(READY) ## Make .venv with the exact versions of requirements.lock

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo 'error: Python 3.11 or newer is needed; give its name: make setup PYTHON=python3.12' >&2; exit 2; }
	$(PYTHON) -m venv .venv
	$(INSTALL) --requirement requirements.lock
	$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(READY_DEV): $(READY) requirements-dev.lock
	$(INSTALL) --requirement requirements-dev.lock
	@touch $@

download: $(READY) ## Get data/raw (FROM=kaggle, a zip or a folder; default: bundled)
	@$(BIN)/pipeline download $(ROOT_OPTION) $(call flag,FROM,from) $(FORCE_OPTION)

preprocess: $(READY) ## Check and clean data/raw -> data/processed
	@$(BIN)/pipeline preprocess $(ROOT_OPTION) $(FORCE_OPTION)

train: preprocess ## Train networks on data/processed -> runs/<run id>
	@$(BIN)/pipeline train $(ROOT_OPTION) $(TRAIN_OPTIONS) $(FORCE_OPTION)

tune: preprocess ## Search for the best settings; continues a stopped search
	@$(BIN)/pipeline tune $(ROOT_OPTION) $(call flag,TRIALS,trials) $(call flag,TIMEOUT,timeout) \
	  $(call flag,FOLDS,folds) $(call flag,SEED,seed) $(call flag,EPOCHS,epochs) $(call flag,JOBS,jobs)

baselines: preprocess ## Train each lesson's model on the house prices
	@$(BIN)/pipeline baselines $(ROOT_OPTION) $(FORCE_OPTION)

submit: train ## Train, then write submissions/<run id>.csv
	@$(BIN)/pipeline submit $(ROOT_OPTION) $(PUSH_OPTIONS)

report: $(READY) ## Write reports/<run id>.html (RUN="ID ID" compares two runs)
	@$(BIN)/pipeline report $(RUN) $(ROOT_OPTION)

bench: $(READY) ## Compare speed with the book's loop, scikit-learn and vmap
	@$(BIN)/pipeline bench $(ROOT_OPTION) $(call flag,HIDDEN,hidden)

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

clean: ## Remove all output; keeps data/raw, .venv and Kaggle's answers
	rm -rf runs reports data/processed/* submissions/*.csv
