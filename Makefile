# `make site` brings the shop up, `make test` checks everything; both set up what they need.
VENV := .venv
OLDEST := $(shell sed -n 's/^requires_ansible: ">=\(.*\)"/\1/p' meta/runtime.yml)
# Tools of the environment come first, as in one that is activated.
export PATH := $(CURDIR)/$(VENV)/bin:$(CURDIR)/.pulumi/bin:$(PATH)

.PHONY: site engine teardown pulumi test lint unit unit-oldest molecule compose-cases

site: $(VENV)/site
	ansible-playbook playbooks/site.yml

# The engine alone, for what is to be made on it before anything is deployed.
engine: $(VENV)/site
	ansible-playbook playbooks/platform.yml

teardown: $(VENV)/site
	ansible-playbook playbooks/teardown.yml

# The command line of Pulumi; what it runs is in pulumi/.
pulumi: $(VENV)/pulumi
	python pulumi/install.py $(CURDIR)/.pulumi

test: lint unit unit-oldest molecule

# Debian's Python can make virtual environments only with the package python3-venv.
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

# What Docker Compose makes of the cases in tests/compose, recorded anew.
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
	pytest tests/unit tests/compose

# The oldest ansible-core that meta/runtime.yml allows stands before the environment's own.
unit-oldest: $(VENV)/test $(VENV)/oldest-$(OLDEST)
	PYTHONPATH=$(CURDIR)/$(VENV)/oldest-$(OLDEST) pytest tests/unit tests/compose

$(VENV)/oldest-$(OLDEST): | $(VENV)/test
	pip install --quiet --target $@ ansible-core==$(OLDEST)

molecule: $(VENV)/test
	molecule test --all
