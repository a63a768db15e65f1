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
  library:
    description: The version of the collection's code that is to run the workflow.
    type: str
    required: true
  archive:
    description: That code as a zip file in base64, for a host that does not have it yet.
    type: str
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
    library: 0123456789abcdef
    request: "{{ {'workflow': 'status', 'by': 'me', 'specification': specification, 'arguments': {'host': 'here'}} | to_json }}"
"""

RETURN = r"""
library_missing:
  description: That nothing has run, because the host does not have the library and there was no archive of it.
  returned: then alone
  type: bool
  sample: true
plan:
  description: The operations, each with its cause; the other values are those of the public modules.
  returned: where the workflow plans
  type: list
  elements: str
  sample: ["create sockshop-payment-1 (missing)"]
"""

import base64

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.evenkeel.mesh.plugins.module_utils.runtime.library import Library, cache_folder


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "library": {"type": "str", "required": True},
            "archive": {"type": "str", "no_log": True},
            "request": {"type": "str", "required": True, "no_log": True},
            "target": {"type": "str", "choices": ["docker", "kubernetes"], "default": "docker"},
            "docker_host": {"type": "str", "default": "unix:///var/run/docker.sock"},
            "docker_cert_path": {"type": "path"},
            "directory": {"type": "path", "default": "/var/lib/evenkeel"},
            "progress": {"type": "path"},
        },
        supports_check_mode=True,
    )
    library = Library(module.params["library"], cache_folder())
    try:
        if not library.installed():
            if not module.params["archive"]:
                module.exit_json(library_missing=True)
            library.install(base64.b64decode(module.params["archive"]))
        entry = library.load("workflows.entry")
    except OSError as error:
        module.fail_json(msg=f"the collection's code cannot be kept on the host: {error}")
    result = entry.run(module.params, module.check_mode)
    failure = result.pop("failure", "")
    if failure:
        module.fail_json(msg=failure, **result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
