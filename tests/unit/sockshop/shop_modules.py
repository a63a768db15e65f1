"""Makes the Sock Shop's services importable. Their modules have unique names, except each service's ``main``."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

SERVICES = Path(__file__).parents[3] / "applications/sockshop/services"


def use(*services: str) -> None:
    """Put the runtime and the folders of ``services`` on the path."""
    for folder in ("runtime", *services):
        path = str(SERVICES / folder)
        if path not in sys.path:
            sys.path.append(path)


def main_of(service: str) -> ModuleType:
    """Return the module ``main`` of a service."""
    use(service)
    spec = importlib.util.spec_from_file_location(f"main_of_{service}", SERVICES / service / "main.py")
    if spec is None or spec.loader is None:
        raise ImportError(service)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
