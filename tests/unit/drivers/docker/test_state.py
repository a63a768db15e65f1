"""The state store on a host: no write is lost, no run writes after losing its lease, unreadable state is left unchanged."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import stat
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.base import Holder, Purpose
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.config import FileConfigStore
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.layout import Layout
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.docker.state import FileStateStore
from ansible_collections.evenkeel.mesh.plugins.module_utils.drivers.errors import Busy
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.instance import Version
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.release import Audience, Check, ComponentVersion, Rollout
from ansible_collections.evenkeel.mesh.plugins.module_utils.release.state import (
    ApplicationState,
    Decision,
    Phase,
    PromotedVersion,
    Release,
    ScaledComponent,
    StateError,
)

RECORDS = Path(__file__).parent / "records-0.1"
WRITERS, WRITES = 60, 3
ADA, GRACE = Holder(Purpose.DEPLOYMENT, "ada"), Holder(Purpose.SCALING, "grace")
FORK = multiprocessing.get_context("fork")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout("app", str(tmp_path))


@pytest.fixture
def store(layout: Layout) -> FileStateStore:
    return FileStateStore(layout)


def scaled(name: str) -> ScaledComponent:
    return ScaledComponent(name, 2, None, 1, None)


def write(store: FileStateStore, name: str) -> None:
    """Add the scaling of a component to the state."""
    with store.lease(ADA) as lease, store.transaction(lease) as transaction:
        transaction.state = transaction.state.with_scaled((scaled(name),))


def hold_lease(layout: Layout, holder: Holder, ready: object, release: object) -> None:
    """Hold a lease, in another process, until the event ``release``."""
    with FileStateStore(layout).lease(holder):
        ready.set()  # type: ignore[attr-defined]
        release.wait()  # type: ignore[attr-defined]


class HoldingProcess:
    """Another process that holds a lease until it releases it or dies."""

    def __init__(self, layout: Layout, holder: Holder = GRACE) -> None:
        ready, self._release = FORK.Event(), FORK.Event()
        self.process = FORK.Process(target=hold_lease, args=(layout, holder, ready, self._release))
        self.process.start()
        assert ready.wait(30)

    def release(self) -> None:
        self._release.set()
        self.process.join(30)

    def die(self) -> None:
        self.process.kill()
        self.process.join(30)


def test_the_state_is_empty_at_first(store: FileStateStore, layout: Layout) -> None:
    assert store.read() == ApplicationState()
    assert store.holders() == ()
    assert store.get_demand("web") == ""
    assert not layout.home.exists() and not layout.leases.exists(), "reading writes nothing"


def test_a_written_state_is_read_back(store: FileStateStore, layout: Layout) -> None:
    release = Release(Rollout("web", (ComponentVersion("web", "web:2"),)), closed=Version.STABLE, phase=Phase.PROMOTING)
    state = ApplicationState((release,), scaled=(scaled("web"),), allocation={"subnet": "10.64.0.0/16"}, tracing_schema="x")
    with store.lease(ADA) as lease, store.transaction(lease) as transaction:
        transaction.state = state
    assert FileStateStore(layout).read() == state
    assert stat.S_IMODE(layout.state.stat().st_mode) == 0o600, "it contains the testers' secrets"


def test_a_transaction_that_fails_writes_nothing(store: FileStateStore) -> None:
    write(store, "web")
    with pytest.raises(RuntimeError), store.lease(ADA) as lease, store.transaction(lease) as transaction:
        transaction.state = ApplicationState()
        raise RuntimeError
    assert store.read().scaled == (scaled("web"),)


def many_writes(layout: Layout, number: int, begin: object) -> None:
    begin.wait()  # type: ignore[attr-defined]
    store = FileStateStore(layout)
    with store.lease(Holder(Purpose.RELEASE, str(number), f"release-{number}")) as lease:
        for count in range(WRITES):
            with store.transaction(lease) as transaction:
                transaction.state = transaction.state.with_scaled((scaled(f"{number}-{count}"),))


def test_transactions_of_sixty_processes_at_once_lose_nothing(layout: Layout) -> None:
    begin = FORK.Event()
    processes = [FORK.Process(target=many_writes, args=(layout, number, begin)) for number in range(WRITERS)]
    for process in processes:
        process.start()
    begin.set()
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0] * WRITERS
    expected = {f"{number}-{count}" for number in range(WRITERS) for count in range(WRITES)}
    assert {scaling.component for scaling in FileStateStore(layout).read().scaled} == expected


def test_a_run_that_lost_its_lease_writes_nothing(store: FileStateStore) -> None:
    with store.lease(ADA) as former:
        pass
    with store.lease(GRACE) as lease:
        assert lease.token > former.token
        with pytest.raises(Busy, match="the lease was lost to another run; run again"), store.transaction(former):
            pytest.fail("a former holder is in a transaction")
        with store.transaction(lease) as transaction:
            transaction.state = ApplicationState(tracing_schema="grace")
    assert store.read() == ApplicationState(tracing_schema="grace")


def test_fencing_tokens_rise_even_after_a_crash(store: FileStateStore, layout: Layout) -> None:
    tokens = []
    for _unused in range(3):
        HoldingProcess(layout).die()
        with store.lease(ADA) as lease:
            tokens.append(lease.token)
    assert tokens == [2, 4, 6]


def test_every_release_has_its_own_lease(store: FileStateStore) -> None:
    first, second = (Holder(Purpose.RELEASE, "ada", name) for name in ("one", "other"))
    with store.lease(ADA), store.lease(first), store.lease(second):
        assert {(holder.purpose, holder.release) for holder in store.holders()} == {
            (Purpose.DEPLOYMENT, ""), (Purpose.RELEASE, "one"), (Purpose.RELEASE, "other")
        }  # fmt: skip
        with pytest.raises(Busy), store.lease(replace(first, by="grace")):
            pass
    assert store.holders() == ()


def test_a_refusal_names_the_holder_the_time_and_the_remedy(store: FileStateStore, layout: Layout) -> None:
    process = HoldingProcess(layout)
    since = r"since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
    with pytest.raises(Busy, match=rf"^a scaling of app is in progress: grace has run it {since}; wait for its end"):
        store.lease(ADA).__enter__()
    process.release()
    process = HoldingProcess(layout, Holder(Purpose.RELEASE, "grace", "spring"))
    message = rf"^the release spring of app is in progress: grace has run it {since}; .* -e action=abort -e release=spring$"
    with pytest.raises(Busy, match=message):
        store.lease(Holder(Purpose.RELEASE, "ada", "spring")).__enter__()
    process.release()


def test_a_process_that_dies_releases_the_lease(store: FileStateStore, layout: Layout) -> None:
    process = HoldingProcess(layout)
    assert [holder.by for holder in store.holders()] == ["grace"]
    process.die()
    assert store.holders() == ()
    with store.lease(ADA):
        assert [holder.by for holder in store.holders()] == ["ada"]


def test_a_waiting_run_gets_the_lease_and_reports_the_holder_once(store: FileStateStore, layout: Layout) -> None:
    process = HoldingProcess(layout)
    messages: list[str] = []
    waiting = threading.Event()

    def announce(holder: Holder) -> None:
        messages.append(f"waiting for {holder.by}")
        waiting.set()

    def wait() -> None:
        with store.lease(ADA, 60, announce):
            messages.append("held")

    waiter = threading.Thread(target=wait)
    waiter.start()
    assert waiting.wait(30)
    time.sleep(0.5)
    assert messages == ["waiting for grace"]
    process.die()
    waiter.join(30)
    assert messages == ["waiting for grace", "held"]


def test_waiting_for_a_lease_times_out(store: FileStateStore, layout: Layout) -> None:
    process = HoldingProcess(layout)
    began = time.monotonic()
    with pytest.raises(Busy, match="grace"), store.lease(ADA, 0.3):
        pass
    assert 0.3 <= time.monotonic() - began < 5
    process.release()


def test_a_demand_is_stored_and_withdrawn(store: FileStateStore) -> None:
    store.set_demand("web", "abort")
    assert (store.get_demand("web"), store.get_demand("api")) == ("abort", "")
    store.set_demand("web", "")
    assert store.get_demand("web") == ""


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "found no JSON .*; allowed: what Evenkeel wrote"),
        ("", "found no JSON .*; allowed: what Evenkeel wrote"),
        ("[]", "found a list; allowed: what Evenkeel wrote"),
        ("{}", r"found the schema None; allowed: 2; it was written by another version of Evenkeel: use that one, or a newer one"),
        ('{"schema": 3, "wonders": []}', "found the schema 3; allowed: 2; .* use that one, or a newer one"),
        ('{"schema": 2, "releases": [{}]}', "found what cannot be read .*; allowed: what Evenkeel wrote"),
        ('{"schema": 2, "releases": [{"rollout": {"name": "x", "versions": []}, "phase": "odd"}]}', "found what cannot be read"),
        ('{"schema": 2, "releases": 5}', "found what cannot be read"),
        ('{"schema": 2, "scaled": [5]}', "found what cannot be read"),
        ("\udcff", "found no JSON"),
    ],
    ids=str,
)
def test_an_unreadable_state_is_reported_and_not_overwritten(
    store: FileStateStore, layout: Layout, content: str, message: str
) -> None:
    layout.home.mkdir()
    raw = content.encode(errors="surrogateescape")
    layout.state.write_bytes(raw)
    with pytest.raises(StateError, match=rf"^{layout.state}: {message}"):
        store.read()
    with pytest.raises(StateError), store.lease(ADA) as lease, store.transaction(lease):
        pytest.fail("a state that cannot be read is written")
    assert layout.state.read_bytes() == raw


def test_a_field_that_an_older_version_did_not_write_has_its_default(store: FileStateStore, layout: Layout) -> None:
    layout.home.mkdir()
    layout.state.write_text('{"schema": 2, "scaled": []}')
    assert store.read() == ApplicationState()


def test_a_written_state_is_durable_before_the_rename(
    store: FileStateStore, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new file is synced before the rename, and the folder before the end of the transaction."""
    calls: list[str] = []
    real_fsync, real_rename = os.fsync, Path.rename

    def sync(descriptor: int) -> None:
        status = os.fstat(descriptor)
        calls.append("folder synced" if stat.S_ISDIR(status.st_mode) else f"{status.st_size > 0} file synced")
        real_fsync(descriptor)

    def rename(self: Path, target: Path) -> Path:
        calls.append(f"renamed to {target.name}")
        return real_rename(self, target)

    write(store, "web")
    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(Path, "rename", rename)
    write(store, "api")
    assert calls == ["True file synced", "renamed to state.json", "folder synced"]


