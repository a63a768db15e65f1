"""The trace context is read from the headers of a request and passed on to callees."""

from __future__ import annotations

import pytest
import shop_modules

shop_modules.use()

from sockshop.context import TraceContext, received

TRACE, SPAN = "463ac35c9f6413ad48485a3953bb6124", "a2fb4a1d1a96d312"


@pytest.mark.parametrize(
    "headers",
    [
        {"X-B3-TraceId": TRACE, "X-B3-SpanId": SPAN, "X-B3-Sampled": "1"},
        {"x-b3-traceid": TRACE.upper(), "x-b3-spanid": SPAN},
        {"b3": f"{TRACE}-{SPAN}-1"},
        {"b3": f"{TRACE}-{SPAN}"},
        {"traceparent": f"00-{TRACE}-{SPAN}-01"},
        {"X-B3-TraceId": "nonsense", "X-B3-SpanId": SPAN, "traceparent": f"00-{TRACE}-{SPAN}-01"},
    ],
)
def test_each_header_format_is_understood(headers: dict[str, str]) -> None:
    context = received(headers)
    assert (context.trace_id, context.span_id, context.sampled) == (TRACE, SPAN, True)


@pytest.mark.parametrize(
    "headers",
    [
        {"X-B3-TraceId": TRACE, "X-B3-SpanId": SPAN, "X-B3-Sampled": "0"},
        {"X-B3-Sampled": "0"},
        {"b3": "0"},
        {"b3": f"{TRACE}-{SPAN}-0"},
        {"traceparent": f"00-{TRACE}-{SPAN}-00"},
    ],
)
def test_not_sampled_is_honoured_and_passed_on(headers: dict[str, str]) -> None:
    context = received(headers)
    assert not context.sampled
    assert context.child().headers()["X-B3-Sampled"] == "0"


@pytest.mark.parametrize(
    "headers", [{}, {"X-B3-TraceId": "0" * 32, "X-B3-SpanId": SPAN}, {"traceparent": "00-x-y-zz"}, {"b3": "-"}]
)
def test_without_a_trace_a_new_one_begins(headers: dict[str, str]) -> None:
    context = received(headers)
    assert len(context.trace_id) == 32 and len(context.span_id) == 16 and context.sampled


def test_a_callee_gets_a_child_span() -> None:
    child = received({"X-B3-TraceId": TRACE, "X-B3-SpanId": SPAN}).child()
    assert child.span_id != SPAN
    assert child.headers() == {
        "X-B3-TraceId": TRACE,
        "X-B3-SpanId": child.span_id,
        "X-B3-ParentSpanId": SPAN,
        "X-B3-Sampled": "1",
    }


def test_received_headers_are_passed_on() -> None:
    context = received({"Baggage": "release=candidate", "X-Request-Id": "7", "tracestate": "a=b", "Cookie": "secret"})
    headers = context.child().headers()
    assert (headers["baggage"], headers["x-request-id"], headers["tracestate"]) == ("release=candidate", "7", "a=b")
    assert "Cookie" not in headers and "cookie" not in headers


def test_traceparent_is_passed_on_if_received() -> None:
    assert "traceparent" not in received({}).headers()
    child = received({"traceparent": f"00-{TRACE}-{SPAN}-01"}).child()
    assert child.headers()["traceparent"] == f"00-{TRACE}-{child.span_id}-01"
    assert TraceContext("a" * 16, SPAN, w3c=True).headers()["traceparent"] == f"00-{'0' * 16}{'a' * 16}-{SPAN}-01"
