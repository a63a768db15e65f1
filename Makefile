# `make site` deploys the shop, `make test` checks everything; both install what they need.
VENV := .venv
OLDEST := $(shell sed -n 's/^requires_ansible: ">=\(.*\)"/\1/p' meta/runtime.yml)
# The environment's tools come first on the PATH, as in an activated one.
export PATH := $(CURDIR)/$(VENV)/bin:$(CURDIR)/.pulumi/bin:$(PATH)
# It would have every playbook of the tests compile the collection again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: site engine teardown pulumi test lint unit unit-oldest molecule compose-cases

site: $(VENV)/site
	ansible-playbook playbooks/site.yml

# Only the engine, for Pulumi to create resources on before a deployment.
engine: $(VENV)/site
	ansible-playbook playbooks/platform.yml

teardown: $(VENV)/site
	ansible-playbook playbooks/teardown.yml

# Pulumi's command line; its program is in pulumi/.
pulumi: $(VENV)/pulumi
	python pulumi/install.py $(CURDIR)/.pulumi

test: lint unit unit-oldest molecule

# Debian's Python needs the package python3-venv to create virtual environments.
$(VENV)/bin/pip:
	python3 -c 'import ensurepip' || { apt-get update && apt-get install --yes --no-install-recommends python3-venv; }
	python3 -m venv $(VENV)

$(VENV)/site: $(VENV)/bin/pip requirements.txt
	pip install --quiet --requirement requirements.txt
	touch $@

$(VENV)/pulumi: $(VENV)/bin/pip pulumi/requirements.txt
	pip install --quiet --requirement pulumi/requirements.txt
	touch $@

$(VENV)/test: $(VENV)/bin/pip requirements.txt requirements-dev.txt pulumi/requirements.txt
	command -v tcc || { apt-get update && apt-get install --yes --no-install-recommends tcc; }
	pip install --quiet --requirement requirements-dev.txt
	touch $@

# Records the output of Docker Compose for the cases in tests/compose.
compose-cases: $(VENV)/test
	PYTHONPATH=$(CURDIR)/collections:$(CURDIR)/tests/compose python tests/compose/oracle.py

lint: $(VENV)/test
	ruff check .
	mypy -p ansible_collections.evenkeel.mesh.plugins
	mypy bench tests tools pulumi roles/images/files/supervisor/supervisor.py
	ansible-lint
	antsibull-changelog lint
	tools/sanity

unit: $(VENV)/test
	pytest -n auto tests/unit tests/compose

# With the oldest ansible-core that meta/runtime.yml allows: PYTHONPATH puts it before the environment's. The other unit tests are
# of code that runs without Ansible, as one of these makes sure.
unit-oldest: $(VENV)/test $(VENV)/oldest-$(OLDEST)
	PYTHONPATH=$(CURDIR)/$(VENV)/oldest-$(OLDEST) pytest -n auto tests/unit/plugin_utils tests/unit/test_*.py

$(VENV)/oldest-$(OLDEST): | $(VENV)/test
	pip install --quiet --target $@ ansible-core==$(OLDEST)

molecule: $(VENV)/test
	molecule test --all
