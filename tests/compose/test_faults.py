"""The errors and warnings of the Compose loader."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.errors import ModelError
from ansible_collections.evenkeel.mesh.plugins.plugin_utils.compose_project import read_project

FAULTY = """
services:
  web:
    image: nginx:${TAG:?set a tag}
    ports: ["8080:80", "999.1:81:81"]
    restart: true
    mem_limit: lots
    volumes:
      - ./a:/a
      - {type: bind, target: /b, readonly: true}
    healthcheck: {test: "true", interval: "30"}
  db: {imag: postgres, environment: {PORT: [1]}}
"""


def test_all_faults_of_a_file_are_reported_at_once(tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    file.write_text(FAULTY, encoding="utf-8")
    with pytest.raises(ModelError) as raised:
        read_project(tmp_path, variables={})
    assert str(raised.value).splitlines() == [
        f"{file}: services.web.image: found no value for the variable TAG; "
        "allowed: a value for it, in the environment or .env (set a tag)",
        f"{file}: services.web.restart: found true; allowed: a quoted string",
        f"{file}: services.web.volumes[1].readonly: found the unknown key 'readonly'; "
        "allowed: 'read_only', or another of bind, consistency, image, read_only, source, target, tmpfs, type, volume",
        f"{file}: services.db.imag: found the unknown key 'imag'; "
        "allowed: 'image', or another of the keys of the Compose Specification, or an extension with the prefix x-",
        f"{file}: services.db.environment.PORT: found a list; allowed: a string, a number or true or false",
        f"{file}: services.web.ports[1]: found the address '999.1'; "
        "allowed: an IPv4 or IPv6 address of the host, such as 127.0.0.1",
        f"{file}: services.web.mem_limit: found 'lots'; allowed: a size such as 512m or 1.5g",
        f"{file}: services.web.healthcheck.interval: found '30', a number without a unit; "
        "allowed: a duration such as 500ms, 10s or 1h30m",
    ]


def test_unset_variables_are_reported_before_the_faults_they_cause(tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    file.write_text('services: {a: {image: "${IMG}", volumes: ["${DATA}/pg:/pg", "$DATA:/x"]}}\n', encoding="utf-8")
    warnings: list[str] = []
    with pytest.raises(ModelError):
        read_project(tmp_path, variables={}, warn=warnings.append)
    assert warnings == [f"{file}: the variable {name} is not set, defaulting to an empty string" for name in ("IMG", "DATA")]


def test_values_of_secrets_and_configs_are_kept_out_of_the_content(tmp_path: Path) -> None:
    text = "services: {a: {image: x, secrets: [key], configs: [conf]}}\n"
    text += "secrets: {key: {environment: KEY}}\nconfigs: {conf: {environment: CONF}}\n"
    (tmp_path / "compose.yaml").write_text(text, encoding="utf-8")
    project = read_project(tmp_path, variables={"KEY": "hidden", "CONF": "shown"})
    assert project.contents == {("secrets", "key"): "hidden", ("configs", "conf"): "shown"}
    assert "hidden" not in repr(project)


def test_extensions_are_preserved(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(
        "x-mesh: {a: 1}\nservices: {a: {image: x, x-mesh: {kind: stateful}}}\n", encoding="utf-8"
    )
    content = read_project(tmp_path, variables={}).content
    assert content["x-mesh"] == {"a": 1}
    assert content["services"]["a"]["x-mesh"] == {"kind": "stateful"}
