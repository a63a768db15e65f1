"""Where an application's files are on the target host."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ...model.application import SecretMount

ROOT = "/var/lib/evenkeel"


@dataclass(frozen=True)
class Layout:
    """The folders of ``application`` below ``root``."""

    application: str
    root: str = ROOT

    @property
    def home(self) -> Path:
        """The application's folder."""
        return Path(self.root, self.application)

    @property
    def mesh(self) -> Path:
        """The folder that every proxy mounts."""
        return self.home / "mesh"

    @property
    def secrets(self) -> Path:
        """The folder of the application's secrets, one file each."""
        return self.home / "secrets"

    @property
    def state(self) -> Path:
        """The file of the state store."""
        return self.home / "state.json"

    @property
    def leases(self) -> Path:
        """The folder of leases and demands. It stays when the application's own folder is deleted: a teardown holds one."""
        return Path(self.root, ".leases", self.application)

    @property
    def runs(self) -> Path:
        """The folder of all proxies' admin sockets."""
        return self.home / "run"

    def run(self, instance: str) -> Path:
        """Return the folder of a proxy's admin socket."""
        return self.runs / instance

    def admin(self, instance: str) -> Path:
        """Return the admin socket of a proxy."""
        return self.run(instance) / "admin.sock"

    def former_admin(self, instance: str) -> Path:
        """Return the admin socket of a proxy that hands over to its successor."""
        return self.run(instance) / "admin.former.sock"

    def mounted_secret(self, component: str, secret: SecretMount) -> Path:
        """Return the copy of a secret that a component's user may read."""
        return self.home / "mounted" / component / secret.target.strip("/").replace("/", "_")
