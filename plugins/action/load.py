# Copyright: the Evenkeel authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Run an application's load generator for a limited time."""

from __future__ import annotations

import base64
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible_collections.evenkeel.mesh.plugins.module_utils.compose.population import read_population
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.load import Population, entry_point, load_generator
from ansible_collections.evenkeel.mesh.plugins.plugin_utils.action import Options, WorkflowAction
from ansible_collections.evenkeel.mesh.plugins.plugin_utils.project import Project


class ActionModule(WorkflowAction):
    """Validates the load on the controller, runs the workflow, and fetches the report."""

    def arguments(self, project: Project, options: Options) -> dict[str, Any]:
        """Return the validated load, and the path of its report on the host."""
        application = project.specification.application
        try:
            load = read_population({name: options[name] for name in vars(Population())})
            load_generator(application)
            entry_point(application)
        except ValueError as error:
            raise AnsibleActionFail(str(error)) from error
        shell = self._connection._shell
        self._report = shell.join_path(shell.tmpdir, "load.html")
        return {**vars(load), "report": self._report}

    def _follow(self, options: Options, request: dict[str, Any]) -> dict[str, Any]:
        result = super()._follow(options, request)
        if not result.pop("reported", False):
            return result
        slurped = self._execute_module("ansible.legacy.slurp", {"src": self._report}, task_vars=self._task_vars)
        if slurped.get("failed"):
            return {**result, "failed": True, "msg": f"the report could not be read: {slurped.get('msg', '')}"}
        path = self.local_path(options["report"])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(slurped["content"]))
        self.display(f"report: {path}", indent="  ")
        return {**result, "report": str(path)}
