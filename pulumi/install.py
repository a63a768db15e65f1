"""Installs the Pulumi command line, in the version of the SDK, into a folder: `install.py FOLDER`."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version

from pulumi.automation import PulumiCommand
from semver import VersionInfo


def main(folder: str) -> None:
    """Install, or exit with a message that says what to do if the download fails."""
    sdk_version = VersionInfo.parse(version("pulumi"))
    try:
        installed = PulumiCommand.install(root=folder, version=sdk_version)
    except (OSError, RuntimeError, subprocess.CalledProcessError) as error:
        sys.exit(
            f"Pulumi {sdk_version} cannot be downloaded: {error}\n"
            "Install it on the PATH yourself, or do without it: site.yml creates the same network and volumes itself."
        )
    print(f"Pulumi {installed.version}: {installed.command}")


if __name__ == "__main__":
    main(sys.argv[1])
