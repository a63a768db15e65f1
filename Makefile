VENV := .venv
CORE := ansible_collections.evenkeel.mesh.plugins.module_utils

.PHONY: test lint unit

test: lint unit

$(VENV)/installed: requirements.txt requirements-dev.txt
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --requirement requirements-dev.txt
	touch $@

lint: $(VENV)/installed
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy -p $(CORE)

unit: $(VENV)/installed
	$(VENV)/bin/pytest tests/unit
