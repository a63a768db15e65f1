# Copyright: the Evenkeel authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Return the status of an application."""

from __future__ import annotations

from typing import Any

from ansible_collections.evenkeel.mesh.plugins.plugin_utils.action import Options, WorkflowAction
from ansible_collections.evenkeel.mesh.plugins.plugin_utils.project import Project
from ansible_collections.evenkeel.mesh.plugins.plugin_utils.status import status_lines


class ActionModule(WorkflowAction):
    """Runs the workflow, and adds the status as text."""

    shows_progress = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the workflow's result with the text."""
        result = super().run(tmp, task_vars)
        return {**result, "text": status_lines(result["status"])} if "status" in result else result

    def arguments(self, project: Project, options: Options) -> dict[str, Any]:
        """Return the name of the host."""
        return {"host": self.host_name()}
