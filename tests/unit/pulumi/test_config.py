"""A configuration that cannot be used is named by its key."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from config import ConfigError, read_settings

FOLDER = Path(__file__).resolve().parents[3] / "pulumi"


class Given(dict[str, str]):
    """A configuration."""


def test_defaults_are_the_sock_shops() -> None:
    settings = read_settings(Given(target="docker"), FOLDER)
    assert (settings.application.name, settings.protect, settings.storage_size) == ("sockshop", True, 1 << 30)


@pytest.mark.parametrize(
    ("key", "value", "allowed"),
    [
        ("target", "podman", "docker, kubernetes"),
        ("application", "nothing.yaml", "the path of a Compose file"),
        ("protect", "yes", "true, false"),
        ("adopt", "1", "true, false"),
        ("dockerHost", "tcp://elsewhere", "unix:// and the path of a socket"),
        ("storageSize", "big", "a byte value"),
        ("quotaHeadroom", "-1", "a whole number from 0 to 1000"),
    ],
)
def test_a_bad_value_is_named(key: str, value: str, allowed: str) -> None:
    with pytest.raises(ConfigError, match=f"evenkeel:{key}: found .*allowed: {allowed}"):
        read_settings(Given({"target": "docker", key: value}), FOLDER)


def test_the_target_has_to_be_stated() -> None:
    with pytest.raises(ConfigError, match="evenkeel:target: found nothing; allowed: docker, kubernetes"):
        read_settings(Given(), FOLDER)


def test_stacks_that_come_along_are_those_of_the_targets_and_can_be_read() -> None:
    """A stack of a test would be one that Pulumi offers to whoever works here."""
    found = {path.name.split(".")[1]: yaml.safe_load(path.read_text()) for path in FOLDER.glob("Pulumi.*.yaml")}
    assert set(found) == {"kubernetes", "local"}
    for stack, target in (("kubernetes", "kubernetes"), ("local", "docker")):
        given = {key.removeprefix("evenkeel:"): str(value) for key, value in found[stack]["config"].items()}
        assert read_settings(Given(given), FOLDER).target == target
