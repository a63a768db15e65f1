"""Two hosts side by side, over SSH, by users who have to become root: with and without a password, quick and slow."""

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
# To look, to remove the generator, and a busy machine.
SLACK_SECONDS = 8.0
ROOT_USER = {"ansible_user": "root", "ansible_become_password": ""}


@pytest.fixture(params=ADDRESSES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def slow_sudo() -> Iterator[None]:
    """Let sudo take longer than a look at the progress of a module waits to begin: the two are under way at once."""
    line = "session optional pam_exec.so /bin/sleep 0.8"
    for each in ADDRESSES:
        host(each).check_output(f"echo '{line}' >> /etc/pam.d/sudo")
    yield
    for each in ADDRESSES:
        host(each).check_output("sed -i '/pam_exec/d' /etc/pam.d/sudo")


def packages(name: str) -> str:
    """Return a host's packages, with what is installed of them."""
    return str(host(name).check_output("dpkg-query --show --showformat '${Package} ${Version} ${db:Status-Status}\n'"))


def test_the_application_runs_on_both(name: str) -> None:
    found = containers(name)
    assert {each.removeprefix("remote-test-") for each in found} > {"edge-1-proxy", "edge-1-sandbox", "web-1", "web-1-proxy"}
    assert set(found.values()) == {"running"}
    assert answer(name) == "1"


def test_a_second_run_changes_nothing_and_names_the_hosts() -> None:
    said = site()
    assert len(re.findall(r"changed=0 .*failed=0", said)) == 2, said
    assert "localhost" not in said
    for address in ADDRESSES.values():
        assert f'"http://{address}/"' in said


@pytest.mark.parametrize(
    ("pipelining", "extra"),
    [("true", {}), ("false", {}), ("true", ROOT_USER), ("false", ROOT_USER)],
    ids=["user, pipelining", "user", "root, pipelining", "root"],
)
def test_progress_is_shown_as_it_comes(pipelining: str, extra: dict[str, str]) -> None:
    try:
        said = site({"ANSIBLE_PIPELINING": pipelining, "WEB_REPLICAS": "2"}, **extra)
        for each in ADDRESSES:
            assert re.search(rf"^  {each}: web-2: healthy after [\d.]+ s$", said, re.MULTILINE), said
        assert not re.search(r"^  (one|two): *$|^ *$\n^  ", said, re.MULTILINE), said
    finally:
        site(extra)


def test_a_slow_sudo_does_not_end_what_runs(slow_sudo: None, tmp_path: Path) -> None:
    code, said = play("load", users=3, seconds=11, report=str(tmp_path / "load.html"))
    assert code == 0, said
    for each in ADDRESSES:
        assert re.search(rf"^  {each}: 3 users, \d+ requests, 0 failures", said, re.MULTILINE), said
        assert "requests" in (tmp_path / f"load-{each}.html").read_text()


def test_a_killed_run_leaves_no_load_behind() -> None:
    asked = command("load", users=2, seconds=300)
    with subprocess.Popen(asked, cwd=ROOT, env=environment({}), stdout=subprocess.DEVNULL, start_new_session=True) as running:
        try:
            assert eventually(lambda: all("running" in containers(each, LOAD).values() for each in ADDRESSES), 60)
            time.sleep(3)
            assert all(containers(each, LOAD) for each in ADDRESSES), "a run that is followed has ended"
        finally:
            os.killpg(running.pid, signal.SIGKILL)
    killed = time.monotonic()
    assert eventually(lambda: not any(containers(each, LOAD) for each in ADDRESSES), 2 * HEARTBEAT_SECONDS)
    assert time.monotonic() - killed < HEARTBEAT_SECONDS + SLACK_SECONDS


def test_a_release_is_promoted_on_both() -> None:
    code, said = play("canary")
    assert code == 0, said
    for each in ADDRESSES:
        assert f"{each}: web: promoted" in said, said
        assert answer(each) == "2"
        assert re.search(rf"^{each}: Report: .*-{each}\.html$", said, re.MULTILINE), said


def test_an_engine_that_is_not_for_the_user_is_told_of_and_left_alone() -> None:
    before = {each: packages(each) for each in ADDRESSES}
    code, said = play("site", ansible_become=False)
    assert code != 0
    assert said.count("/var/run/docker.sock: permission denied; allowed: root (become: true)") >= 2, said
    assert {each: packages(each) for each in ADDRESSES} == before


def test_an_engine_that_is_installed_is_started_and_never_replaced() -> None:
    before = {each: packages(each) for each in ADDRESSES}
    assert "docker.io" in before["one"] and "docker-ce" in before["two"] and "docker.io" not in before["two"]
    for each in ADDRESSES:
        host(each).check_output("start-stop-daemon --stop --retry 30 --pidfile /var/run/docker.pid")
    said = site()
    assert len(re.findall(r"changed=1 .*failed=0", said)) == 2, said
    assert {each: packages(each) for each in ADDRESSES} == before
    assert eventually(lambda: [answer(each) for each in ADDRESSES] == ["2", "2"], 60)


def test_what_is_taken_down_is_gone_on_both() -> None:
    code, said = play("teardown", delete_data=True)
    assert code == 0, said
    assert [containers(each) for each in ADDRESSES] == [{}, {}]
