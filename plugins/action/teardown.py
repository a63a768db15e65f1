# Copyright: the Evenkeel authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Remove an application."""

from __future__ import annotations

from ansible_collections.evenkeel.mesh.plugins.plugin_utils.action import WorkflowAction


class ActionModule(WorkflowAction):
    """Validates on the controller, then runs the workflow."""
