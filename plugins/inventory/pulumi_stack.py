# Copyright (c) The Evenkeel authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An inventory from the outputs of a Pulumi stack."""

from __future__ import annotations

DOCUMENTATION = r"""
name: pulumi_stack
short_description: Inventory from the outputs of a Pulumi stack
version_added: 0.1.0
description:
  - Reads the outputs of a stack, from Pulumi or from a file with the output of C(pulumi stack output --json), and sets the
    variables of a host that the playbooks use.
  - Secret outputs are not requested. Pulumi returns C([secret]) instead.
options:
  plugin:
    description: This plugin's name.
    type: str
    required: true
    choices: [evenkeel.mesh.pulumi_stack]
  project:
    description: The folder of the Pulumi program, relative to this file.
    type: str
    default: ../../pulumi
  stack:
    description: The stack; by default the selected one.
    type: str
  outputs:
    description: A file with the saved outputs, relative to this file, to use instead of Pulumi.
    type: str
  application:
    description: The Compose file, relative to this file; by default the one that the stack was created from.
    type: str
  host:
    description: The host that runs the engine.
    type: str
    default: localhost
author: The Evenkeel authors (@evenkeel)
"""

EXAMPLES = r"""
# inventories/pulumi/pulumi_stack.yml
plugin: evenkeel.mesh.pulumi_stack
stack: local

# Without Pulumi on the controller: pulumi stack output --json > outputs.json
# plugin: evenkeel.mesh.pulumi_stack
# outputs: outputs.json
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin
from ansible_collections.evenkeel.mesh.plugins.plugin_utils.project import read_project

REQUIRED_OUTPUTS = ("application", "application_file", "target", "volumes")
LOCAL_VARIABLES = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}


class InventoryModule(BaseInventoryPlugin):
    """Sets the variables of one host: C(application), the Compose file, and C(evenkeel_stack), all outputs."""

    NAME = "evenkeel.mesh.pulumi_stack"

    def verify_file(self, path: str) -> bool:
        """Whether ``path`` has the name of a file for this plugin."""
        return bool(super().verify_file(path)) and path.endswith(("pulumi_stack.yml", "pulumi_stack.yaml"))

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        """Add the host to ``inventory``. Raises ``AnsibleParserError``."""
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        folder = Path(path).resolve().parent
        outputs = self._outputs(folder)
        file = self._application(folder, outputs)
        host = self.get_option("host")
        inventory.add_host(host)
        for name, value in (LOCAL_VARIABLES if host == "localhost" else {}).items():
            inventory.set_variable(host, name, value)
        inventory.set_variable(host, "application", str(file))
        inventory.set_variable(host, "evenkeel_stack", outputs)

    def _outputs(self, folder: Path) -> dict[str, Any]:
        saved = self.get_option("outputs")
        source = str(folder / saved) if saved else f"the outputs of {folder / self.get_option('project')}"
        text = _read(folder / saved) if saved else self._stack_output(folder / self.get_option("project"))
        try:
            outputs = json.loads(text)
        except ValueError as error:
            raise AnsibleParserError(f"{source}: found no JSON; allowed: what pulumi stack output --json prints") from error
        missing = [name for name in REQUIRED_OUTPUTS if not isinstance(outputs, dict) or name not in outputs]
        if missing:
            allowed = "the outputs of a stack of this collection's pulumi/, after pulumi up"
            raise AnsibleParserError(f"{source}: found no {', '.join(missing)}; allowed: {allowed}")
        return dict(outputs)

    def _stack_output(self, project: Path) -> str:
        program = shutil.which("pulumi")
        if not program:
            allowed = "make pulumi, or outputs: with the path of a file that has what pulumi stack output --json prints"
            raise AnsibleParserError(f"found no pulumi on the PATH; allowed: {allowed}")
        stack = ["--stack", self.get_option("stack")] if self.get_option("stack") else []
        command = [program, "stack", "output", "--json", "--non-interactive", *stack]
        process = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
        if process.returncode:
            raise AnsibleParserError(f"{' '.join(command)} in {project}: {process.stderr.strip()}")
        return process.stdout

    def _application(self, folder: Path, outputs: dict[str, Any]) -> Path:
        """Return the Compose file, whose application has to be the stack's."""
        path = self.get_option("application")
        file = folder / path if path else Path(outputs["application_file"])
        if not file.is_file():
            raise AnsibleParserError(f"found no {file}; allowed: application: with the path of the stack's Compose file")
        try:
            name = read_project(str(file), "built", {}).specification.application.name
        except ValueError as error:
            raise AnsibleParserError(str(error)) from error
        if name != outputs["application"]:
            raise AnsibleParserError(f"{file}: found the application {name}; allowed: {outputs['application']}, the stack's")
        return file.resolve()


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise AnsibleParserError(f"{file}: {error.strerror}; allowed: a file with saved outputs") from error
