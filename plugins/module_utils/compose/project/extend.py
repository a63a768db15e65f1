"""Services that extend others, of the same file or of another one, as compose-go's loader has it."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from .document import reset
from .faults import Faults, Place, circle, shown
from .merge import merge_service
from .paths import is_file, join

MAX_CHAIN = 50


@dataclass(frozen=True)
class Services:
    """The services of the file at ``path``, and the paths that its tags ``!reset`` and ``!override`` have."""

    path: str
    services: dict[str, Any]
    resets: tuple[tuple[str, ...], ...] = ()


class Extender:
    """Replaces services by what they are with all that they extend.

    ``load`` returns the services of the file at a path in their long forms, with their paths resolved; relative ones are
    below ``folder``.
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
        base = self._base(name, file, chain, place)
        # Whatever is wrong with it has been said; the rest of the service is judged without it.
        service.pop("extends", None)
        if not isinstance(base, dict):
            return service
        base = deepcopy(base)
        reset({"services": {name: base}}, file.resets)
        file.services[name] = merge_service(base, service, ("services", name), self._faults)
        return file.services[name]

    def _base(self, name: str, file: Services, chain: tuple[tuple[str, str], ...], place: Place) -> Any:
        extends = file.services[name]["extends"]
        extends = {"service": extends} if isinstance(extends, str) else extends
        wanted = extends.get("service") if isinstance(extends, dict) else None
        if not isinstance(wanted, str) or not isinstance(extends.get("file", ""), str):
            self._faults.add(place, shown(extends), "a service, or service and file as keys")
            return None
        if (file.path, name) in chain:
            names = (service for _path, service in (*chain, (file.path, name)))
            self._faults.add(place, circle(names), "services that do not extend each other")
            return None
        if len(chain) >= MAX_CHAIN:
            self._faults.add(place, f"a chain of more than {MAX_CHAIN} services", "a shorter one")
            return None
        other = file
        if "file" in extends:
            if not is_file(join(self._folder, extends["file"]), (*place, "file"), self._faults):
                return None
            other = self._load(join(self._folder, extends["file"]))
        if wanted not in other.services:
            known = ", ".join(sorted(map(str, other.services))) or "there is none"
            self._faults.add((*place, "service"), shown(wanted), f"a service of {other.path}: {known}")
            return None
        return self._extend(wanted, other, (*chain, (file.path, name)))
