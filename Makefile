# Everything a developer does. `make help` lists it.
# Needs only make and Python 3.11 or newer: the first call makes .venv and installs the pinned packages.

.DEFAULT_GOAL := help
.PHONY: help run demo chat test crash lint types bench

PYTHON ?=
VENV := .venv/bin/python

# The first Python that is new enough, or the one named by PYTHON=.
install = @for python in $(or $(PYTHON),python3 python3.14 python3.13 python3.12 python3.11 python); do \
	if command -v $$python >/dev/null 2>&1 \
	&& $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
		exec $$python -P simulator/install.py $(1); \
	fi; \
	done; \
	echo 'Nudges needs Python 3.11 or newer, and found none (looked for: $(or $(PYTHON),python3, python3.11 and later)).' >&2; \
	echo 'Install it from your system or python.org, or name it: make $@ PYTHON=/path/to/python3' >&2; \
	exit 1

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-6s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Start everything: servers, Twilio stand-in, web, worker (PORT=8000)
	$(call install,run)
	@exec $(VENV) -m simulator run

demo: ## Watch an announcement go out, phone by phone
	$(call install,run)
	@exec $(VENV) -m simulator demo

chat: ## Be a phone, while `make run` runs in another terminal
	$(call install,run)
	@exec $(VENV) -m simulator chat

lint: ## Style, format, and dependencies that point down
	$(call install,test)
	@failed=; \
	echo '── ruff check'; $(VENV) -m ruff check || failed=1; \
	echo '── ruff format'; $(VENV) -m ruff format --check || failed=1; \
	echo '── lint-imports'; $(VENV) .venv/bin/lint-imports || failed=1; \
	test -z "$$failed"

types: ## mypy --strict on bot and flows
	$(call install,test)
	@$(VENV) -m mypy --strict bot flows

test: ## Style, types, dependencies and all tests (ARGS='-k join' goes to pytest)
	$(call install,test)
	@$(VENV) -P tests/browser/install.py
	@failed=; \
	echo '── ruff check'; $(VENV) -m ruff check || failed="$$failed, ruff check"; \
	echo '── ruff format'; $(VENV) -m ruff format --check || failed="$$failed, ruff format"; \
	echo '── mypy'; $(VENV) -m mypy --strict bot flows || failed="$$failed, mypy"; \
	echo '── lint-imports'; $(VENV) .venv/bin/lint-imports || failed="$$failed, lint-imports"; \
	if [ -n "$$failed" ]; then echo "── failed before the tests: $${failed#, }"; fi; \
	$(VENV) -m pytest -n 2 --dist loadgroup $(ARGS) || failed="$$failed, pytest"; \
	test -z "$$failed"

crash: ## Break things in mid-broadcast, in every way we know, and print what came of it
	$(call install,test)
	@CRASH_RECIPIENTS=$${CRASH_RECIPIENTS:-200} $(VENV) -m pytest -q -n 0 -p no:randomly tests/messaging/test_crash_table.py

bench: ## List the benchmarks (each is run by hand)
	@for file in $$(grep -l '^def main' bench/*.py); do \
		printf '  .venv/bin/python -m bench.%-12s %s\n' "$$(basename "$$file" .py)" \
			"$$(awk '/^"""/ { sub(/^"""/, ""); sub(/"""$$/, ""); print; exit }' "$$file")"; \
	done
