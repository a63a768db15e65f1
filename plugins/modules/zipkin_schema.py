#!/usr/bin/python
"""Load Zipkin's schema into the tracing store."""

from __future__ import annotations

DOCUMENTATION = r"""
module: zipkin_schema
short_description: Load Zipkin's schema into the tracing store
version_added: 0.1.0
description:
  - Makes the tables of Zipkin in the MySQL store that the tracing component depends on, from the schema that Zipkin itself
    brings. The store has to run, and its database to exist.
  - Does nothing where the application has no tracing component, or one without such a store.
extends_documentation_fragment: [evenkeel.mesh.application]
author: The Evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
- name: Load Zipkin's schema
  evenkeel.mesh.zipkin_schema:
    application: applications/sockshop/compose.yaml
"""

RETURN = r"""
store:
  description: The component that keeps the spans, empty where there is none.
  returned: always
  type: str
  sample: zipkin-db
"""

from ansible.module_utils.basic import AnsibleModule  # noqa: E402
from ansible_collections.evenkeel.mesh.plugins.module_utils.docker import setting, tracing  # noqa: E402
from ansible_collections.evenkeel.mesh.plugins.module_utils.docker.engine import Engine, EngineError  # noqa: E402


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=setting.SHARED_OPTIONS, supports_check_mode=True)
    task = setting.read_task(module.params)
    store = tracing.tracing_store(task.application)
    if store is None:
        module.exit_json(changed=False, store="")
    try:
        changed = tracing.load_schema(Engine(), task, store, module.check_mode)
    except (EngineError, tracing.SchemaError, OSError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=changed, store=store.name)


if __name__ == "__main__":
    main()
