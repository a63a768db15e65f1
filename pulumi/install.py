"""Installs the Pulumi command line, at the version of the SDK, into a folder: `install.py FOLDER`."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version

from pulumi.automation import PulumiCommand
from semver import VersionInfo


def main(folder: str) -> None:
    """Install, or exit with what can be done where the network does not let it through."""
    wanted = VersionInfo.parse(version("pulumi"))
    try:
        installed = PulumiCommand.install(root=folder, version=wanted)
    except (OSError, RuntimeError, subprocess.CalledProcessError) as error:
        sys.exit(
            f"Pulumi {wanted} cannot be fetched: {error}\n"
            "Put it on the PATH by hand, or do without it: site.yml makes the same network and volumes itself."
        )
    print(f"Pulumi {installed.version}: {installed.command}")


if __name__ == "__main__":
    main(sys.argv[1])
