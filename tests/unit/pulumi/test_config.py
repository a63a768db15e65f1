"""An invalid configuration is reported with its key."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from config import ConfigError, read_settings

FOLDER = Path(__file__).resolve().parents[3] / "pulumi"


class Config(dict[str, str]):
    """A configuration."""


def test_defaults_are_the_sock_shops() -> None:
    settings = read_settings(Config(target="docker"), FOLDER)
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
def test_an_invalid_value_is_reported(key: str, value: str, allowed: str) -> None:
    with pytest.raises(ConfigError, match=f"evenkeel:{key}: found .*allowed: {allowed}"):
        read_settings(Config({"target": "docker", key: value}), FOLDER)


def test_the_target_is_required() -> None:
    with pytest.raises(ConfigError, match="evenkeel:target: found nothing; allowed: docker, kubernetes"):
        read_settings(Config(), FOLDER)


def test_only_the_stacks_of_the_targets_are_included_and_can_be_read() -> None:
    """Pulumi would offer a leftover of a test as a stack."""
    stacks = {path.name.split(".")[1]: yaml.safe_load(path.read_text()) for path in FOLDER.glob("Pulumi.*.yaml")}
    assert set(stacks) == {"kubernetes", "local"}
    for stack, target in (("kubernetes", "kubernetes"), ("local", "docker")):
        values = {key.removeprefix("evenkeel:"): str(value) for key, value in stacks[stack]["config"].items()}
        assert read_settings(Config(values), FOLDER).target == target
