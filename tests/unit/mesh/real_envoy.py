"""The real Envoy of the proxies' image."""

from __future__ import annotations

import json
import os
import subprocess
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import envoy
from ansible_collections.evenkeel.mesh.plugins.module_utils.mesh.envoy import Config
from ansible_collections.evenkeel.mesh.plugins.module_utils.mesh.validation import rejection_reason

DECODER = Path(__file__).parents[3] / "roles" / "images" / "files" / "decoder" / "mysql.c"
ENVOY = Path(envoy.__file__).parent / "_bin" / "envoy"


@cache
def compiled_decoders() -> TemporaryDirectory[str]:
    """Return a folder with our own filters, compiled as in their image; it is removed with the process."""
    folder = TemporaryDirectory(prefix="evenkeel-decoders-")
    command = ["tcc", "-Wall", "-shared", "-nostdlib", "-o", str(Path(folder.name, "libmysql.so")), str(DECODER)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stderr == ""
    return folder


def envoy_rejection(configuration: Config) -> str:
    """Return Envoy's reason to reject a configuration, empty if it accepts it. A deprecation warning fails the test."""
    with TemporaryDirectory(prefix="evenkeel-candidate-") as folder:
        document = Path(folder, "candidate.json")
        document.write_text(json.dumps(configuration))
        command = [str(ENVOY), "--mode", "validate", "--log-level", "warn", "--config-path", str(document)]
        environment = {**os.environ, "ENVOY_DYNAMIC_MODULES_SEARCH_PATH": compiled_decoders().name}
        result = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert "eprecated" not in result.stderr, result.stderr
    reported = rejection_reason(result.stderr)
    assert bool(reported) == bool(result.returncode), result.stderr[-600:]
    return reported
