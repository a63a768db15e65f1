"""Let an application's load generator loose on it, for a time."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.utils.display import Display
from ansible_collections.evenkeel.mesh.plugins.module_utils.compose.population import population
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.load import Population
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.load_target import entrance, generator
from ansible_collections.evenkeel.mesh.plugins.plugin_utils.action import DeploymentAction
from ansible_collections.evenkeel.mesh.plugins.plugin_utils.deployment import Deployment

REPORT = "reports/load.html"


class ActionModule(DeploymentAction):
    """Validates on the controller what is asked for, runs the module, and brings the report here."""

    own_options = ("report",)

    def module_arguments(self, deployment: Deployment) -> dict[str, Any]:
        """Return the application and the load, validated."""
        given = {name: self._task.args[name] for name in vars(Population()) if self._task.args.get(name) not in (None, "")}
        try:
            wanted = population(given)
            generator(deployment.application)
            entrance(deployment.application)
        except ValueError as error:
            raise AnsibleActionFail(str(error)) from error
        shell = self._connection._shell
        return {**super().module_arguments(deployment), **vars(wanted), "report": shell.join_path(shell.tmpdir, "load.html")}

    def _followed(self, arguments: dict[str, Any]) -> dict[str, Any]:
        result = super()._followed(arguments)
        if not result.pop("reported", False):
            return result
        read = self._execute_module("ansible.legacy.slurp", {"src": arguments["report"]}, task_vars=self._task_vars)
        if read.get("failed"):
            return {**result, "failed": True, "msg": f"the report could not be read: {read.get('msg', '')}"}
        path = Path(self._task.args.get("report") or REPORT).expanduser().absolute()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(read["content"]))
        Display().display(f"  report: {path}")
        return {**result, "report": str(path)}
