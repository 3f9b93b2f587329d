# eeszt.connect: `make help` lists what there is.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

export PYTHONPYCACHEPREFIX := $(CURDIR)/.cache/pycache
export ANSIBLE_HOME := $(CURDIR)/.cache/ansible

python := .venv/bin/python
newest := .venv-newest/bin/python
sudo := $(if $(filter 0,$(shell id -u)),,sudo --preserve-env=ANSIBLE_HOME,EESZT_LAB_STATE,EESZT_LAB_CACHE,EESZT_LAB_FLEET,EESZT_PWSH_WINDOWS,EESZT_PWSH_LINUX)
playbook := $(sudo) $(python) -m lab run .venv/bin/ansible-playbook
types := ansible_collections.eeszt.connect.plugins

.PHONY: help
help: ## List the targets.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | column -t -s "$$(printf '\t')"

# --- the two commands -------------------------------------------------------------------------------------------------

.PHONY: demo
demo: preflight packages-run .venv/run ## Start the embedded fleet, roll it out, verify it and report.
	@$(sudo) $(python) -m lab preflight >/dev/null
	@$(sudo) $(python) -m lab packages --install
	@$(sudo) $(python) -m lab up
	@$(playbook) -i inventory/demo $$($(sudo) $(python) -m lab windows >/dev/null 2>&1 && echo -i inventory/demo-windows) playbooks/site.yml
	@$(sudo) bin/eeszt-connect report --ledger demo-results/ledger --dest demo-results

.PHONY: clean-demo
clean-demo: ## Take the embedded fleet down; base images stay for the next time.
	@$(sudo) $(python) -m lab down
	@$(sudo) rm -rf demo-results

.PHONY: test
test: lint sanity unit unit-newest integration ## Everything that CI runs.

# --- without root -----------------------------------------------------------------------------------------------------

.PHONY: audit-local
audit-local: .venv/run ## Audit this very machine, read only, without root and without the fleet.
	@.venv/bin/ansible-playbook -i localhost, playbooks/audit.yml \
	  -e ansible_connection=local -e 'ansible_python_interpreter={{ ansible_playbook_python }}' \
	  -e eeszt_ledger=$(CURDIR)/local-results/ledger -e eeszt_report=$(CURDIR)/local-results

# --- the parts of `make test` -------------------------------------------------------------------------------------------

.PHONY: lint
lint: packages-test .venv/test ## ruff, mypy, yamllint, ansible-lint, shellcheck.
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	MYPYPATH=.collections .venv/bin/mypy -p $(types).plugin_utils -p $(types).module_utils -p $(types).action \
	  -p $(types).modules -p $(types).inventory -p $(types).filter -p $(types).test -p lab
	.venv/bin/yamllint --strict .
	@# A plan that a test refuses is not the linter's affair.
	ANSIBLE_INVENTORY_UNPARSED_FAILED=false .venv/bin/ansible-lint playbooks roles molecule
	shellcheck .ci/lock .ci/packages .ci/run .ci/sanity .ci/venv lab/files/*.sh lab/files/windows/*.sh

.PHONY: sanity
sanity: packages-test .venv/test ## ansible-test sanity on the built collection.
	.ci/sanity

.PHONY: unit
unit: packages-test .venv/test ## Unit tests.
	$(python) -m pytest -q -n auto tests/unit

.PHONY: unit-newest
unit-newest: packages-test .venv/test ## Unit tests on the newest ansible-core and Python at hand.
	@if .ci/venv .venv-newest requirements/newest.txt 14 12; then $(newest) -m pytest -q -n auto tests/unit; \
	else echo "SKIPPED: the newest ansible-core needs Python 3.12 or newer, which is not on this machine"; fi

.PHONY: integration
integration: packages-test .venv/test ## Tests on real hosts of the embedded fleet, and in a browser.
	@$(python) -m lab packages --install
	$(python) -m pytest -q -n 2 -m 'not full' tests/integration tests/browser

.PHONY: test-full
test-full: test ## What takes too long for CI.
	$(python) -m pytest -q -m full tests/integration

.PHONY: bench
bench: packages-run .venv/run ## What a plan and a rollout cost, as ratios to Ansible's own inventory and ping.
	@$(python) benchmarks/plan.py
	@$(sudo) $(python) -m lab packages --install
	@$(sudo) $(python) benchmarks/rollout.py

# --- the collection -------------------------------------------------------------------------------------------------------

.PHONY: build
build: .venv/run ## Build the collection into dist/.
	.venv/bin/ansible-galaxy collection build --force --output-path dist

.PHONY: lock
lock: .venv/test ## Pin the newest dependencies anew.
	.ci/lock .venv/bin/python 'ansible-core==2.19.*' run test
	.ci/lock .venv-newest/bin/python '' newest

.PHONY: clean
clean: ## Remove what was made here, except the running fleet.
	rm -rf .venv .venv-newest .cache dist local-results .*_cache

# --- what the others stand on -----------------------------------------------------------------------------------------------

.PHONY: preflight packages-run packages-test .venv/run .venv/test
preflight:
	@[ "$$(id -u)" = 0 ] || command -v sudo >/dev/null || { \
	  echo "make demo makes hosts and needs root or sudo; without them try: make audit-local" >&2; exit 1; }
	@if command -v python3 >/dev/null; then $(sudo) python3 -m lab preflight >/dev/null; fi

packages-run:
	@.ci/packages python3 python3-venv

packages-test: packages-run
	@.ci/packages shellcheck git mono-devel
	@# Ubuntu has no such package; the browser tests then say that they were skipped.
	@if apt-cache show chromium >/dev/null 2>&1; then .ci/packages chromium; fi

.venv/run:
	@.ci/venv .venv requirements/run.txt

.venv/test: .venv/run
	@.ci/venv .venv requirements/test.txt
