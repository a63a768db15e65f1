#!/usr/bin/python
"""Load Zipkin's schema into the tracing store."""

from __future__ import annotations

DOCUMENTATION = r"""
module: zipkin_schema
short_description: Load Zipkin's schema into the tracing store
version_added: 0.1.0
description:
  - Brings up the MySQL store that the tracing component depends on, and makes Zipkin's tables in it, from the schema that
    Zipkin itself brings.
  - Does nothing where the application has no tracing component, or one without such a store.
extends_documentation_fragment: [evenkeel.mesh.application]
options:
  timeout:
    description: Seconds that the store has to become healthy.
    type: int
    default: 300
author: The Evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
- name: Load Zipkin's schema
  evenkeel.mesh.zipkin_schema:
    application: applications/sockshop/compose.yaml
"""

RETURN = r"""
plan:
  description: The operations that were needed, each with its cause.
  returned: always
  type: list
  elements: str
  sample: ["load schema zipkin-db (its tables are missing)"]
store:
  description: The component that keeps the spans, empty where there is none.
  returned: always
  type: str
  sample: zipkin-db
"""

from ansible.module_utils.basic import AnsibleModule  # noqa: E402
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker import locks, setting  # noqa: E402
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.client import Engine, EngineError  # noqa: E402
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.errors import ModelError  # noqa: E402
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows import tracing  # noqa: E402


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={**setting.SHARED_OPTIONS, "timeout": {"type": "int", "default": 300}}, supports_check_mode=True
    )
    task = setting.read_task(module.params)
    store = tracing.tracing_store(task.application)
    if store is None:
        module.exit_json(changed=False, plan=[], store="")
        return
    try:
        result = tracing.prepare_store(Engine(), task, store, module.params["timeout"], module.check_mode)
    except (EngineError, ModelError, tracing.SchemaError, locks.Busy, OSError) as error:
        module.fail_json(msg=str(error))
    if result.failure:
        module.fail_json(msg=result.failure)
    plan = result.plan
    module.exit_json(changed=bool(plan), plan=setting.lines(plan), diff=setting.diff(plan), store=store.name)


if __name__ == "__main__":
    main()
