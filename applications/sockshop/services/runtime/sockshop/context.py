"""The trace context of the current request, in B3 and W3C headers.

B3: https://github.com/openzipkin/b3-propagation; W3C: https://www.w3.org/TR/trace-context/.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field, replace

CARRIED = ("baggage", "tracestate", "x-request-id")
_LISTS = ("baggage", "tracestate")


@dataclass(frozen=True)
class TraceContext:
    """Where a request is in its trace; ids are hexadecimal. ``carried`` is passed on to callees unchanged."""

    trace_id: str
    span_id: str
    parent_id: str = ""
    sampled: bool = True
    w3c: bool = False
    carried: Mapping[str, str] = field(default_factory=dict)

    def child(self) -> TraceContext:
        """Return the context of a span below this one."""
        return replace(self, span_id=secrets.token_hex(8), parent_id=self.span_id)

    def headers(self) -> dict[str, str]:
        """Return the headers that propagate this span to a callee."""
        sampled = "1" if self.sampled else "0"
        headers = {"X-B3-TraceId": self.trace_id, "X-B3-SpanId": self.span_id, "X-B3-Sampled": sampled, **self.carried}
        if self.parent_id:
            headers["X-B3-ParentSpanId"] = self.parent_id
        if self.w3c:
            headers["traceparent"] = f"00-{self.trace_id.zfill(32)}-{self.span_id}-0{sampled}"
        return headers


current: ContextVar[TraceContext | None] = ContextVar("trace", default=None)


def received(headers: Mapping[str, str]) -> TraceContext:
    """Return the context in ``headers``, whose case does not matter; a new trace if there is none."""
    given: dict[str, str] = {}
    for name, value in headers.items():
        key = name.lower()
        given[key] = f"{given[key]},{value}" if key in given and key in _LISTS else value
    carried = {name: given[name] for name in CARRIED if name in given}
    w3c = "traceparent" in given
    sampled = True
    for trace, span, decision in (_from_b3(given), _from_single(given), _from_w3c(given)):
        sampled = sampled and decision not in ("0", "false")
        if _is_id(trace, (16, 32)) and _is_id(span, (16,)):
            return TraceContext(trace, span, "", sampled, w3c, carried)
    return TraceContext(secrets.token_hex(16), secrets.token_hex(8), "", sampled, w3c, carried)


def _from_b3(given: Mapping[str, str]) -> tuple[str, str, str]:
    decision = "1" if given.get("x-b3-flags") == "1" else given.get("x-b3-sampled", "").lower()
    return given.get("x-b3-traceid", "").lower(), given.get("x-b3-spanid", "").lower(), decision


def _from_single(given: Mapping[str, str]) -> tuple[str, str, str]:
    parts = given.get("b3", "").lower().split("-")
    if len(parts) == 1:
        return "", "", parts[0]
    return parts[0], parts[1], parts[2] if len(parts) > 2 else ""


def _from_w3c(given: Mapping[str, str]) -> tuple[str, str, str]:
    parts = given.get("traceparent", "").split("-")
    if len(parts) < 4 or len(parts[0]) != 2:
        return "", "", ""
    try:
        return parts[1], parts[2], str(int(parts[3][:2], 16) & 1)
    except ValueError:
        return "", "", ""


def _is_id(text: str, lengths: tuple[int, ...]) -> bool:
    return len(text) in lengths and set(text) <= set("0123456789abcdef") and set(text) != {"0"}
