"""The files of a Compose project as the canonical project: what ``docker compose config`` makes of them.

The steps and their order are those of compose-go's loader.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any

from .consistency import check_consistency, references
from .defaults import check_values, set_defaults
from .document import Document, Read, reset
from .environment import CONTENT, adopt_contents, read_dotenv, resolve_files, warn_unset
from .extend import Extender, Services
from .faults import MAX_FAULTS, Faults, Warn, circle, shown
from .fields import PROJECT
from .include import read_inclusion, take_over
from .interpolate import interpolate
from .merge import merge
from .normalize import normalize, project_name
from .paths import is_file, resolve_paths
from .schema import Schema, Validator, without
from .short_forms import lengthen
from .template import Template
from .unique import make_unique

MAX_FILES = 200
COMPOSE_PROJECT_NAME = "COMPOSE_PROJECT_NAME"


@dataclass(frozen=True)
class Source:
    """What a project is made of: its ``files``, of which later ones override, its ``folder``, variables and active profiles."""

    files: tuple[str, ...]
    folder: str
    environment: Mapping[str, str]
    profiles: tuple[str, ...] = ()


@dataclass(frozen=True)
class Project:
    """A project: ``content`` is its canonical form, in which keys that begin with ``x-`` stand where they stood.

    ``contents`` has what secrets and configs hold that come from variables, by key and name, such as ``("secrets", "key")``.
    """

    content: dict[str, Any]
    environment: Mapping[str, str] = field(repr=False)
    contents: dict[tuple[str, str], str] = field(default_factory=dict, repr=False)
    disabled: tuple[str, ...] = ()


def load(source: Source, read: Read, schema: Schema, warn: Warn) -> Project:
    """Return the project that ``source`` describes. Raises ``ModelError`` with every fault of the file that has any."""
    return _Loader(source, read, schema, warn).project()


@dataclass(frozen=True)
class _Scope:
    """What the files of one folder have in common; ``including`` are the files that lead to them by ``include``."""

    folder: str
    environment: Mapping[str, str]
    including: tuple[str, ...] = ()
    bases: dict[str, Services] = field(default_factory=dict)


class _Loader:
    def __init__(self, source: Source, read: Read, schema: Schema, warn: Warn) -> None:
        self._source = source
        self._read_file = read
        self._schema = schema
        self._documents: dict[str, list[Document]] = {}
        self._files_left = MAX_FILES
        # A warning is told once.
        self._warn = cache(warn)

    def project(self) -> Project:
        name = self._name()
        environment = {**self._source.environment, COMPOSE_PROJECT_NAME: name}
        content = self._model(self._source.files, _Scope(self._source.folder, environment))
        faults = Faults(", ".join(self._source.files))
        if not content:
            faults.add((), "nothing", "services: with at least one service")
        if not name:
            faults.add(("name",), "no name, nor letters or digits in the folder's name", "name: at the top of the file")
        faults.check()
        normalize(content, name, environment)
        project = PROJECT(content, (), faults)
        services, disabled = self._by_profile(project.get("services") or {})
        project["services"] = services
        if not faults:
            check_consistency(project, disabled, faults)
        faults.check()
        for each, service in services.items():
            if "scale" in service and "deploy" in service:
                service["deploy"]["replicas"] = service["scale"]
            resolve_files(service, ("services", each), environment, faults, self._warn)
        faults.check()
        contents = {
            (key, each): resource.pop(CONTENT)
            for key in ("secrets", "configs")
            for each, resource in (project.get(key) or {}).items()
            if CONTENT in resource
        }
        return Project(_without_unused(project), environment, contents, tuple(disabled))

    def _by_profile(self, services: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        def is_active(service: dict[str, Any]) -> bool:
            profiles = service.get("profiles")
            return not profiles or any(each == "*" or each in profiles for each in self._source.profiles)

        active = {name: service for name, service in services.items() if is_active(service)}
        return active, {name: service for name, service in services.items() if name not in active}

    def _name(self) -> str:
        """Return the project's name: of the environment, else of the last file that has one, else of the folder."""
        stated = self._source.environment.get(COMPOSE_PROJECT_NAME)
        if stated:
            faults = Faults("environment")
            if project_name(stated) != stated:
                faults.add((COMPOSE_PROJECT_NAME,), shown(stated), "lower-case letters, digits, hyphens and underscores")
            faults.check()
            return stated
        contents = [document.content for path in self._source.files for document in self._read(path)]
        names = [content["name"] for content in contents if isinstance(content, dict) and content.get("name")]
        if not names or not isinstance(names[-1], str):
            return project_name(self._source.folder.rpartition("/")[2])
        # Faults and warnings about it are its file's, which is read later.
        template = Template(self._source.environment.get, lambda _name: None)
        return project_name(interpolate(names[-1], template, Faults("")))

    def _read(self, path: str) -> list[Document]:
        if path not in self._documents:
            self._documents[path] = self._read_file(path)
        return self._documents[path]

    def _model(self, files: tuple[str, ...], scope: _Scope) -> dict[str, Any]:
        """Return what files state together, in the long forms, with paths resolved."""
        content: dict[str, Any] = {}
        for path in files:
            content = self._with_file(content, path, scope)
        set_defaults(content)
        faults = Faults(", ".join(files))
        check_values(content, faults)
        faults.check()
        resolve_paths(content, scope.folder)
        adopt_contents(content, scope.environment)
        return content

    def _with_file(self, content: dict[str, Any], path: str, scope: _Scope) -> dict[str, Any]:
        """Return ``content`` with the file at ``path`` merged into it."""
        faults = Faults(path)
        for document, own in self._documents_of(path, scope, faults):
            services = own.get("services")
            if isinstance(services, dict):
                extender = Extender(scope.folder, partial(self._base, scope), faults)
                extender.apply(Services(path, services, document.resets))
            reset(content, document.resets)
            self._include(own, path, scope, faults)
            content = self._canonical(merge(content, own, faults), faults)
            if content.pop("version", None) is not None:
                self._warn(f"{path}: version has no meaning any more, and may be removed")
        if faults:
            # Nothing more is done with it, but values have faults that are not seen before.
            PROJECT(content, (), faults)
        faults.check()
        return content

    def _documents_of(self, path: str, scope: _Scope, faults: Faults) -> Iterator[tuple[Document, dict[str, Any]]]:
        """Yield the documents of a file and their contents, with the variables replaced."""
        self._files_left -= 1
        if self._files_left < 0:
            faults.add((), f"more than {MAX_FILES} files in one project", "fewer")
            faults.check()
        template = Template(scope.environment.get, warn_unset(self._warn, path))
        for document in self._read(path):
            if not isinstance(document.content, dict):
                faults.add((), shown(document.content), "a mapping with services")
                faults.check()
            yield document, interpolate(document.content, template, faults)

    def _canonical(self, content: dict[str, Any], faults: Faults) -> dict[str, Any]:
        """Return a content in its long forms, without what has a fault."""
        content = make_unique(content, faults)
        without(content, faults.places)
        judged = Validator(self._schema).faults(content)
        for place, found, allowed in judged:
            faults.add(place, found, allowed)
        if len(judged) >= MAX_FAULTS:
            # The rest has not been judged.
            faults.check()
        without(content, faults.places)
        content = lengthen(content, faults, self._warn)
        without(content, faults.places)
        # A range of ports shows only now which ports it has.
        unique: dict[str, Any] = make_unique(content, faults)
        return unique

    def _base(self, scope: _Scope, path: str) -> Services:
        """Return the services of a file that those of another one extend."""
        if path not in scope.bases:
            own = Faults(path)
            content: dict[str, Any] = {}
            resets: tuple[tuple[str, ...], ...] = ()
            for document, document_content in self._documents_of(path, scope, own):
                content = merge(content, {"services": document_content.get("services")}, own)
                resets = document.resets
            services = content["services"] or {}
            # A service that is nothing may be extended, though it may not be one.
            nothing = {name: None for name, service in services.items() if service is None}
            content = self._canonical({"services": {name: services[name] for name in services.keys() - nothing}}, own)
            own.check()
            resolve_paths(content, path.rpartition("/")[0])
            scope.bases[path] = Services(path, {**content["services"], **nothing}, resets)
        return scope.bases[path]

    def _include(self, content: dict[str, Any], path: str, scope: _Scope, faults: Faults) -> None:
        entries = content.pop("include", None)
        found = Validator(self._schema).faults({"include": entries or []})
        for place, what, allowed in found:
            faults.add(place, what, allowed)
        for index, entry in enumerate([] if found else entries or []):
            inclusion = read_inclusion(entry, scope.folder)
            including = (*scope.including, path)
            paths = inclusion.paths + inclusion.env_files
            if [path for path in paths if not is_file(path, ("include", index), faults)]:
                continue
            if inclusion.paths and inclusion.paths[0] in including:
                names = (*including[including.index(inclusion.paths[0]) :], inclusion.paths[0])
                faults.add(("include", index), circle(names), "files that do not include each other")
                continue
            own = read_dotenv(list(inclusion.env_files), scope.environment, self._warn)
            included = _Scope(inclusion.folder, {**own, **scope.environment}, including)
            take_over(self._model(inclusion.paths, included), content, ("include", index), faults)


def _without_unused(project: dict[str, Any]) -> dict[str, Any]:
    """Return a project without the networks, volumes, secrets, configs and models that no service of it has."""
    used: dict[str, set[str]] = {f"{kind}s": set() for kind in ("network", "volume", "secret", "config", "model")}
    for service in project["services"].values():
        for name, kind, _place in references(service):
            used[f"{kind}s"].add(name)
    kept = {key: {name: item for name, item in (project.get(key) or {}).items() if name in used[key]} for key in used}
    others = {key: value for key, value in project.items() if key not in used}
    return {**others, **{key: resources for key, resources in kept.items() if resources}}
