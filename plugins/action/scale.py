"""Give a running component replicas and memory, or tell what components should have."""

from __future__ import annotations

from ansible_collections.evenkeel.mesh.plugins.plugin_utils.action import DeploymentAction


class ActionModule(DeploymentAction):
    """Validates the application on the controller, then runs the module."""
