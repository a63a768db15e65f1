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
  - The internal module that the actions of this collection run on hosts. Its options may change at any time.
options:
  library:
    description: The version of the collection's code that runs the workflow.
    type: str
    required: true
  archive:
    description: That code as a base64-encoded zip file, for a host that does not have it yet.
    type: str
  request:
    description: The workflow, its arguments, and the application as read on the controller, as JSON.
    type: str
    required: true
  target:
    description: The target that the application is deployed to.
    type: str
    choices: [docker, kubernetes]
    default: docker
  docker_host:
    description: The address of the engine.
    type: str
    default: unix:///var/run/docker.sock
  docker_cert_path:
    description: Folder with the TLS certificates for TCP.
    type: path
  directory:
    description: Folder on the host for the mesh's files, secrets and state.
    type: path
    default: /var/lib/evenkeel
  progress:
    description: The file to which progress is appended while the workflow runs.
    type: path
attributes:
  check_mode:
    description: Can run in check mode.
    support: full
    details: As the public module that runs it.
  diff_mode:
    description: Returns the plan as a diff, each operation with its cause.
    support: partial
    details: As the public module that runs it.
author: The Evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
- name: Run the workflow of evenkeel.mesh.status
  evenkeel.mesh.workflow:
    library: 0123456789abcdef
    request: "{{ {'workflow': 'status', 'by': 'me', 'specification': specification, 'arguments': {'host': 'here'}} | to_json }}"
"""

RETURN = r"""
library_missing:
  description: Whether the workflow was not run because the host lacks the library and O(archive) was not set.
  returned: when the library is missing
  type: bool
  sample: true
plan:
  description: The operations, each with its cause; the other return values are those of the public modules.
  returned: when the workflow has a plan
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
        module.fail_json(msg=f"the collection's code cannot be stored on the host: {error}")
    result = entry.run(module.params, module.check_mode)
    failure = result.pop("failure", "")
    if failure:
        module.fail_json(msg=failure, **result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
