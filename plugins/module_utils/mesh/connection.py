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
    """Return an access log on the proxy's standard output, with one JSON object per line."""
    log_format = {"json_format": _LOG_FORMAT, "omit_empty_values": True}
    return [extension("stdout", "access_loggers.stream.v3.StdoutAccessLog", log_format=log_format)]


def connection_manager(
    name: str,
    routes: Config,
    traced: bool,
    enforces_policy: bool = False,
    caller: str = "",
    decides: bool = False,
    **options: Any,
) -> Config:
    """Return Envoy's HTTP connection manager.

    ``routes`` are ``rds`` or ``route_config``. With ``enforces_policy`` it limits rates and injects faults as its routes
    say. A ``caller``, a component, is set as a header for the routes and the called component. With ``decides`` it is an
    edge, which decides which version a user gets in the releases that its routes list.
    """
    filters = [_rate_limit_filter(), extension(_FAULT, "filters.http.fault.v3.HTTPFault")] if enforces_policy else []
    if decides:
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
        **({"early_header_mutation_extensions": [_caller_header(caller)]} if caller else {}),
        **routes,
        **options,
    )


def _caller_header(caller: str) -> Config:
    """Return the mutation that sets the caller header, overwriting the application's, before a route is chosen."""
    header = {"header": {"key": CALLER_HEADER, "value": caller}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
    kind = "http.early_header_mutation.header_mutation.v3.HeaderMutation"
    return extension("caller", kind, mutations=[{"append": header}])


def policy_filters(policy: Policy, callers: tuple[str, ...]) -> Config:
    """Return the part of ``policy`` that the called component's proxy enforces: rate limit and faults, by filter."""
    filters: Config = {}
    limit, fault = policy.rate_limit, policy.fault
    if limit:
        bucket = {
            "max_tokens": limit.burst,
            "tokens_per_fill": max(1, round(limit.requests_per_second)),
            "fill_interval": duration(max(1, round(limit.requests_per_second)) / limit.requests_per_second),
        }
        buckets = _caller_buckets(bucket, callers) if limit.per == "caller" else {}
        filters[_RATE_LIMIT] = _rate_limit_filter(token_bucket=bucket, **buckets)["typed_config"]
    if fault:
        injected: Config = {}
        if fault.delay and fault.delay_percent:
            injected["delay"] = {"fixed_delay": duration(fault.delay), "percentage": percent(fault.delay_percent)}
        if fault.abort_percent:
            injected["abort"] = {"http_status": fault.abort, "percentage": percent(fault.abort_percent)}
        filters[_FAULT] = extension(_FAULT, "filters.http.fault.v3.HTTPFault", **injected)["typed_config"]
    return filters


def _caller_buckets(bucket: Config, callers: tuple[str, ...]) -> Config:
    """Return a separate bucket for each of ``callers``; calls from outside the mesh share the default one."""
    return {
        "rate_limits": [{"actions": [{"request_headers": {"header_name": CALLER_HEADER, "descriptor_key": "caller"}}]}],
        "descriptors": [{"entries": [{"key": "caller", "value": caller}], "token_bucket": bucket} for caller in callers],
        "always_consume_default_token_bucket": False,
    }


def _rate_limit_filter(**bucket: Any) -> Config:
    fraction = {"default_value": percent(100)}
    enabled = {"filter_enabled": fraction, "filter_enforced": fraction} if bucket else {}
    return extension(
        _RATE_LIMIT, "filters.http.local_ratelimit.v3.LocalRateLimit", stat_prefix="rate_limit", **bucket, **enabled
    )


def _tracing() -> Config:
    """Return the tracing of every request: client or server spans according to the listener's direction.

    Trace ids have 128 bits, headers are B3; all requests without a sampling decision are traced.
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
