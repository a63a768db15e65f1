#!/usr/bin/python
"""Look at an application on a Docker engine."""

from __future__ import annotations

DOCUMENTATION = r"""
module: survey
short_description: Look at an application on a Docker engine
version_added: 0.1.0
description:
  - Tells what a deployment has to do, stage by stage, so that a run in which nothing is to do is over at once.
  - Changes nothing. Without an engine every stage has something to do.
extends_documentation_fragment: [evenkeel.mesh.application]
author: The Evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
- name: Look at what is there
  evenkeel.mesh.survey:
    application: applications/sockshop/compose.yaml
  register: survey

- name: Get the images
  ansible.builtin.include_role:
    name: evenkeel.mesh.images
  when: "'images' in survey.stages"
"""

RETURN = r"""
stages:
  description:
    - The stages to go through, of C(platform), C(images), C(infrastructure), C(mesh), C(tracing), C(components).
  returned: always
  type: list
  elements: str
  sample: [components]
plan:
  description: What that is, one operation each; empty where there is no engine.
  returned: always
  type: list
  elements: str
  sample: ["start sockshop-payment-1 (it is exited)"]
urls:
  description: Where components that publish ports are found on the host.
  returned: always
  type: dict
  sample: {edge-router: ["http://localhost/", "http://localhost:8080/"]}
"""

from ansible.module_utils.basic import AnsibleModule  # noqa: E402
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker import setting  # noqa: E402
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.client import Engine, EngineError  # noqa: E402
from ansible_collections.evenkeel.mesh.plugins.module_utils.images.recipe import Recipe  # noqa: E402
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.errors import ModelError  # noqa: E402
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows import preview as survey  # noqa: E402


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={**setting.SHARED_OPTIONS, "recipes": {"type": "list", "elements": "dict", "required": True}},
        supports_check_mode=True,
    )
    task = setting.read_task(module.params)
    recipes = {each["name"]: Recipe(**each) for each in module.params["recipes"]}
    told = {"urls": survey.urls(task.application)}
    engine = Engine()
    try:
        if not engine.answers():
            module.exit_json(changed=False, stages=list(survey.stages_of(task.application)), plan=[], **told)
        found = survey.survey(engine, task, recipes)
    except (EngineError, ModelError, OSError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, stages=list(found.stages), plan=list(found.plan), **told)


if __name__ == "__main__":
    main()
