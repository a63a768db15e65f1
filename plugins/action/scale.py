# Copyright: the Evenkeel authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Scale a running component, or advise on the replicas and memory of components."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail
from ansible_collections.evenkeel.mesh.plugins.module_utils.compose.units import BYTES, parse_bytes
from ansible_collections.evenkeel.mesh.plugins.plugin_utils.action import Options, WorkflowAction
from ansible_collections.evenkeel.mesh.plugins.plugin_utils.project import Project


class ActionModule(WorkflowAction):
    """Validates on the controller, then runs the workflow."""

    def arguments(self, project: Project, options: Options) -> dict[str, Any]:
        """Return the options of the action, with the memory in bytes."""
        text = options["memory"]
        try:
            memory = parse_bytes(text) if text else None
        except ValueError as error:
            raise AnsibleActionFail(f"memory: found {text!r}; allowed: {BYTES}") from error
        return {**super().arguments(project, options), "memory": memory}
