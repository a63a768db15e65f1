"""Loading of Compose files to the canonical project, the output of ``docker compose config``.

The steps and their order are those of compose-go's loader.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any

from .consistency import check_consistency, references
from .defaults import check_values, set_defaults
from .document import Document, Read, apply_resets
from .environment import CONTENT, read_dotenv, resolve_environment, resolve_files, warn_unset
from .extend import Extender, Services
from .faults import MAX_FAULTS, Faults, Warn, describe, format_cycle
from .fields import PROJECT
from .include import import_resources, read_include
from .interpolate import interpolate
from .merge import merge
from .normalize import normalize, project_name
from .paths import require_file, resolve_paths
from .schema import Schema, Validator, remove_values
from .short_forms import expand_short_forms
from .template import Template
from .unique import enforce_unicity

MAX_FILES = 200
COMPOSE_PROJECT_NAME = "COMPOSE_PROJECT_NAME"


@dataclass(frozen=True)
class Source:
    """The input of a project: its ``files``, later ones overriding earlier ones, its folder, variables and active profiles."""

    files: tuple[str, ...]
    folder: str
    environment: Mapping[str, str]
    profiles: tuple[str, ...] = ()


@dataclass(frozen=True)
class Project:
    """A project: ``content`` is its canonical form, including extensions.

    ``contents`` has the values of secrets and configs from variables, by key and name, such as ``("secrets", "key")``.
    """

    content: dict[str, Any]
    environment: Mapping[str, str] = field(repr=False)
    contents: dict[tuple[str, str], str] = field(default_factory=dict, repr=False)
    disabled: tuple[str, ...] = ()


def load(source: Source, read: Read, schema: Schema, warn: Warn) -> Project:
    """Return the project that ``source`` describes. Raises ``ModelError`` with all faults of the first invalid file."""
    return _Loader(source, read, schema, warn).project()


@dataclass(frozen=True)
class _Scope:
    """The context of the files of one folder; ``including`` is the chain of files that include them."""

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
        self._files_remaining = MAX_FILES
        # Each warning is issued once.
        self._warn = cache(warn)

    def project(self) -> Project:
        name = self._project_name()
        environment = {**self._source.environment, COMPOSE_PROJECT_NAME: name}
        content = self._load_model(self._source.files, _Scope(self._source.folder, environment))
        faults = Faults(", ".join(self._source.files))
        if not content:
            faults.add((), "nothing", "services: with at least one service")
        if not name:
            faults.add(("name",), "no name, and no letters or digits in the folder's name", "name: at the top of the file")
        faults.check()
        normalize(content, name, environment)
        project = PROJECT(content, (), faults)
        services, disabled = self._split_by_profile(project.get("services") or {})
        project["services"] = services
        if not faults:
            check_consistency(project, disabled, faults)
        faults.check()
        for service_name, service in services.items():
            if "scale" in service and "deploy" in service:
                service["deploy"]["replicas"] = service["scale"]
            resolve_files(service, ("services", service_name), environment, faults, self._warn)
        faults.check()
        contents = {
            (key, name): resource.pop(CONTENT)
            for key in ("secrets", "configs")
            for name, resource in (project.get(key) or {}).items()
            if CONTENT in resource
        }
        return Project(_without_unnecessary_resources(project), environment, contents, tuple(disabled))

    def _split_by_profile(self, services: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        def is_active(service: dict[str, Any]) -> bool:
            profiles = service.get("profiles")
            return not profiles or any(profile == "*" or profile in profiles for profile in self._source.profiles)

        active = {name: service for name, service in services.items() if is_active(service)}
        return active, {name: service for name, service in services.items() if name not in active}

    def _project_name(self) -> str:
        """Return the project's name: from the environment, else from the last file with a name, else from the folder."""
        name = self._source.environment.get(COMPOSE_PROJECT_NAME)
        if name:
            faults = Faults("environment")
            if project_name(name) != name:
                faults.add((COMPOSE_PROJECT_NAME,), describe(name), "lower-case letters, digits, hyphens and underscores")
            faults.check()
            return name
        contents = [document.content for path in self._source.files for document in self._read(path)]
        names = [content["name"] for content in contents if isinstance(content, dict) and content.get("name")]
        if not names or not isinstance(names[-1], str):
            return project_name(self._source.folder.rpartition("/")[2])
        # Its faults and warnings are reported when the file is loaded.
        template = Template(self._source.environment.get, lambda _name: None)
        return project_name(interpolate(names[-1], template, Faults("")))

    def _read(self, path: str) -> list[Document]:
        if path not in self._documents:
            self._documents[path] = self._read_file(path)
        return self._documents[path]

    def _load_model(self, files: tuple[str, ...], scope: _Scope) -> dict[str, Any]:
        """Return the merged content of ``files`` in long form, with paths resolved."""
        content: dict[str, Any] = {}
        for path in files:
            content = self._merge_file(content, path, scope)
        set_defaults(content)
        faults = Faults(", ".join(files))
        check_values(content, faults)
        faults.check()
        resolve_paths(content, scope.folder)
        resolve_environment(content, scope.environment)
        return content

    def _merge_file(self, content: dict[str, Any], path: str, scope: _Scope) -> dict[str, Any]:
        """Return ``content`` with the file at ``path`` merged into it."""
        faults = Faults(path)
        for document, file_content in self._load_documents(path, scope, faults):
            services = file_content.get("services")
            if isinstance(services, dict):
                extender = Extender(scope.folder, partial(self._load_base, scope), faults)
                extender.apply(Services(path, services, document.resets))
            apply_resets(content, document.resets)
            self._include(file_content, path, scope, faults)
            content = self._canonical(merge(content, file_content, faults), faults)
            if content.pop("version", None) is not None:
                self._warn(f"{path}: version is obsolete and ignored; remove it")
        if faults:
            # Only to report the invalid values that the readers find.
            PROJECT(content, (), faults)
        faults.check()
        return content

    def _load_documents(self, path: str, scope: _Scope, faults: Faults) -> Iterator[tuple[Document, dict[str, Any]]]:
        """Yield the documents of a file and their interpolated contents."""
        self._files_remaining -= 1
        if self._files_remaining < 0:
            faults.add((), f"more than {MAX_FILES} files in one project", "fewer")
            faults.check()
        template = Template(scope.environment.get, warn_unset(self._warn, path))
        for document in self._read(path):
            if not isinstance(document.content, dict):
                faults.add((), describe(document.content), "a mapping with services")
                faults.check()
            yield document, interpolate(document.content, template, faults)

    def _canonical(self, content: dict[str, Any], faults: Faults) -> dict[str, Any]:
        """Return a content in long form, without its invalid values."""
        content = enforce_unicity(content, faults)
        remove_values(content, faults.places)
        violations = Validator(self._schema).validate(content)
        for place, found, allowed in violations:
            faults.add(place, found, allowed)
        if len(violations) >= MAX_FAULTS:
            # The rest has not been validated.
            faults.check()
        remove_values(content, faults.places)
        content = expand_short_forms(content, faults, self._warn)
        remove_values(content, faults.places)
        # Ranges of ports are expanded only now.
        unique: dict[str, Any] = enforce_unicity(content, faults)
        return unique

    def _load_base(self, scope: _Scope, path: str) -> Services:
        """Return the services of a file named by ``extends``."""
        if path not in scope.bases:
            faults = Faults(path)
            content: dict[str, Any] = {}
            resets: tuple[tuple[str, ...], ...] = ()
            for document, document_content in self._load_documents(path, scope, faults):
                content = merge(content, {"services": document_content.get("services")}, faults)
                resets = document.resets
            services = content["services"] or {}
            # A null service may be extended, but is not valid in its own file.
            empty = {name: None for name, service in services.items() if service is None}
            content = self._canonical({"services": {name: services[name] for name in services.keys() - empty}}, faults)
            faults.check()
            resolve_paths(content, path.rpartition("/")[0])
            scope.bases[path] = Services(path, {**content["services"], **empty}, resets)
        return scope.bases[path]

    def _include(self, content: dict[str, Any], path: str, scope: _Scope, faults: Faults) -> None:
        entries = content.pop("include", None)
        violations = Validator(self._schema).validate({"include": entries or []})
        for place, found, allowed in violations:
            faults.add(place, found, allowed)
        for index, entry in enumerate([] if violations else entries or []):
            config = read_include(entry, scope.folder)
            including = (*scope.including, path)
            paths = config.paths + config.env_files
            if [path for path in paths if not require_file(path, ("include", index), faults)]:
                continue
            if config.paths and config.paths[0] in including:
                names = (*including[including.index(config.paths[0]) :], config.paths[0])
                faults.add(("include", index), format_cycle(names), "files that do not include each other")
                continue
            variables = read_dotenv(list(config.env_files), scope.environment, self._warn)
            included = _Scope(config.folder, {**variables, **scope.environment}, including)
            import_resources(self._load_model(config.paths, included), content, ("include", index), faults)


def _without_unnecessary_resources(project: dict[str, Any]) -> dict[str, Any]:
    """Return a project without the networks, volumes, secrets, configs and models that no service uses."""
    used: dict[str, set[str]] = {f"{kind}s": set() for kind in ("network", "volume", "secret", "config", "model")}
    for service in project["services"].values():
        for name, kind, _place in references(service):
            used[f"{kind}s"].add(name)
    resources_in_use = {key: {name: item for name, item in (project.get(key) or {}).items() if name in used[key]} for key in used}
    others = {key: value for key, value in project.items() if key not in used}
    return {**others, **{key: resources for key, resources in resources_in_use.items() if resources}}
