"""Small Compose projects, generated pseudorandomly from a grammar of the specification's keys, with fixed seeds."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator
from typing import Any

from project_case import Case

CASES = 400
Generate = Callable[[], Any]
VARIABLES = {"SET": "s", "EMPTY": "", "NUMBER": "3", "YES": "true", "PORT": "8080", "PATH_PART": "sub/dir", "SIZE": "64m"}
SERVICES = ("web", "db", "cache", "job")
NETWORKS = ("front", "back", "default")
VOLUMES = ("data", "logs")


class Grammar:
    """Generates a project that depends only on the seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def case(self, name: str) -> Case:
        """Return a case: a Compose file and an environment file, in some cases an override file and a ``.env``."""
        names = self._some(SERVICES, 1, 3)
        files = {"compose.yaml": _yaml(self._file(names, is_base=True)), "own.env": self._environment_file()}
        if self._chance(0.4):
            files["compose.override.yaml"] = _yaml(self._file(self._some(names, 1, 2), is_base=False))
        if self._chance(0.5):
            files[".env"] = self._environment_file()
        profiles = ("tools",) if self._chance(0.3) else ()
        return Case(name, {path: text.encode() for path, text in files.items()}, VARIABLES, profiles=profiles)

    def _file(self, names: list[str], *, is_base: bool) -> dict[str, Any]:
        content: dict[str, Any] = {"services": {name: self._service(name, names, is_base=is_base) for name in names}}
        if is_base:
            content["networks"] = {name: self._network() for name in NETWORKS if name != "default" or self._chance(0.3)}
            content["volumes"] = {name: self._volume() for name in VOLUMES}
            content["secrets"] = {"key": self._content("key"), "token": self._content("token")}
            content["configs"] = {"conf": {**self._content("conf")}, "inline": {"content": self._text()}}
            if self._chance(0.2):
                content["name"] = self._one(("Some Name", "name-${SET}", "x_1", "-y"))
        return content

    def _service(self, name: str, names: list[str], *, is_base: bool) -> dict[str, Any]:
        keys: dict[str, Generate] = {
            "annotations": self._pairs,
            "build": self._build,
            "cap_add": lambda: self._some(("NET_ADMIN", "SYS_TIME", "ALL"), 1, 3),
            "command": self._command,
            "configs": lambda: self._references(("conf", "inline")),
            "container_name": lambda: f"own-{name}",
            "cpu_shares": lambda: self._one((10, "20", "${NUMBER}")),
            "cpus": lambda: self._one((0.5, "0.25", 2, "1.${NUMBER}")),
            "deploy": self._deploy,
            "devices": lambda: self._some(("/dev/a", "/dev/a:/dev/b", "/dev/c:/dev/d:r"), 1, 2),
            "dns": lambda: self._one(("1.1.1.1", ["1.1.1.1", "2.2.2.2"])),
            "entrypoint": self._command,
            "env_file": lambda: self._one(
                ("own.env", ["own.env"], [{"path": "none.env", "required": False}, {"path": "own.env"}])
            ),
            "environment": self._environment,
            "expose": lambda: self._some(("80", 81, "90-92", "53/udp"), 1, 3),
            "extra_hosts": lambda: self._one((["a:1.1.1.1", "b=2.2.2.2"], {"a": "::1", "b": ["1.1.1.1"]}, ["c=[::1]"])),
            "group_add": lambda: self._some(("mail", 10, "20"), 1, 2),
            "healthcheck": self._health,
            "hostname": self._text,
            "image": lambda: f"image-{self._text()}",
            "init": lambda: self._one((True, False, "${YES}")),
            "labels": self._pairs,
            "logging": lambda: {
                "driver": self._one(("local", "json-file")),
                "options": {"max-file": self._one((3, "3", "${NUMBER}"))},
            },
            "mem_limit": self._size,
            "networks": self._networks,
            "ports": lambda: [self._port() for _index in range(self._random.randint(1, 3))],
            "profiles": lambda: self._some(("tools", "other"), 1, 2),
            "pull_policy": lambda: self._one(("always", "if_not_present", "every_1d")),
            "read_only": lambda: self._one((True, "no", "${YES}")),
            "restart": lambda: self._one(("no", "always", "on-failure:3")),
            "scale": lambda: self._one((1, "${NUMBER}", 0)),
            "secrets": lambda: self._references(("key", "token")),
            "shm_size": self._size,
            "stop_grace_period": self._duration,
            "sysctls": self._pairs,
            "tmpfs": lambda: self._one(("/run", ["/run:size=1m", "/tmp"])),
            "ulimits": lambda: {"nofile": self._one((5, "${NUMBER}", {"soft": 1, "hard": "${NUMBER}"}))},
            "user": lambda: self._one(("1000", "a:b")),
            "volumes": lambda: [self._mount() for _index in range(self._random.randint(1, 3))],
            "working_dir": lambda: "/work",
            "x-own": self._pairs,
        }
        later_names = [service for service in names if service > name]
        if later_names:
            keys["depends_on"] = lambda: self._dependencies(later_names)
            keys["links"] = lambda: [self._one((later_names[0], f"{later_names[0]}:other"))]
        if is_base and later_names and self._chance(0.2):
            keys["extends"] = lambda: self._one((later_names[0], {"service": later_names[0]}))
        chosen = self._some(tuple(sorted(keys)), 2, 9)
        if is_base and not {"image", "build"} & set(chosen) and self._chance(0.95):
            chosen.append("image")
        service = {key: keys[key]() for key in chosen}
        if not is_base and self._chance(0.3):
            service[self._one(("ports", "command", "volumes", "environment", "labels"))] = self._one(
                ("!reset", ["!override", "80"])
            )
        return service

    def _environment(self) -> Any:
        lines = self._some(("A=1", "B=", "C", "SET", "A=2", "D=${SET}-${NONE:-d}", "E= x ", "F=${EMPTY-e}${EMPTY:-f}"), 1, 5)
        values = {"A": 1, "B": self._text(), "C": None, "SET": None, "D": True, "E": 1.50, "F": "${NONE:+n}${SET:+s}", "G": 1e6}
        return lines if self._chance(0.5) else {key: values[key] for key in self._some(tuple(values), 1, 5)}

    def _environment_file(self) -> str:
        lines = (
            "ONE=1",
            "TWO=${ONE}2",
            "export THREE='single $ONE'",
            'FOUR="double $ONE \\n \\"q\\"" # c',
            "# comment",
            "",
            "FIVE=plain # c",
            "SIX=${NONE:-six}",
            "SEVEN: yaml",
            "EIGHT=$$x",
            "SET",
            'NINE="two\nlines"',
            "TEN = spaced ",
            "SET=of the file",
        )
        return "\n".join(self._some(lines, 2, 9)) + "\n"

    def _pairs(self) -> Any:
        values = {"a": self._text(), "b": self._one((1, 2.5, True, "x", "")), "c.d": self._text()}
        chosen = {key: values[key] for key in self._some(tuple(values), 1, 3)}
        return chosen if self._chance(0.5) else [f"{key}={value}" for key, value in chosen.items() if not isinstance(value, bool)]

    def _text(self) -> str:
        interpolated = ("$SET", "${SET}", "${NONE:-default}", "${EMPTY-x}y", "a${SET:+b}", "${NONE:-${SET}}")
        return str(self._one((*interpolated, "plain", "$$SET", "5$", "x y")))

    def _command(self) -> Any:
        texts = ("run it", "sh -c 'a b'", 'a "$SET b" c', "", "x\\ y z", "a && b")
        return self._one((self._one(texts), ["run", self._text()], [], None))

    def _references(self, names: tuple[str, ...]) -> list[Any]:
        def reference(name: str) -> Any:
            return self._one(
                (name, {"source": name}, {"source": name, "target": f"/{name}", "mode": self._one((0o440, "0440", 256))})
            )

        return [reference(name) for name in self._some(names, 1, 2)]

    def _content(self, name: str) -> dict[str, Any]:
        return dict(
            self._one(
                ({"file": f"./{name}.txt"}, {"environment": "SET"}, {"external": True}, {"external": True, "name": self._text()})
            )
        )

    def _size(self) -> Any:
        return self._one(("64m", "1.5g", 1048576, "512k", "${SIZE}", ".5gb", "10b", "1 GiB"))

    def _duration(self) -> str:
        return str(self._one(("10s", "1m30s", "1.5h", "500ms", "0s", "1d", "100us")))

    def _health(self) -> dict[str, Any]:
        test = self._one(("curl localhost", ["CMD", "a"], ["CMD-SHELL", self._text()], ["NONE"]))
        options = {
            "interval": self._duration(),
            "retries": self._one((3, "${NUMBER}")),
            "start_period": self._duration(),
            "disable": False,
        }
        return {"test": test, **{key: options[key] for key in self._some(tuple(options), 0, 3)}}

    def _build(self) -> Any:
        keys = {
            "context": self._one((".", "./app", "../up", "https://example.invalid/x.git")),
            "dockerfile": "Dockerfile.dev",
            "args": self._environment(),
            "target": self._text(),
            "labels": self._pairs(),
            "tags": ["a:1", "b:2"],
            "cache_from": ["a:1"],
            "additional_contexts": self._one(({"a": "./a"}, ["a=./a", "b=docker-image://x"])),
            "shm_size": self._size(),
        }
        chosen = {key: keys[key] for key in self._some(tuple(keys), 1, 5)}
        return self._one((".", "./${PATH_PART}", chosen, chosen))

    def _deploy(self) -> dict[str, Any]:
        keys = {
            "replicas": self._one((1, "${NUMBER}", 0)),
            "labels": self._pairs(),
            "resources": {"limits": {"memory": self._one(("64m", "${SIZE}")), "cpus": self._one((0.5, "0.25"))}},
            "restart_policy": {"condition": "any", "delay": self._duration(), "max_attempts": self._one((1, "${NUMBER}"))},
            "update_config": {"parallelism": 1, "delay": self._duration(), "order": "start-first"},
            "placement": {"constraints": ["a==b"]},
        }
        return {key: keys[key] for key in self._some(tuple(keys), 0, 4)}

    def _dependencies(self, names: list[str]) -> Any:
        chosen = self._some(tuple(names), 1, 2)
        conditions = ("service_started", "service_healthy", "service_completed_successfully")
        long = {name: {"condition": self._one(conditions), "restart": self._chance(0.5)} for name in chosen}
        return chosen if self._chance(0.5) else long

    def _networks(self) -> Any:
        chosen = self._some(NETWORKS, 1, 2)
        long = {
            name: self._one((None, {"aliases": ["x", "y", "x"]}, {"ipv4_address": "10.0.0.5", "priority": 5})) for name in chosen
        }
        return chosen if self._chance(0.5) else long

    def _network(self) -> Any:
        keys = {
            "driver": "bridge",
            "internal": self._one((True, "${YES}", "off")),
            "labels": self._pairs(),
            "ipam": {"config": [{"subnet": "10.0.0.0/24", "gateway": "10.0.0.1"}]},
            "driver_opts": {"a": 1, "b": "x"},
            "name": self._text(),
        }
        return self._one((None, {}, {key: keys[key] for key in self._some(tuple(keys), 1, 3)}, {"external": True}))

    def _volume(self) -> Any:
        keys = {
            "driver": "local",
            "labels": self._pairs(),
            "driver_opts": {"type": "none", "o": "bind", "device": "./d"},
            "name": self._text(),
        }
        return self._one((None, {}, {key: keys[key] for key in self._some(tuple(keys), 1, 3)}, {"external": True}))

    def _port(self) -> Any:
        short = (
            "80",
            81,
            "8080:80",
            "127.0.0.1:81:81",
            "9000-9002:90-92",
            "53:53/udp",
            "8000-8010:80",
            "${PORT}:80",
            "127.0.0.1::5000",
        )
        long = {
            "target": self._one((80, "${PORT}")),
            "published": self._one(("8080", 8081, "9000-9010")),
            "protocol": "udp",
            "mode": "host",
        }
        keys = ("target", *self._some(("published", "protocol", "mode"), 0, 3))
        return self._one((self._one(short), self._one(short), {key: long[key] for key in keys}))

    def _mount(self) -> Any:
        short = (
            "/anonymous",
            "data:/data",
            "./a:/a:ro",
            "../b:/b:z",
            "/abs:/abs",
            "logs:/logs:nocopy",
            "./${PATH_PART}:/p",
            "~/h:/h:rw,cached",
        )
        long = (
            {"type": "bind", "source": "./x", "target": "/x", "bind": {"create_host_path": False}},
            {"type": "volume", "source": "data", "target": "/long/", "read_only": "${YES}"},
            {"type": "tmpfs", "target": "/t", "tmpfs": {"size": self._size()}},
            {"type": "volume", "target": "/v", "volume": {"nocopy": True}},
        )
        return self._one((self._one(short), self._one(short), dict(self._one(long))))

    def _one(self, choices: Any) -> Any:
        return self._random.choice(choices)

    def _some(self, choices: Any, low: int, high: int) -> list[Any]:
        return self._random.sample(list(choices), min(self._random.randint(low, high), len(choices)))

    def _chance(self, probability: float) -> bool:
        return self._random.random() < probability


def _yaml(content: dict[str, Any]) -> str:
    """Return JSON, a subset of YAML, with Compose's tags."""
    text = json.dumps(content, indent=1, ensure_ascii=False)
    return re.sub(r'\[\s*"!override",', "!override [", text.replace('"!reset"', "!reset null"))


def generated_cases() -> Iterator[Case]:
    """Yield the generated cases."""
    for seed in range(CASES):
        yield Grammar(seed).case(f"generated-{seed:03}")
