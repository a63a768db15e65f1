"""The folders and files of an application on the target host."""

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
        """The folder of the application's secrets, one file per secret."""
        return self.home / "secrets"

    @property
    def state(self) -> Path:
        """The file of the state store."""
        return self.home / "state.json"

    @property
    def leases(self) -> Path:
        """The folder of leases and demands. It outlives the application's folder, as a teardown holds a lease."""
        return Path(self.root, ".leases", self.application)

    @property
    def admin_folders(self) -> Path:
        """The folder that has the admin folders of all proxies."""
        return self.home / "run"

    def admin_folder(self, instance: str) -> Path:
        """Return the folder of a proxy's admin socket."""
        return self.admin_folders / instance

    def admin_socket(self, instance: str) -> Path:
        """Return the admin socket of a proxy."""
        return self.admin_folder(instance) / "admin.sock"

    def former_admin_socket(self, instance: str) -> Path:
        """Return the admin socket of a proxy that hands over to its successor."""
        return self.admin_folder(instance) / "admin.former.sock"

    def mounted_secret(self, component: str, secret: SecretMount) -> Path:
        """Return the copy of a secret that a component's user can read."""
        return self.home / "mounted" / component / secret.target.strip("/").replace("/", "_")
