"""Envoy's HTTP connection manager and its filters."""

from __future__ import annotations

from typing import Any

from ..model.policy import Policy
from .decision import decision_filter
from .envoy import CALLER_HEADER, TRACES_CLUSTER, TRACES_PATH, Config, duration, extension, percent

_LOG_FORMAT = {
    "time": "%START_TIME%",
    "source": "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%",
    "method": "%REQ(:METHOD)%",
    "authority": "%REQ(:AUTHORITY)%",
    "path": "%REQ(:PATH)%",
    "status": "%RESPONSE_CODE%",
    "flags": "%RESPONSE_FLAGS%",
    "milliseconds": "%DURATION%",
    "bytes_in": "%BYTES_RECEIVED%",
    "bytes_out": "%BYTES_SENT%",
    "cluster": "%UPSTREAM_CLUSTER%",
    "upstream": "%UPSTREAM_HOST%",
    "version": "%RESP(X-SERVICE-VERSION)%",
    "trace": "%REQ(X-B3-TRACEID)%",
}
_RATE_LIMIT = "envoy.filters.http.local_ratelimit"
_FAULT = "envoy.filters.http.fault"


def access_log() -> list[Config]:
    """Return an access log of one JSON object a line, on the proxy's standard output."""
    log_format = {"json_format": _LOG_FORMAT, "omit_empty_values": True}
    return [extension("stdout", "access_loggers.stream.v3.StdoutAccessLog", log_format=log_format)]


def connection_manager(
    name: str, routes: Config, traced: bool, policed: bool = False, caller: str = "", deciding: bool = False, **options: Any
) -> Config:
    """Return the network filter that speaks HTTP.

    ``routes`` are ``rds`` or ``route_config``; ``policed`` ones may limit the rate and inject faults, as their routes say.
    Where it is for calls of the component ``caller``, that is stated to routes and to the component that is called.
    A ``deciding`` one is an edge: it decides which version a user gets in the releases that the routes tell of.
    """
    filters = [_rate_limit_filter(), extension(_FAULT, "filters.http.fault.v3.HTTPFault")] if policed else []
    if deciding:
        filters.append(decision_filter())
    return extension(
        "http",
        "filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix=name,
        http_filters=[*filters, extension("router", "filters.http.router.v3.Router", suppress_envoy_headers=True)],
        access_log=access_log(),
        upgrade_configs=[{"upgrade_type": "websocket"}],
        http_protocol_options={"accept_http_10": True},
        **({"tracing": _tracing()} if traced else {}),
        **({"early_header_mutation_extensions": [_stated(caller)]} if caller else {}),
        **routes,
        **options,
    )


def _stated(caller: str) -> Config:
    """Return what states the caller, whatever its application says, before a route is chosen."""
    header = {"header": {"key": CALLER_HEADER, "value": caller}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
    kind = "http.early_header_mutation.header_mutation.v3.HeaderMutation"
    return extension("caller", kind, mutations=[{"append": header}])


def policies(policy: Policy, callers: tuple[str, ...]) -> Config:
    """Return the part of ``policy`` that is kept where the component is called: rate limit and faults, by filter."""
    filters: Config = {}
    limit, fault = policy.rate_limit, policy.fault
    if limit:
        bucket = {
            "max_tokens": limit.burst,
            "tokens_per_fill": max(1, round(limit.requests_per_second)),
            "fill_interval": duration(max(1, round(limit.requests_per_second)) / limit.requests_per_second),
        }
        shares = _shares(bucket, callers) if limit.per == "caller" else {}
        filters[_RATE_LIMIT] = _rate_limit_filter(token_bucket=bucket, **shares)["typed_config"]
    if fault:
        injected: Config = {}
        if fault.delay and fault.delay_percent:
            injected["delay"] = {"fixed_delay": duration(fault.delay), "percentage": percent(fault.delay_percent)}
        if fault.abort_percent:
            injected["abort"] = {"http_status": fault.abort, "percentage": percent(fault.abort_percent)}
        filters[_FAULT] = extension(_FAULT, "filters.http.fault.v3.HTTPFault", **injected)["typed_config"]
    return filters


def _shares(bucket: Config, callers: tuple[str, ...]) -> Config:
    """Return a bucket of its own for each of ``callers``; calls from outside the mesh share the general one."""
    return {
        "rate_limits": [{"actions": [{"request_headers": {"header_name": CALLER_HEADER, "descriptor_key": "caller"}}]}],
        "descriptors": [{"entries": [{"key": "caller", "value": caller}], "token_bucket": bucket} for caller in callers],
        "always_consume_default_token_bucket": False,
    }


def _rate_limit_filter(**bucket: Any) -> Config:
    share = {"default_value": percent(100)}
    limited = {"filter_enabled": share, "filter_enforced": share} if bucket else {}
    return extension(
        _RATE_LIMIT, "filters.http.local_ratelimit.v3.LocalRateLimit", stat_prefix="rate_limit", **bucket, **limited
    )


def _tracing() -> Config:
    """Return what makes a span of each request, a caller's or a server's after the listener's direction.

    128-bit trace ids and B3 headers; all requests that nobody decided on are traced.
    """
    zipkin = {
        "@type": "type.googleapis.com/envoy.config.trace.v3.ZipkinConfig",
        "collector_cluster": TRACES_CLUSTER,
        "collector_endpoint": TRACES_PATH,
        "collector_endpoint_version": "HTTP_JSON",
        "trace_id_128bit": True,
        "shared_span_context": False,
    }
    return {
        "provider": {"name": "envoy.tracers.zipkin", "typed_config": zipkin},
        "random_sampling": {"value": 100},
    }
