#!/usr/bin/python
"""Roll out new versions of components on a Docker engine, step by step behind gates."""

from __future__ import annotations

DOCUMENTATION = r"""
module: release
short_description: Roll out new versions of components on a Docker engine, step by step behind gates
version_added: 0.1.0
description:
  - Runs candidates beside the stable versions, gives them a rising share of the users, and compares both over the same
    time at each weight. A candidate that is worse is taken back; one that passes every gate takes the place of the stable
    version.
  - What is going on is on record on the target, so that a run that died can be gone on with, from anywhere.
extends_documentation_fragment: [evenkeel.mesh.application]
options:
  action:
    description:
      - What to do. C(roll_out) begins a release or goes on with it; C(resume) goes on as it is on record.
      - C(pause), C(resume), C(promote) and C(abort) are passed on to the run that conducts the release, if there is one.
    type: str
    choices: [roll_out, status, pause, resume, promote, abort, retry]
    default: roll_out
  release:
    description:
      - The path of a release file; C(x-mesh.release) of the application file where it is empty.
      - For all other actions than C(roll_out) the name of a release will do.
    type: path
  component:
    description: The component to release, in place of those of the release file.
    type: str
  image:
    description: The image of the candidate.
    type: str
  env:
    description: Variables of the candidate besides those that the component has, as a mapping or as C(NAME=value) with commas.
    type: raw
  weight:
    description: The percentage of users to go to; all weights of the release where it is empty.
    type: float
  weights:
    description: The percentages of users to go through, rising, in place of those of the release file.
    type: list
    elements: float
  mirror:
    description: The percentage of read-only requests to the stable version that go to the candidate too.
    type: float
  reports:
    description: The folder on the controller for the HTML reports of releases.
    type: path
    default: reports
  generate_load:
    description:
      - Whether to make up for too little traffic with the application's load generator, C(x-mesh.load). Half of its users
        have the candidates. As the release says where it is empty.
    type: bool
  users:
    description: How many users the load generator has, from 1 to 500; 20 where the release says nothing either.
    type: int
  back_on_interrupt:
    description: Whether to go back when the run is interrupted. Otherwise the release holds where it is.
    type: bool
    default: false
  timeout:
    description: Seconds that candidates have to become healthy.
    type: int
    default: 120
author: The Evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
- name: Give 10 % of the users a candidate of orders
  evenkeel.mesh.release:
    application: applications/sockshop/compose.yaml
    component: orders
    env: {SERVICE_VERSION: 2.0.0}
    weight: 10
"""

RETURN = r"""
release:
  description: The release as it is on record.
  returned: always
  type: dict
  sample: {phase: shifting, weight: 10.0}
generator:
  description: The component that makes load in this release, empty where none is to.
  returned: always
  type: str
  sample: shopper
report:
  description: The path of the HTML report on the controller.
  returned: when the release has gone through a step
  type: str
  sample: reports/orders-20260102-030405.html
summary:
  description: What is to be said of it, line by line.
  returned: always
  type: list
  elements: str
  sample: ["orders: shifting"]
"""


from ansible.module_utils.basic import AnsibleModule  # noqa: E402
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker import locks, setting  # noqa: E402
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.client import Engine, EngineError  # noqa: E402
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.errors import ModelError, Refused  # noqa: E402
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.release import Rollout  # noqa: E402
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.serialization import built  # noqa: E402
from ansible_collections.evenkeel.mesh.plugins.module_utils.release.state import release_to_wire  # noqa: E402
from ansible_collections.evenkeel.mesh.plugins.module_utils.runtime.heartbeat import attended  # noqa: E402
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows import release as rollout  # noqa: E402


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            **setting.SHARED_OPTIONS,
            "action": {"type": "str", "choices": list(rollout.ACTIONS), "default": rollout.ROLL_OUT},
            "rollout": {"type": "dict"},
            "named": {"type": "str", "default": ""},
            "weights": {"type": "list", "elements": "float", "default": []},
            "by": {"type": "str", "required": True},
            "back_on_interrupt": {"type": "bool", "default": False},
            "timeout": {"type": "int", "default": 120},
        },
        supports_check_mode=True,
    )
    params = module.params
    wish = rollout.Wish(
        action=params["action"],
        rollout=built(Rollout, params["rollout"]),
        named=params["named"],
        weights=tuple(params["weights"]),
        by=params["by"],
        seconds=params["timeout"],
        attended=attended(params["progress"]),
        back_on_interrupt=params["back_on_interrupt"],
    )
    try:
        answer = rollout.fulfil(Engine(), setting.given_task(params), wish, module.check_mode)
    except (Refused, locks.Busy, EngineError, ModelError, OSError) as error:
        module.fail_json(msg=str(error))
    release = release_to_wire(answer.release) if answer.release else {}
    generator = params["model"]["load"] if answer.release and answer.release.rollout.load else ""
    told = list(answer.told) or (rollout.summary(answer.release) if answer.release else [])
    result = {"changed": answer.changed, "release": release, "summary": told, "generator": generator}
    if answer.failure:
        module.fail_json(msg=answer.failure, **result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
