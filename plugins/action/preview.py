# Copyright: the Evenkeel authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Preview a deployment."""

from __future__ import annotations

from typing import Any

from ansible_collections.evenkeel.mesh.plugins.plugin_utils.action import Options, WorkflowAction
from ansible_collections.evenkeel.mesh.plugins.plugin_utils.project import Project


class ActionModule(WorkflowAction):
    """Validates on the controller, then runs the workflow."""

    shows_progress = False

    def arguments(self, project: Project, options: Options) -> dict[str, Any]:
        """Return the recipes of the images that the application needs, and the name of the host."""
        return {"recipes": project.recipes(), "host": self.host_name()}
