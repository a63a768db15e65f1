#!/usr/bin/python
"""Take an application off a Docker engine."""

from __future__ import annotations

DOCUMENTATION = r"""
module: teardown
short_description: Take an application off a Docker engine
version_added: 0.1.0
description:
  - Removes the application's containers, its network and the mesh's files. Volumes and secrets stay, so that the next
    deployment finds its data, unless O(delete_data) is set.
extends_documentation_fragment: [evenkeel.mesh.application]
options:
  delete_data:
    description: Whether to delete the volumes and the secrets too. There is no way back.
    type: bool
    default: false
  keep_infrastructure:
    description: Whether the network stays too, as what a Pulumi stack has made. Such volumes are for the stack to delete.
    type: bool
    default: false
author: The Evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
- name: Take the shop down and keep its data
  evenkeel.mesh.teardown:
    application: applications/sockshop/compose.yaml
"""

RETURN = r"""
plan:
  description: What was removed.
  returned: always
  type: list
  elements: str
  sample: ["remove sockshop-payment-1 (not in the model)"]
"""

from ansible.module_utils.basic import AnsibleModule  # noqa: E402
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker import locks, setting  # noqa: E402
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.client import Engine, EngineError  # noqa: E402
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows import teardown  # noqa: E402


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            **setting.SHARED_OPTIONS,
            "delete_data": {"type": "bool", "default": False},
            "keep_infrastructure": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    task = setting.read_task(module.params)
    extent = teardown.Extent(module.params["delete_data"], module.params["keep_infrastructure"])
    if extent.data and extent.keep_infrastructure:
        told = "allowed: pulumi destroy, as docs/pulumi.md says, then this again without the stack's inventory"
        module.fail_json(msg=f"delete_data: found true, and that the volumes are a Pulumi stack's; {told}")
    try:
        result = teardown.tear_down(Engine(), task, extent, module.check_mode)
    except (EngineError, locks.Busy, OSError) as error:
        module.fail_json(msg=str(error))
    if result.failure:
        module.fail_json(msg=result.failure)
    module.exit_json(changed=bool(result.plan), plan=setting.lines(result.plan), diff=setting.diff(result.plan))


if __name__ == "__main__":
    main()
