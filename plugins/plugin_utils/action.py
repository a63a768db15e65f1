"""The base of the collection's actions: validate on the controller, run a workflow on the host, display its progress."""

from __future__ import annotations

import base64
import contextvars
import getpass
import json
import os
import socket
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from . import library
from .options import argument_spec
from .progress import Progress
from .project import Project, read_project
from .signals import defer_termination

POLL_SECONDS = 0.5
MODULE = "evenkeel.mesh.workflow"
TARGET_OPTIONS = ("target", "docker_host", "docker_cert_path", "directory")

Options = dict[str, Any]


class WorkflowAction(ActionBase):
    """Reads and validates the application, then runs the workflow with the name of the action on the host."""

    _supports_check_mode = True
    _supports_async = False
    _supports_diff = True
    shows_progress = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the workflow's result."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        self._task_vars = task_vars or {}
        self._name = self._task.action.rpartition(".")[2]
        options = self._options()
        self._check_target(options)
        project = self._project(options)
        if not self.shows_progress:
            result.update(self._run_workflow(options, self._request(project, self.arguments(project, options))))
            return result
        self._make_tmp_path()
        try:
            result.update(self._follow(options, self._request(project, self.arguments(project, options))))
        finally:
            self._remove_tmp_path(self._connection._shell.tmpdir)
        return result

    def arguments(self, project: Project, options: Options) -> dict[str, Any]:
        """Return the arguments of the workflow: by default the options that are not common to all actions."""
        common = argument_spec("status")
        return {name: value for name, value in options.items() if name not in common}

    def display(self, line: str, indent: str = "") -> None:
        """Display ``line``, prefixed with the host if the play has several."""
        with defer_termination():
            Display().display(f"{indent}{self._host}: {line}" if self._has_several_hosts else f"{indent}{line}")

    def local_path(self, path: str) -> Path:
        """Return the absolute path of a file on the controller, with the host in its name if the play has several."""
        absolute = Path(path).expanduser().absolute()
        return absolute.with_stem(f"{absolute.stem}-{self._host}") if self._has_several_hosts else absolute

    def host_name(self) -> str:
        """Return the name or address of the host as seen from the controller."""
        return "localhost" if self._connection.transport == "local" else str(self._get_remote_addr(self._task_vars))

    def _options(self) -> Options:
        """Return the task's options, validated. Empty ones count as unset, since roles pass on empty defaults."""
        self._task.args = {name: value for name, value in self._task.args.items() if value not in (None, "")}
        _result, options = self.validate_argument_spec(argument_spec=argument_spec(self._name))
        return dict(options)

    def _check_target(self, options: Options) -> None:
        """Raise ``AnsibleActionFail`` if the inventory is of a stack with another target."""
        stack = self._task_vars.get("evenkeel_stack")
        stack_target = self._templar.template(stack).get("target") if stack else None
        if stack_target and stack_target != options["target"]:
            raise AnsibleActionFail(
                f"target: found {options['target']}, but the inventory's stack has {stack_target}; allowed: the same in both, or "
                "another inventory"
            )

    def _project(self, options: Options) -> Project:
        try:
            return read_project(options["application"], options["image_source"], options["variables"])
        except ValueError as error:
            raise AnsibleActionFail(str(error)) from error

    def _request(self, project: Project, arguments: dict[str, Any]) -> dict[str, Any]:
        return {
            "workflow": self._name,
            "specification": asdict(project.specification),
            "by": f"{getpass.getuser()}@{socket.gethostname()} (process {os.getpid()})",
            "arguments": arguments,
        }

    def _run_workflow(self, options: Options, request: dict[str, Any], **extra: Any) -> dict[str, Any]:
        """Run the module; the application is passed in one option, which is not logged."""
        target = {name: options[name] for name in TARGET_OPTIONS if options.get(name)}
        arguments = {**target, **extra, "request": json.dumps(request), "library": library.version()}
        result: dict[str, Any] = self._execute_module(MODULE, arguments, task_vars=self._task_vars)
        if result.get("library_missing"):
            arguments["archive"] = base64.b64encode(library.archive()).decode()
            result = self._execute_module(MODULE, arguments, task_vars=self._task_vars)
        return result

    @property
    def _host(self) -> str:
        return str(self._task_vars["inventory_hostname"])

    @property
    def _has_several_hosts(self) -> bool:
        """Whether the play has more than one host."""
        return len(self._task_vars.get("ansible_play_hosts_all", ())) > 1

    def _follow(self, options: Options, request: dict[str, Any]) -> dict[str, Any]:
        """Run the module in a thread, and display the lines that it writes to a file.

        This process may outlive a killed playbook; then it stops following.
        """
        progress = Progress(self)
        results: list[dict[str, Any]] = []
        failures: list[BaseException] = []

        def execute() -> None:
            try:
                results.append(self._run_workflow(options, request, progress=progress.file))
            except BaseException as error:
                failures.append(error)

        context = contextvars.copy_context()
        worker = threading.Thread(target=context.run, args=(execute,))
        worker.start()
        playbook, running = os.getppid(), True
        while running:
            worker.join(POLL_SECONDS)
            running = worker.is_alive()
            for line in progress.read_lines() if os.getppid() == playbook else ():
                self.display(line.rstrip(), indent="  ")
        if failures:
            raise failures[0]
        return results[0]
