# Copyright: the Evenkeel authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Build or pull the images of an application."""

from __future__ import annotations

import io
import ssl
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible_collections.evenkeel.mesh.plugins.plugin_utils.action import Options, WorkflowAction
from ansible_collections.evenkeel.mesh.plugins.plugin_utils.project import Project


class ActionModule(WorkflowAction):
    """Queries the host for missing images, then sends the sources of those that have to be built in one bundle."""

    def arguments(self, project: Project, options: Options) -> dict[str, Any]:
        """Return the recipes, and the path of the bundle if there is anything to build."""
        arguments = {"recipes": project.recipes(), "also": options["also"], "bundle": ""}
        if self._task.check_mode:
            return arguments
        preview = self._run_workflow(options, self._request(project, arguments))
        if preview.get("failed"):
            raise AnsibleActionFail(str(preview["msg"]))
        if not preview["plan"]:
            return arguments
        with tempfile.NamedTemporaryFile(prefix="evenkeel-", suffix=".tar") as bundle:
            _write_bundle(Path(bundle.name), project, preview["builds"])
            shell = self._connection._shell
            path = self._transfer_file(bundle.name, shell.join_path(shell.tmpdir, "bundle.tar"))
        return {**arguments, "bundle": path}


def _write_bundle(path: Path, project: Project, names: list[str]) -> None:
    certificates = _host_certificates()
    with tarfile.open(path, "w") as bundle:
        for name in names:
            content = project.needed.built[name].context(certificates)
            member = tarfile.TarInfo(f"{name}.tar")
            member.size = len(content)
            bundle.addfile(member, io.BytesIO(content))


def _host_certificates() -> bytes:
    """Return the CA certificates that this machine trusts: downloads in a build have to trust them too."""
    file = ssl.get_default_verify_paths().cafile
    return Path(file).read_bytes() if file else b""