def test_a_failed_write_leaves_the_state_unchanged(
    store: FileStateStore, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(store, "web")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write(store, "api")
    assert store.read().scaled == (scaled("web"),)
    assert [path.name for path in layout.home.iterdir()] == ["state.json"]


@pytest.fixture
def former(layout: Layout) -> Path:
    """The records of version 0.1, as written by its own code."""
    folder = layout.home / "releases"
    shutil.copytree(RECORDS / "releases", folder)
    for name in ("lock", "tracing"):
        (layout.home / name).touch()
    (folder / ".failed.release.json.7.aa").write_text("{")
    return folder


def test_records_of_version_0_1_are_read(store: FileStateStore, former: Path) -> None:
    state = store.read()
    failed, promoted, shifting = (state.release(name) for name in ("failed", "promoted", "shifting"))
    assert failed and promoted and shifting
    assert len(state.releases) == 3

    assert (shifting.phase, shifting.weight, shifting.passed, shifting.closed) == (Phase.SHIFTING, 25.0, 25.0, None)
    assert shifting.in_progress and shifting.standing
    assert (shifting.tester, shifting.by, shifting.began) == ("secret", "ada@here (process 7)", 1767225600.0)
    assert shifting.rollout.versions == (ComponentVersion("orders", "shifting:2", (("COLOUR", "green"),)),)
    assert shifting.rollout.weights == (10.0, 25.0, 100.0)
    assert (shifting.rollout.audiences, shifting.rollout.mirror) == ((Audience("header", "x-team", ("a",)),), 5.0)
    assert [(step.weight, step.decision) for step in shifting.steps] == [(10.0, Decision.PASS), (25.0, Decision.PASS)]

    assert (promoted.phase, promoted.standing, promoted.closed) == (Phase.PROMOTED, False, Version.CANDIDATE)
    assert [step.weight for step in promoted.steps] == [10.0, 25.0, 100.0]
    assert (failed.phase, failed.standing, failed.aborted) == (Phase.FAILED, False, False)
    assert failed.reason.startswith("orders: errors are worse: candidate 4 of 40")
    assert failed.rollout.checks == (Check("smoke", command=("true",)),)
    last_step = failed.steps[-1]
    assert (last_step.decision, last_step.reasons) == (Decision.FAIL, (failed.reason,))
    (measured,) = last_step.seen
    assert (measured.component, measured.candidate.requests, measured.candidate.errors, measured.stable.requests) == (
        "orders",
        40,
        4,
        360,
    )
    assert len(measured.points) == 3 and measured.points[-1].candidate == measured.candidate

    base = (("COLOUR", "green"),), "orders:1", (("COLOUR", "blue"),)
    assert state.promoted == (PromotedVersion("orders", "promoted:2", *base),)
    assert state.scaled == (ScaledComponent("carts", 3, 64 << 20, 1, None),)
    assert state.specification is None and state.allocation == {} and state.tracing_schema == ""


def test_records_of_version_0_1_are_kept_aside_after_the_first_write(
    store: FileStateStore, layout: Layout, former: Path
) -> None:
    before = store.read()
    assert former.is_dir() and not layout.state.exists(), "reading writes nothing"
    records = {path.name: path.read_bytes() for path in former.iterdir()}
    with store.lease(ADA) as lease, store.transaction(lease) as transaction:
        assert transaction.state == before
    assert store.read() == before
    assert sorted(path.name for path in layout.home.iterdir()) == ["releases.before-schema-2", "state.json"]
    aside = layout.home / "releases.before-schema-2"
    assert {path.name: path.read_bytes() for path in aside.iterdir()} == records


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("failed.release.json", "{"),
        ("failed.release.json", "[]"),
        ("failed.release.json", "{}"),
        ("promoted.json", "7"),
        ("scaled.json", '[{"component": "x"}]'),
    ],
)
def test_an_unreadable_record_of_version_0_1_is_reported_with_its_folder(
    store: FileStateStore, former: Path, name: str, content: str
) -> None:
    (former / name).write_text(content)
    with pytest.raises(StateError, match=rf"^{former}.*: found .*; allowed: what Evenkeel wrote"):
        store.read()


