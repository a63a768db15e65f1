"""When a component should have more or less memory or replicas, within its bounds."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.evenkeel.mesh.plugins.module_utils.model.application import Component, Kind
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.scaling import Scaling
from ansible_collections.evenkeel.mesh.plugins.module_utils.workflows.advice import Usage, advise

MIB = 1 << 20
WEB = Component("web", Kind.STATELESS, memory=100 * MIB, replicas=2, scaling=Scaling(least=1, most=3, slow=0.5, fast=0.02))
QUIET = Usage(50 * MIB, 1000, 0.1)


def test_a_component_within_its_bounds_is_not_changed() -> None:
    advice = advise(WEB, QUIET)
    assert (advice.replicas, advice.memory, advice.reasons, advice.limits) == (2, 100 * MIB, (), ())


def test_memory_is_advised_above_80_percent_of_the_limit() -> None:
    assert advise(WEB, replace(QUIET, memory=80 * MIB)).reasons == ()
    advice = advise(WEB, replace(QUIET, memory=81 * MIB))
    assert advice.memory == 160 * MIB
    assert "more than 80%" in advice.reasons[0]


def test_memory_does_not_exceed_its_bound() -> None:
    full = replace(WEB, scaling=replace(WEB.scaling, memory=120 * MIB))
    assert advise(full, replace(QUIET, memory=90 * MIB)).memory == 120 * MIB
    advice = advise(replace(full, memory=120 * MIB), replace(QUIET, memory=110 * MIB))
    assert (advice.memory, advice.reasons) == (120 * MIB, ())
    assert "its bound is 120M" in advice.limits[0]


def test_replicas_follow_the_latency_band() -> None:
    assert advise(WEB, replace(QUIET, p95=0.6)).replicas == 3
    assert advise(WEB, replace(QUIET, p95=0.01)).replicas == 1
    advice = advise(replace(WEB, replicas=3), replace(QUIET, p95=0.6))
    assert (advice.replicas, advice.reasons) == (3, ())
    assert "its bound is 3 replicas" in advice.limits[0]
    assert advise(replace(WEB, replicas=1), replace(QUIET, p95=0.01)).replicas == 1


def test_latency_of_few_requests_is_ignored() -> None:
    assert advise(WEB, Usage(0, 49, 5.0)).reasons == ()


def test_stores_get_memory_and_never_replicas() -> None:
    advice = advise(replace(WEB, kind=Kind.STATEFUL), Usage(90 * MIB, 1000, 5.0))
    assert (advice.replicas, advice.memory) == (2, 160 * MIB)


def test_without_a_limit_there_is_no_advice_on_memory() -> None:
    assert advise(replace(WEB, memory=None), replace(QUIET, memory=900 * MIB)).reasons == ()
