#!/usr/bin/python
# Copyright: the Evenkeel authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Run a workflow of the collection on a host."""

from __future__ import annotations

DOCUMENTATION = r"""
module: workflow
short_description: Run a workflow of the collection on a host
version_added: 0.1.0
description:
  - What the actions of this collection run on hosts. It is not for playbooks, its options may change at any time.
options:
  request:
    description: The workflow, its arguments, and the application as it was read on the controller, as JSON.
    type: str
    required: true
  target:
    description: What the application is deployed to.
    type: str
    choices: [docker, kubernetes]
    default: docker
  docker_host:
    description: Where the engine is.
    type: str
    default: unix:///var/run/docker.sock
  docker_cert_path:
    description: Folder with the certificates for TCP.
    type: path
  directory:
    description: Folder on the host for the mesh's files, secrets and state.
    type: path
    default: /var/lib/evenkeel
  progress:
    description: The file that lines are appended to while the workflow runs.
    type: path
attributes:
  check_mode:
    description: Can run in check mode.
    support: full
    details: As the public module does that runs it.
  diff_mode:
    description: Shows the plan, each operation with its cause.
    support: partial
    details: Where the public module does that runs it.
author: The Evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
- name: What the action of evenkeel.mesh.status runs
  evenkeel.mesh.workflow:
    request: "{{ {'workflow': 'status', 'by': 'me', 'specification': specification, 'arguments': {'host': 'here'}} | to_json }}"
"""

RETURN = r"""
plan:
  description: The operations, each with its cause; the other values are those of the public modules.
  returned: where the workflow plans
  type: list
  elements: str
  sample: ["create sockshop-payment-1 (missing)"]
"""

import json

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.registry import Target, TargetOptions, make_driver
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.serialization import built
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.specification import Specification
from ansible_collections.evenkeel.mesh.plugins.module_utils.runtime.heartbeat import heartbeat
from ansible_collections.evenkeel.mesh.plugins.module_utils.runtime.progress import reporter
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.context import Context
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.entry import EXPECTED, heartbeat_seconds, run_workflow


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "request": {"type": "str", "required": True, "no_log": True},
            "target": {"type": "str", "choices": ["docker", "kubernetes"], "default": "docker"},
            "docker_host": {"type": "str", "default": "unix:///var/run/docker.sock"},
            "docker_cert_path": {"type": "path"},
            "directory": {"type": "path", "default": "/var/lib/evenkeel"},
            "progress": {"type": "path"},
        },
        supports_check_mode=True,
    )
    params = module.params
    request = json.loads(params["request"])
    specification: Specification = built(Specification, request["specification"])
    options = TargetOptions(
        Target(params["target"]), params["docker_host"], params["docker_cert_path"] or "", params["directory"]
    )
    try:
        driver = make_driver(options, specification.application.name, specification.folder)
        name, progress = request["workflow"], params["progress"]
        alive = heartbeat(progress, heartbeat_seconds(name))
        context = Context(driver, specification, request["by"], reporter(progress), alive)
        result = run_workflow(name, context, request["arguments"], module.check_mode)
    except EXPECTED as error:
        module.fail_json(msg=str(error))
    failure = result.pop("failure", "")
    if failure:
        module.fail_json(msg=failure, **result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
