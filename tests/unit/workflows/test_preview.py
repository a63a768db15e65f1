"""The URLs of an application, by the name of its host."""

from __future__ import annotations

import pytest
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.application import Application, Component, Kind, OuterPort
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.preview import urls


@pytest.mark.parametrize(
    ("port", "host", "url"),
    [
        (OuterPort(80, 80), "localhost", "http://localhost/"),
        (OuterPort(8080, 80), "shop.example", "http://shop.example:8080/"),
        (OuterPort(80, 80, "0.0.0.0"), "198.18.0.1", "http://198.18.0.1/"),
        (OuterPort(80, 80), "fd00::2", "http://[fd00::2]/"),
        (OuterPort(80, 80, "::"), "fd00::2", "http://[fd00::2]/"),
        (OuterPort(8080, 80, "127.0.0.1"), "shop.example", "http://127.0.0.1:8080/"),
        (OuterPort(8080, 80, "::1"), "shop.example", "http://[::1]:8080/"),
    ],
)
def test_the_url_of_a_port_has_the_host_or_the_ports_own_address(port: OuterPort, host: str, url: str) -> None:
    assert urls(Application("app", (Component("edge", Kind.STATELESS, outer_ports=(port,)),)), host) == {"edge": [url]}
