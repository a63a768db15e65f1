#!/usr/bin/python
"""Bring an application on a Docker engine to its model."""

from __future__ import annotations

DOCUMENTATION = r"""
module: reconcile
short_description: Bring an application on a Docker engine to its model
version_added: 0.1.0
description:
  - Looks at what the engine has of the application, plans the operations that are needed, each with its cause, and
    carries them out as concurrently as their order allows.
  - An instance is done when it is healthy. One that does not become so is named with the last lines of its log.
extends_documentation_fragment: [evenkeel.mesh.application]
options:
  parts:
    description:
      - What to look after. C(infrastructure) is the network, volumes and secrets, C(mesh) the configuration of the
        proxies, C(components) the containers.
    type: list
    elements: str
    choices: [infrastructure, mesh, components]
    default: [infrastructure, mesh, components]
  only:
    description: Names of components to which the part C(components) is limited; all of them where it is empty.
    type: list
    elements: str
    default: []
  timeout:
    description: Seconds that all instances together have to become healthy.
    type: int
    default: 300
author: The Evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
- name: Deploy the components of a shop
  evenkeel.mesh.reconcile:
    application: applications/sockshop/compose.yaml
    parts: [components]
"""

RETURN = r"""
plan:
  description: The operations, each with its cause, in an order in which they can be done.
  returned: always
  type: list
  elements: str
  sample: ["create sockshop-payment-1 (missing)"]
"""

from ansible.module_utils.basic import AnsibleModule  # noqa: E402
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker import locks, setting  # noqa: E402
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.client import Engine, EngineError  # noqa: E402
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.plan import PARTS  # noqa: E402
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.errors import ModelError  # noqa: E402
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows import deploy as reconcile  # noqa: E402


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            **setting.SHARED_OPTIONS,
            "parts": {"type": "list", "elements": "str", "choices": list(PARTS), "default": list(PARTS)},
            "only": {"type": "list", "elements": "str", "default": []},
            "timeout": {"type": "int", "default": 300},
        },
        supports_check_mode=True,
    )
    task = setting.read_task(module.params)
    scope = reconcile.Scope(tuple(module.params["parts"]), tuple(module.params["only"]))
    try:
        result = reconcile.run(Engine(), task, scope, module.params["timeout"], module.check_mode)
    except (EngineError, ModelError, locks.Busy, OSError) as error:
        module.fail_json(msg=str(error))
    if result.failure:
        module.fail_json(msg=result.failure)
    module.exit_json(changed=bool(result.plan), plan=setting.lines(result.plan), diff=setting.diff(result.plan))


if __name__ == "__main__":
    main()
