"""A stack of the program in pulumi/, by the real Pulumi, with state and configuration in a folder of the test."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

from echo import ROOT

PULUMI = shutil.which("pulumi")
MISSING = "" if PULUMI else "there is no pulumi on the PATH: make pulumi installs it"
PROTECTED = "cannot be deleted"


class Stack:
    """A stack for ``target`` of the application that ``file`` describes."""

    def __init__(self, folder: Path, file: Path, target: str, **environment: str) -> None:
        self.file = file
        self._config = folder / "Pulumi.test.yaml"
        (folder / "state").mkdir(parents=True)
        self.environment = {
            **os.environ,
            "PULUMI_HOME": str(folder / "home"),
            "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": "",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            **environment,
        }
        self.run("stack", "init", "test")
        self.configure(target=target, application=str(file))

    def configure(self, **values: str) -> None:
        """Set keys of the configuration."""
        for key, value in values.items():
            self.run("config", "set", key, value, "--stack", "test", "--config-file", str(self._config))

    def run(self, *words: str, fails: bool = False) -> str:
        """Run a command, and return its output; assert that it succeeds, or that it ``fails``."""
        command = [str(PULUMI), *words, "--non-interactive"]
        folder = ROOT / "pulumi"
        result = subprocess.run(command, cwd=folder, env=self.environment, capture_output=True, text=True, check=False)
        assert (result.returncode != 0) == fails, result.stdout + result.stderr
        return result.stdout + result.stderr

    def up(self, fails: bool = False) -> str:
        """Create the program's resources, and return the output."""
        return self._on_stack("up", "--yes", "--skip-preview", fails=fails)

    def destroy(self, fails: bool = False) -> str:
        """Remove the resources that are not protected, and return the output."""
        return self._on_stack("destroy", "--yes", "--skip-preview", fails=fails)

    def preview(self) -> dict[str, int]:
        """Return how many resources would be created, updated, imported, …, without unchanged ones."""
        steps = json.loads(self._on_stack("preview", "--json"))["changeSummary"]
        return {name: count for name, count in steps.items() if name != "same"}

    def preview_fails(self) -> str:
        """Return the output of a preview that has to fail."""
        return self._on_stack("preview", fails=True)

    def outputs(self) -> str:
        """Return the stack's outputs as JSON."""
        return self.run("stack", "output", "--json", "--stack", "test")

    def _on_stack(self, *words: str, fails: bool = False) -> str:
        return self.run(*words, "--stack", "test", "--config-file", str(self._config), fails=fails)

    def remove(self) -> None:
        """Lift the protection, and destroy everything."""
        self.configure(protect="false")
        self.up()
        self.destroy()
