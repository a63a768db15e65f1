"""The base of the collection's actions: validate on the controller, run the module, show its progress meanwhile."""

from __future__ import annotations

import contextvars
import os
import secrets
import threading
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from .deployment import OWN_OPTIONS, Deployment, read_deployment

POLL_SECONDS = 0.5


class DeploymentAction(ActionBase):
    """Reads the application before anything is touched, then runs the module of the action's own name on the host."""

    _supports_check_mode = True
    _supports_async = False
    shows_progress = True
    own_options: tuple[str, ...] = ()

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the module's result."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        self._task_vars = task_vars or {}
        deployment = self._deployment()
        arguments = {key: value for key, value in self._task.args.items() if key not in (*OWN_OPTIONS, *self.own_options)}
        if not self.shows_progress:
            arguments.update(self.module_arguments(deployment))
            result.update(self._execute_module(module_args=arguments, task_vars=self._task_vars))
            return result
        self._make_tmp_path()
        try:
            arguments.update(self.module_arguments(deployment))
            result.update(self._followed(arguments))
        finally:
            self._remove_tmp_path(self._connection._shell.tmpdir)
        return result

    def module_arguments(self, deployment: Deployment) -> dict[str, Any]:
        """Return what the module is told besides the task's own options."""
        return deployment.arguments()

    def _deployment(self) -> Deployment:
        given = self._task.args
        if "application" not in given:
            raise AnsibleActionFail("application is required: the path of a Compose file")
        source = given.get("image_source", "built")
        if source not in ("built", "upstream"):
            raise AnsibleActionFail(f"image_source: found {source!r}; allowed: built, upstream")
        variables = given.get("variables") or {}
        if not isinstance(variables, dict):
            raise AnsibleActionFail("variables: allowed is a mapping of names to values")
        try:
            return read_deployment(str(given["application"]), str(source), variables)
        except ValueError as error:
            raise AnsibleActionFail(str(error)) from error

    def _followed(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Run the module in a thread, and show the lines that it writes to a file as they come.

        This process outlives a playbook that is killed, and then attends to nothing any more.
        """
        progress = self._connection._shell.join_path(self._connection._shell.tmpdir, f"progress-{secrets.token_hex(4)}")
        results: list[dict[str, Any]] = []
        failures: list[BaseException] = []

        def execute() -> None:
            try:
                results.append(self._execute_module(module_args={**arguments, "progress": progress}, task_vars=self._task_vars))
            except BaseException as error:
                failures.append(error)

        context = contextvars.copy_context()
        worker = threading.Thread(target=context.run, args=(execute,))
        worker.start()
        shown, playbook = 0, os.getppid()
        while worker.is_alive():
            worker.join(POLL_SECONDS)
            if os.getppid() == playbook:
                shown += self._show(progress, shown)
        self._show(progress, shown)
        if failures:
            raise failures[0]
        return dict(results[0])

    def _show(self, progress: str, shown: int) -> int:
        """Show what is new in the file since its first ``shown`` bytes, in whole lines; return how much that was.

        The file beside it that is touched tells a long run that it is still attended.
        """
        quoted = self._connection._shell.quote(progress)
        found = self._low_level_execute_command(f"touch {quoted}.attended; tail -c +{shown + 1} {quoted} 2>/dev/null || true")
        text, newline, _begun = str(found["stdout"]).rpartition("\n")
        for line in text.splitlines():
            Display().display(f"  {line.rstrip()}")
        return len((text + newline).encode())
