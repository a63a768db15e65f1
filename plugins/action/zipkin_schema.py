"""Load Zipkin's schema into the tracing store."""

from __future__ import annotations

from ansible_collections.evenkeel.mesh.plugins.plugin_utils.action import DeploymentAction


class ActionModule(DeploymentAction):
    """Validates the application on the controller, then runs the module."""
