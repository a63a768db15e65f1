"""Two hosts in parallel, over SSH, by users who become root: with and without a password, with quick and slow sudo."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.evenkeel.mesh.plugins.module_utils.runtime.heartbeat import HEARTBEAT_SECONDS
from eventually import eventually
from hosts import ADDRESSES, ROOT, answer, command, containers, environment, host, play, site

LOAD = "io.evenkeel.load=remote-test"
# For polling, removal of the generator, and a busy machine.
SLACK_SECONDS = 8.0
ROOT_USER = {"ansible_user": "root", "ansible_become_password": ""}


@pytest.fixture(params=ADDRESSES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def slow_sudo() -> Iterator[None]:
    """Make sudo slower than the polling of a module's progress, so that both use the connection at once."""
    line = "session optional pam_exec.so /bin/sleep 0.8"
    for name in ADDRESSES:
        host(name).check_output(f"echo '{line}' >> /etc/pam.d/sudo")
    yield
    for name in ADDRESSES:
        host(name).check_output("sed -i '/pam_exec/d' /etc/pam.d/sudo")


def packages(name: str) -> str:
    """Return a host's packages with version and status."""
    return str(host(name).check_output("dpkg-query --show --showformat '${Package} ${Version} ${db:Status-Status}\n'"))


def test_the_application_runs_on_both(name: str) -> None:
    states = containers(name)
    expected = {"edge-1-proxy", "edge-1-sandbox", "web-1", "web-1-proxy"}
    assert {container.removeprefix("remote-test-") for container in states} > expected
    assert set(states.values()) == {"running"}
    assert answer(name) == "1"


def test_a_second_run_changes_nothing_and_names_the_hosts() -> None:
    output = site()
    assert len(re.findall(r"changed=0 .*failed=0", output)) == 2, output
    assert "localhost" not in output
    for address in ADDRESSES.values():
        assert f'"http://{address}/"' in output


@pytest.mark.parametrize(
    ("pipelining", "extra"),
    [("true", {}), ("false", {}), ("true", ROOT_USER), ("false", ROOT_USER)],
    ids=["user, pipelining", "user", "root, pipelining", "root"],
)
def test_progress_is_shown_at_once(pipelining: str, extra: dict[str, str]) -> None:
    try:
        output = site({"ANSIBLE_PIPELINING": pipelining, "WEB_REPLICAS": "2"}, **extra)
        for name in ADDRESSES:
            assert re.search(rf"^  {name}: web-2: healthy after [\d.]+ s$", output, re.MULTILINE), output
        assert not re.search(r"^  (one|two): *$|^ *$\n^  ", output, re.MULTILINE), output
    finally:
        site(extra)


def test_a_slow_sudo_does_not_end_a_run(slow_sudo: None, tmp_path: Path) -> None:
    code, output = play("load", users=3, seconds=11, report=str(tmp_path / "load.html"))
    assert code == 0, output
    for name in ADDRESSES:
        assert re.search(rf"^  {name}: 3 users, \d+ requests, 0 failures", output, re.MULTILINE), output
        assert "requests" in (tmp_path / f"load-{name}.html").read_text()


def test_a_killed_run_leaves_no_load_behind() -> None:
    load = command("load", users=2, seconds=300)
    with subprocess.Popen(load, cwd=ROOT, env=environment({}), stdout=subprocess.DEVNULL, start_new_session=True) as running:
        try:
            assert eventually(lambda: all("running" in containers(name, LOAD).values() for name in ADDRESSES), 60)
            time.sleep(3)
            assert all(containers(name, LOAD) for name in ADDRESSES), "the load ended although its playbook still runs"
        finally:
            os.killpg(running.pid, signal.SIGKILL)
    killed = time.monotonic()
    assert eventually(lambda: not any(containers(name, LOAD) for name in ADDRESSES), 2 * HEARTBEAT_SECONDS)
    assert time.monotonic() - killed < HEARTBEAT_SECONDS + SLACK_SECONDS


def test_a_release_is_promoted_on_both() -> None:
    code, output = play("canary")
    assert code == 0, output
    for name in ADDRESSES:
        assert f"{name}: web: promoted" in output, output
        assert answer(name) == "2"
        assert re.search(rf"^{name}: Report: .*-{name}\.html$", output, re.MULTILINE), output


def test_an_engine_that_the_user_may_not_use_is_reported_and_left_alone() -> None:
    before = {name: packages(name) for name in ADDRESSES}
    code, output = play("site", ansible_become=False)
    assert code != 0
    assert output.count("/var/run/docker.sock: permission denied; allowed: root (become: true)") >= 2, output
    assert {name: packages(name) for name in ADDRESSES} == before


def test_an_installed_engine_is_started_and_never_replaced() -> None:
    before = {name: packages(name) for name in ADDRESSES}
    assert "docker.io" in before["one"] and "docker-ce" in before["two"] and "docker.io" not in before["two"]
    for name in ADDRESSES:
        host(name).check_output("start-stop-daemon --stop --retry 30 --pidfile /var/run/docker.pid")
    output = site()
    assert len(re.findall(r"changed=1 .*failed=0", output)) == 2, output
    assert {name: packages(name) for name in ADDRESSES} == before
    assert eventually(lambda: [answer(name) for name in ADDRESSES] == ["2", "2"], 60)


def test_a_teardown_removes_everything_on_both() -> None:
    code, output = play("teardown", delete_data=True)
    assert code == 0, output
    assert [containers(name) for name in ADDRESSES] == [{}, {}]
