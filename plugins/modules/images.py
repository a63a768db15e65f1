#!/usr/bin/python
"""Build or pull the images of an application."""

from __future__ import annotations

DOCUMENTATION = r"""
module: images
short_description: Build or pull the images of an application
version_added: 0.1.0
description:
  - Builds what the engine lacks, side by side, from the sources of the application and of the mesh itself. Images are
    named by their content, so what has not changed is not built again.
  - Pulls the images that the model names and the engine lacks.
  - Components without replicas need no image, unless they are named.
extends_documentation_fragment: [evenkeel.mesh.application]
options:
  also:
    description: Components without replicas whose images to get too.
    type: list
    elements: str
    default: []
author: The Evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
- name: Get the images of the shop
  evenkeel.mesh.images:
    application: applications/sockshop/compose.yaml

- name: Get those of the load generator too, which is not running
  evenkeel.mesh.images:
    application: applications/sockshop/compose.yaml
    also: [shopper]
"""

RETURN = r"""
plan:
  description: The builds and pulls that were needed.
  returned: always
  type: list
  elements: str
  sample: ["build sockshop-payment (no image evenkeel/sockshop-payment:0123456789ab)"]
"""

from pathlib import Path  # noqa: E402

from ansible.module_utils.basic import AnsibleModule  # noqa: E402
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker import images as build  # noqa: E402
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker import setting  # noqa: E402
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.client import Engine, EngineError  # noqa: E402
from ansible_collections.evenkeel.mesh.plugins.module_utils.images.needed import in_use  # noqa: E402
from ansible_collections.evenkeel.mesh.plugins.module_utils.images.recipe import Recipe  # noqa: E402
from ansible_collections.evenkeel.mesh.plugins.module_utils.images.source import SourceError  # noqa: E402


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            **setting.SHARED_OPTIONS,
            "recipes": {"type": "list", "elements": "dict", "required": True},
            "bundle": {"type": "path"},
            "also": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    task = setting.read_task(module.params)
    recipes = {each["name"]: Recipe(**each) for each in module.params["recipes"]}
    engine = Engine()
    try:
        needed = in_use(task.setting.images, task.application, module.params["also"])
        plan = build.plan_images(recipes, build.missing_images(engine, recipes, needed))
        failed = ""
        if module.params["bundle"] and not module.check_mode:
            failed = setting.failure(build.carry_out(engine, plan, recipes, Path(module.params["bundle"]), task.say))
    except (EngineError, OSError, SourceError) as error:
        module.fail_json(msg=str(error))
    if failed:
        module.fail_json(msg=failed)
    builds = [each.subject for each in plan.operations.values() if each.verb == "build"]
    module.exit_json(changed=bool(plan), plan=setting.lines(plan), builds=builds, diff=setting.diff(plan))


if __name__ == "__main__":
    main()
