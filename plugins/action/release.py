"""Roll out new versions of components on a Docker engine, step by step behind gates."""

from __future__ import annotations

import getpass
import os
import socket
from dataclasses import asdict
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.utils.display import Display
from ansible_collections.evenkeel.mesh.plugins.plugin_utils.action import DeploymentAction
from ansible_collections.evenkeel.mesh.plugins.plugin_utils.deployment import Deployment
from ansible_collections.evenkeel.mesh.plugins.plugin_utils.rollout import OPTIONS, asked_for


class ActionModule(DeploymentAction):
    """Settles on the controller what is to be released, then runs the module."""

    own_options = OPTIONS

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the module's result, and show its summary."""
        result = super().run(tmp, task_vars)
        for line in result.get("summary", ()):
            Display().display(line)
        return result

    def module_arguments(self, deployment: Deployment) -> dict[str, Any]:
        """Return the application and the release, validated."""
        given = {name: self._task.args[name] for name in OPTIONS if self._task.args.get(name) not in (None, "")}
        try:
            rollout, weights = asked_for(deployment, given)
        except ValueError as error:
            raise AnsibleActionFail(str(error)) from error
        return {
            **super().module_arguments(deployment),
            "rollout": asdict(rollout) if rollout else None,
            "weights": list(weights),
            "by": f"{getpass.getuser()}@{socket.gethostname()} (process {os.getpid()})",
        }
