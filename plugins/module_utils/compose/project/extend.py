"""Resolution of ``extends`` within a file and across files, as in compose-go's loader."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from .document import apply_resets
from .faults import Faults, Place, describe, format_cycle
from .merge import merge_service
from .paths import join, require_file

MAX_CHAIN = 50


@dataclass(frozen=True)
class Services:
    """The services of the file at ``path``, and the paths that it tags ``!reset`` or ``!override``."""

    path: str
    services: dict[str, Any]
    resets: tuple[tuple[str, ...], ...] = ()


class Extender:
    """Replaces services by the result of merging them with the services that they extend.

    ``load`` returns the services of the file at a path in their long forms, with resolved paths. Relative paths in
    ``extends`` are resolved against ``folder``.
    """

    def __init__(self, folder: str, load: Callable[[str], Services], faults: Faults) -> None:
        self._folder = folder
        self._load = load
        self._faults = faults

    def apply(self, file: Services) -> None:
        """Extend the services of a file in place."""
        for name in list(file.services):
            self._extend(name, file, ())

    def _extend(self, name: str, file: Services, chain: tuple[tuple[str, str], ...]) -> Any:
        service = file.services[name]
        if not isinstance(service, dict) or "extends" not in service:
            return service
        place: Place = ("services", name, "extends")
        base = self._resolve_base(name, file, chain, place)
        # Its faults are recorded; the rest of the service is validated without it.
        service.pop("extends", None)
        if not isinstance(base, dict):
            return service
        base = deepcopy(base)
        apply_resets({"services": {name: base}}, file.resets)
        file.services[name] = merge_service(base, service, ("services", name), self._faults)
        return file.services[name]

    def _resolve_base(self, name: str, file: Services, chain: tuple[tuple[str, str], ...], place: Place) -> Any:
        extends = file.services[name]["extends"]
        extends = {"service": extends} if isinstance(extends, str) else extends
        base_name = extends.get("service") if isinstance(extends, dict) else None
        if not isinstance(base_name, str) or not isinstance(extends.get("file", ""), str):
            self._faults.add(place, describe(extends), "a service, or service and file as keys")
            return None
        if (file.path, name) in chain:
            names = (service for _path, service in (*chain, (file.path, name)))
            self._faults.add(place, format_cycle(names), "services that do not extend each other")
            return None
        if len(chain) >= MAX_CHAIN:
            self._faults.add(place, f"a chain of more than {MAX_CHAIN} services", "a shorter one")
            return None
        target = file
        if "file" in extends:
            if not require_file(join(self._folder, extends["file"]), (*place, "file"), self._faults):
                return None
            target = self._load(join(self._folder, extends["file"]))
        if base_name not in target.services:
            available = ", ".join(sorted(map(str, target.services))) or "it has none"
            self._faults.add((*place, "service"), describe(base_name), f"a service of {target.path}: {available}")
            return None
        return self._extend(base_name, target, (*chain, (file.path, name)))
