# `make demo` and `make test` do everything they need from a bare clone.
.DEFAULT_GOAL := help
RUN := .venv/bin/
STAMP := .cache/setup.stamp

.PHONY: help
help: ## Show this
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-13s %s\n", $$1, $$2}'

$(STAMP): pyproject.toml uv.lock nlu/pyproject.toml nlu/uv.lock scripts/setup.sh
	@scripts/setup.sh
	@mkdir -p .cache && touch $@

.PHONY: setup
setup: $(STAMP) ## Build both environments

.PHONY: demo
demo: $(STAMP) ## Run the whole product with sample data
	@$(RUN)acuerdo demo

.PHONY: train
train: $(STAMP) ## Train Rasa's model if its inputs changed
	@$(RUN)acuerdo train

.PHONY: check
check: $(STAMP) ## Lint, types, architecture
	$(RUN)ruff check .
	$(RUN)ruff format --check .
	$(RUN)mypy
	$(RUN)lint-imports

.PHONY: corpus-check
corpus-check: $(STAMP) ## Are the examples sound? Also a part of the tests
	@$(RUN)acuerdo nlu check

.PHONY: test
test: $(STAMP) ## Everything the tests need, then the tests
	@scripts/test-tools.sh
	@$(RUN)acuerdo train
	$(RUN)pytest -n 2 --dist loadfile --no-loadscope-reorder

.PHONY: bench
bench: $(STAMP) ## Measure against stock Rasa, in one run
	@$(RUN)acuerdo bench chat

.PHONY: clean
clean: ## Remove what the commands above made, but not the environments
	rm -rf var models results .pytest_cache .mypy_cache .ruff_cache .hypothesis
