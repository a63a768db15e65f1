"""The real Envoy, as the proxies' image has it."""

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
def decoders() -> TemporaryDirectory[str]:
    """Return the folder of our own filters, compiled as their image compiles them; it goes with the process."""
    folder = TemporaryDirectory(prefix="evenkeel-decoders-")
    compile_it = ["tcc", "-Wall", "-shared", "-nostdlib", "-o", str(Path(folder.name, "libmysql.so")), str(DECODER)]
    assert subprocess.run(compile_it, capture_output=True, text=True, check=True).stderr == ""
    return folder


def judge(configuration: Config) -> str:
    """Return why Envoy rejects a configuration, nothing where it does not; what it calls deprecated fails a test."""
    with TemporaryDirectory(prefix="evenkeel-candidate-") as folder:
        document = Path(folder, "candidate.json")
        document.write_text(json.dumps(configuration))
        command = [str(ENVOY), "--mode", "validate", "--log-level", "warn", "--config-path", str(document)]
        known = {**os.environ, "ENVOY_DYNAMIC_MODULES_SEARCH_PATH": decoders().name}
        checked = subprocess.run(command, capture_output=True, text=True, env=known, check=False)
    assert "eprecated" not in checked.stderr, checked.stderr
    said = rejection_reason(checked.stderr)
    assert bool(said) == bool(checked.returncode), checked.stderr[-600:]
    return said
