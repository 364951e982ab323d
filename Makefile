# The ways in. `make demo` and `make test` need Python 3.11 or newer and nothing else.

# The first Python that runs and is new enough; else whichever there is, so that the set-up can say what is missing.
NEW_ENOUGH = -c 'import sys; sys.exit(sys.version_info < (3, 11))'
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do $$p $(NEW_ENOUGH) 2>/dev/null && echo $$p && exit; done; echo python3)
PORT ?= 8000
export PORT

.PHONY: demo test setup dev lint bench clean lock

demo: setup ## Set up and run the demo academy on localhost:$(PORT)
	@ZHIYUE_DEMO=1 exec .venv/bin/zhiyue demo

dev: ## The same, starting again when the code changes
	@$(PYTHON) bootstrap.py dev
	@ZHIYUE_DEMO=1 ZHIYUE_DEBUG=1 exec .venv/bin/zhiyue demo --reload

setup: ## Make the environment in .venv
	@$(PYTHON) bootstrap.py

test: ## Set up and run every test: SQLite, then PostgreSQL and Redis, then the browser
	@$(PYTHON) bootstrap.py dev
	@.venv/bin/python -m tests.run $(ARGS)

lint: ## Floors, style, types, migrations
	@$(PYTHON) bootstrap.py dev
	.venv/bin/lint-imports
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/zhiyue makemigrations --check --dry-run

bench: ## Measure beside peers and limits
	@$(PYTHON) bootstrap.py dev
	.venv/bin/python -m benchmarks

lock: ## Write the requirement locks anew (needs uv)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate pyproject.toml --group build -o requirements/base.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate pyproject.toml --group build --group dev -c requirements/base.txt -o requirements/dev.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --group node -o requirements/node.txt

clean: ## Remove what the other targets made, the demo's data too
	rm -rf .venv var frontend/node_modules src/zhiyue/experience/shell/static/built src/*.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
