"""Envoy's statistics, and the difference of two samples."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import pytest
from ansible_collections.evenkeel.mesh.plugins.module_utils.mesh.bootstrap import bootstrap
from ansible_collections.evenkeel.mesh.plugins.module_utils.mesh.statistics import parse_statistics, statistics_path
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.application import Component, Kind
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.release import LATENCY_BOUNDS
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.traffic import Totals


def envoy_statistics(requests: int, errors: int, buckets: dict[float, int]) -> dict[str, Any]:
    """Return statistics in the form of Envoy 1.40."""
    counters = {"upstream_rq_completed": requests, "upstream_rq_5xx": errors, "upstream_rq_active": 3}
    cumulative = [{"upper_bound": bound, "interval": 0, "cumulative": count} for bound, count in buckets.items()]
    stats: list[dict[str, Any]] = [{"name": f"cluster.api_80.{name}", "value": value} for name, value in counters.items()]
    return {"stats": [*stats, {"histograms": [{"name": "cluster.api_80.upstream_rq_time", "buckets": cumulative}]}]}


def test_the_statistics_of_a_cluster_are_read() -> None:
    statistics = parse_statistics(
        envoy_statistics(10, 2, {0.5: 0, 1: 1, 5: 4, 10: 8, 25: 9, 3.6e6: 10}), ["api:80", "api-candidate:80"]
    )
    assert set(statistics) == {"api:80"}, "a cluster that the proxy does not have is omitted"
    totals = statistics["api:80"]
    assert (totals.requests, totals.errors, totals.active, totals.timed) == (10, 2, 3, 10)
    assert totals.slower_than(10) == 2
    assert totals.quantile_bound(0.8) == 10
    assert totals.quantile(0.4) == 5
    assert totals.quantile(0.6) == pytest.approx(7.5)


def test_a_cluster_without_requests_has_empty_totals() -> None:
    statistics = parse_statistics({"stats": [{"name": "cluster.api_80.upstream_rq_active", "value": 0}]}, ["api:80"])
    assert statistics == {"api:80": Totals()}
    assert Totals().quantile(0.95) == 0


def test_the_path_requests_only_the_given_clusters() -> None:
    path = unquote(statistics_path(["api:80", "api-candidate:80"]))
    assert r"^cluster\.(api_80|api\-candidate_80)\." in path


def test_the_difference_of_two_samples() -> None:
    before = Totals(10, 1, 0, 10, (5,) * len(LATENCY_BOUNDS))
    after = Totals(15, 1, 2, 14, (7,) * len(LATENCY_BOUNDS))
    assert after.since(before) == Totals(5, 0, 2, 4, (2,) * len(LATENCY_BOUNDS))


def test_a_restarted_proxy_counts_from_zero() -> None:
    assert Totals(3, 0, 0, 3).since(Totals(10, 1, 0, 10)) == Totals(3, 0, 0, 3)


def test_a_missing_bucket_counts_as_the_next_smaller_one() -> None:
    statistics = parse_statistics(envoy_statistics(10, 0, {25.0: 6, 1000.0: 10}), ["api:80"])["api:80"]
    assert (statistics.slower_than(25), statistics.slower_than(50), statistics.slower_than(1000)) == (4, 4, 0)


def test_proxies_count_by_the_bounds_that_releases_read() -> None:
    """Envoy's own bounds are others, and may change with its version."""
    component = Component("web", Kind.STATELESS)
    (setting,) = bootstrap(component)["stats_config"]["histogram_bucket_settings"]
    assert setting["buckets"] == list(LATENCY_BOUNDS)
    assert list(setting["match"]) == ["suffix"]
    assert "cluster.api_80.upstream_rq_time".endswith(setting["match"]["suffix"])
