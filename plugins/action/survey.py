"""Look at an application on a Docker engine."""

from __future__ import annotations

from typing import Any

from ansible_collections.evenkeel.mesh.plugins.module_utils.images.recipe import Recipe
from ansible_collections.evenkeel.mesh.plugins.plugin_utils.action import DeploymentAction
from ansible_collections.evenkeel.mesh.plugins.plugin_utils.deployment import Deployment


class ActionModule(DeploymentAction):
    """Validates the application on the controller, then runs the module."""

    shows_progress = False

    def module_arguments(self, deployment: Deployment) -> dict[str, Any]:
        """Return the application and the images that it needs."""
        recipes = [vars(Recipe.of(image)) for image in deployment.needed.built.values()]
        return {**super().module_arguments(deployment), "recipes": recipes}
