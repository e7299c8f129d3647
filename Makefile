# Needs Python 3.11 or newer and make; everything else is installed into .venv.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PORT ?= 8000
HOST ?= 127.0.0.1
EXAMPLES ?= 300
WANTED := (3, 11) <= sys.version_info < (3, 15)
PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$name -c 'import sys; sys.exit(not $(WANTED))' 2>/dev/null && { echo $$name; break; }; done)
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --no-compile --require-hashes
TEST_ENV := FRAMEHOUSE_MODE=test DATA_DIR=.data/lint
FIFTY := 0123456789012345678901234567890123456789012345678
PRODUCTION_ENV := FRAMEHOUSE_MODE=production SECRET_KEY=s$(FIFTY)s API_KEY_PEPPER=p$(FIFTY)p \
	SITE_URL=https://framehouse.example ALLOWED_HOSTS=framehouse.example \
	DATABASE_URL=postgres://framehouse@localhost/framehouse KIE_API_KEY=k KIE_WEBHOOK_KEY=w FAL_KEY=i:s \
	EMAIL_URL=smtp+tls://u:p@mail.framehouse.example

.PHONY: help run test fuzz lint lock openapi openapi-release clean reset
help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile

run: .venv/installed ## web, worker and the stand-ins on PORT (8000), with a demo team
	@exec $(BIN)/python manage.py run --host $(HOST) --port $(PORT) --with-parent

test: .venv/installed-dev .venv/browser ## every test; TESTS="..." for arguments of pytest
	@$(BIN)/python -m pytest -n 2 --dist loadfile $(TESTS)

fuzz: .venv/installed-dev ## every operation of the API with many inputs, fitting and not; EXAMPLES=300 of each
	@FUZZ_EXAMPLES=$(EXAMPLES) $(BIN)/python -m pytest -n 2 --dist load --timeout 3600 tests/fuzz

lint: .venv/installed-dev ## style, types, imports, templates, migrations, production settings
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(TEST_ENV) $(BIN)/mypy
	$(BIN)/lint-imports
	find . -name '*.html' -path '*/templates/*' -not -path './.*' -exec $(BIN)/djade --check {} +
	$(TEST_ENV) $(BIN)/python manage.py makemigrations --check --dry-run
	$(PRODUCTION_ENV) $(BIN)/python manage.py check --deploy --fail-level WARNING

lock: .venv/installed-dev ## new versions into requirements.txt and requirements-dev.txt
	for name in requirements requirements-dev; do \
		$(BIN)/uv pip compile --quiet --upgrade --generate-hashes --no-emit-index-url --no-emit-find-links --universal \
			--python-version 3.11 --custom-compile-command "make lock" -o $$name.txt $$name.in || exit 1; \
	done

openapi: .venv/installed-dev ## writes docs/openapi.json anew
	$(TEST_ENV) $(BIN)/python manage.py openapi

openapi-release: .venv/installed-dev ## the same, and promises it to customers (docs/openapi.released.json)
	$(TEST_ENV) $(BIN)/python manage.py openapi --release

clean: ## removes the environment, caches and what tests left
	rm -rf .venv .data/test .data/lint .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache staticfiles build

reset: .venv/installed ## removes the development data, the demo team included
	$(BIN)/python -c 'from pathlib import Path; from project import embedded_postgres as e; e.stop(Path(".data/postgres"))'
	rm -rf .data

.venv/made:
	@test -n "$(PYTHON)" || { echo "Framehouse needs Python 3.11 to 3.14. Say where: make PYTHON=/path/to/python3"; exit 1; }
	$(PYTHON) -c 'import sys; sys.exit(0 if $(WANTED) else "Framehouse needs Python 3.11 to 3.14.")'
	$(BIN)/python -c '' 2>/dev/null || $(PYTHON) -m venv --clear .venv
	@touch $@

.venv/installed: .venv/made requirements.txt
	$(PIP) -r requirements.txt
	@touch $@

.venv/installed-dev: .venv/installed requirements-dev.txt
	$(PIP) -r requirements.txt -r requirements-dev.txt
	@touch $@

.venv/browser: .venv/installed-dev
	@$(BIN)/python -m tests.browser.chromium
	@touch $@
