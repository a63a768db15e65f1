"""Build or pull the images of an application."""

from __future__ import annotations

import io
import ssl
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from ansible_collections.evenkeel.mesh.plugins.module_utils.images.recipe import Recipe
from ansible_collections.evenkeel.mesh.plugins.plugin_utils.action import DeploymentAction
from ansible_collections.evenkeel.mesh.plugins.plugin_utils.deployment import Deployment


class ActionModule(DeploymentAction):
    """Asks the host what it lacks, then sends the sources of just that in one bundle."""

    def module_arguments(self, deployment: Deployment) -> dict[str, Any]:
        """Return the recipes, and the bundle where anything is to build."""
        recipes = [vars(Recipe.of(image)) for image in deployment.needed.built.values()]
        arguments = {**super().module_arguments(deployment), "recipes": recipes}
        own = {key: value for key, value in self._task.args.items() if key in ("also", "directory")}
        looked = self._execute_module(module_args={**own, **arguments}, task_vars=self._task_vars)
        if looked.get("failed") or self._task.check_mode:
            return arguments
        with tempfile.NamedTemporaryFile(prefix="evenkeel-", suffix=".tar") as bundle:
            _write_bundle(Path(bundle.name), deployment, looked["builds"])
            shell = self._connection._shell
            sent = self._transfer_file(bundle.name, shell.join_path(shell.tmpdir, "bundle.tar"))
        return {**arguments, "bundle": sent}


def _write_bundle(path: Path, deployment: Deployment, names: list[str]) -> None:
    certificates = _host_certificates()
    with tarfile.open(path, "w") as bundle:
        for name in names:
            content = deployment.needed.built[name].context(certificates)
            member = tarfile.TarInfo(f"{name}.tar")
            member.size = len(content)
            bundle.addfile(member, io.BytesIO(content))


def _host_certificates() -> bytes:
    """Return the certificates that this machine trusts: what fetches over TLS in a build has to trust them too."""
    file = ssl.get_default_verify_paths().cafile
    return Path(file).read_bytes() if file else b""