def test_who_deletes_the_folder_of_an_application_keeps_the_lease_on_it(store: FileStateStore, layout: Layout) -> None:
    """A teardown with all data does, and nobody may come in before it has ended."""
    write(store, "web")
    with store.lease(Holder(Purpose.TEARDOWN, "ada")):
        shutil.rmtree(layout.home)
        with pytest.raises(Busy, match="a teardown of app is in progress: ada"), store.lease(GRACE):
            pytest.fail("two have it")
        assert [holder.by for holder in store.holders()] == ["ada"]
    with store.lease(GRACE):
        assert store.read() == ApplicationState()


@pytest.mark.parametrize("mode", [None, 0o755])
def test_nobody_else_gets_below_the_folder_of_an_application(store: FileStateStore, layout: Layout, mode: int | None) -> None:
    """The routes have the testers' secret, and proxies, which are other users, read them: by their mount alone."""
    if mode:
        # As version 0.1 made it.
        layout.home.mkdir(mode)
        layout.home.chmod(mode)
    write(store, "web")
    FileConfigStore(layout).publish("shared/routes.json", "secret")
    store.set_demand("web", "abort")
    assert stat.S_IMODE(layout.home.stat().st_mode) == 0o700
    shown = [path.name for path in layout.leases.rglob("*") if "secret" in path.read_text()]
    assert (layout.mesh / "shared" / "routes.json").is_relative_to(layout.home) and shown == []
