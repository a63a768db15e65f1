"""The runtime that every service shares."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import shop_modules

pytest.importorskip("aiohttp")
pytest.importorskip("prometheus_client")
shop_modules.use()

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from sockshop.service import Service

Requests = Callable[["TestClient[Any, Any]"], Awaitable[None]]


def run(service: Service, requests: Requests) -> None:
    async def inside() -> None:
        async with TestClient(TestServer(service.app)) as client:
            await requests(client)

    asyncio.run(inside())


def service_of(*, time_key: str = "time") -> Service:
    service = Service("socks", time_key)

    async def fine(_request: web.Request) -> web.Response:
        return web.json_response({})

    async def broken(_request: web.Request) -> web.Response:
        raise RuntimeError("a defect")

    service.app.router.add_get("/fine/{id}", fine)
    service.app.router.add_get("/broken", broken)
    return service


@pytest.mark.parametrize(
    ("path", "status"), [("/fine/1", 200), ("/broken", 500), ("/none", 404), ("/health", 200), ("/metrics", 200)]
)
def test_every_answer_shows_the_version(path: str, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERSION", "2.1")

    async def requests(client: TestClient[Any, Any]) -> None:
        answer = await client.get(path)
        assert (answer.status, answer.headers["X-Service-Version"]) == (status, "socks/2.1")

    run(service_of(), requests)


def test_errors_have_the_format_of_go_or_java() -> None:
    async def go(client: TestClient[Any, Any]) -> None:
        answer = await client.get("/broken")
        assert answer.content_type == "text/plain"
        assert json.loads(await answer.text()) == {
            "error": "internal error",
            "status_code": 500,
            "status_text": "Internal Server Error",
        }

    async def java(client: TestClient[Any, Any]) -> None:
        body = await (await client.get("/none")).json()
        assert (body["status"], body["error"], body["path"]) == (404, "Not Found", "/none")

    run(service_of(), go)
    run(service_of(time_key="date"), java)


def test_faults_spare_health_and_metrics(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIL_PERCENT", "100")
    monkeypatch.setenv("SLOW_PERCENT", "100")
    monkeypatch.setenv("SLOW_MS", "50")

    async def requests(client: TestClient[Any, Any]) -> None:
        started = time.monotonic()
        assert (await client.get("/health")).status == 200
        assert (await client.get("/metrics")).status == 200
        assert (await client.get("/fine/1")).status == 500
        assert time.monotonic() - started >= 0.05

    run(service_of(), requests)


def test_health_is_200_and_names_the_unavailable_store() -> None:
    service = service_of()

    async def away() -> None:
        raise OSError("away")

    async def hanging() -> None:
        await asyncio.sleep(60)

    service.checks.update({"a-db": away, "b-db": hanging})

    async def requests(client: TestClient[Any, Any]) -> None:
        answer = await client.get("/health")
        entries = (await answer.json())["health"]
        assert answer.status == 200
        assert [(entry["service"], entry["status"]) for entry in entries] == [("socks", "OK"), ("a-db", "err"), ("b-db", "err")]

    run(service, requests)


def test_metrics_are_labelled_by_route_not_by_path() -> None:
    async def requests(client: TestClient[Any, Any]) -> None:
        await client.get("/fine/17")
        text = await (await client.get("/metrics")).text()
        expected = 'http_request_duration_seconds_count{method="GET",path="/fine/{id}",service="socks",status_code="200"}'
        assert expected in text and "/fine/17" not in text

    run(service_of(), requests)


def test_spans_lead_from_the_caller_through_the_service_to_the_callee(monkeypatch: pytest.MonkeyPatch) -> None:
    spans: list[dict[str, Any]] = []
    received: list[dict[str, str]] = []

    async def inside() -> None:
        collector = web.Application()

        async def take(request: web.Request) -> web.Response:
            spans.extend(await request.json())
            return web.Response(status=202)

        async def callee(request: web.Request) -> web.Response:
            received.append(dict(request.headers))
            return web.Response(status=503)

        collector.router.add_post("/spans", take)
        collector.router.add_get("/callee", callee)
        async with TestServer(collector) as server:
            monkeypatch.setenv("ZIPKIN", str(server.make_url("/spans")))
            service = service_of()

            async def calling(_request: web.Request) -> web.Response:
                async with service.client.get(server.make_url("/callee")) as answer:
                    return web.json_response({"status": answer.status})

            service.app.router.add_get("/calling", calling)
            async with TestClient(TestServer(service.app)) as client:
                trace = {"X-B3-TraceId": "a" * 32, "X-B3-SpanId": "b" * 16, "baggage": "release=candidate"}
                await client.get("/calling", headers=trace)
                await client.get("/fine/1", headers={"X-B3-Sampled": "0"})

    asyncio.run(inside())
    by_kind = {span["kind"]: span for span in spans}
    assert len(spans) == 2
    assert (by_kind["SERVER"]["traceId"], by_kind["SERVER"]["parentId"]) == ("a" * 32, "b" * 16)
    assert by_kind["CLIENT"]["parentId"] == by_kind["SERVER"]["id"]
    assert by_kind["CLIENT"]["tags"]["error"] == "503"
    assert (received[0]["X-B3-SpanId"], received[0]["baggage"]) == (by_kind["CLIENT"]["id"], "release=candidate")


def test_an_in_flight_request_is_answered_before_shutdown() -> None:
    """aiohttp's own shutdown aborted requests whose body had not been read yet."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {"PORT": str(port), "SLOW_PERCENT": "100", "SLOW_MS": "1000", "PYTHONPATH": str(shop_modules.SERVICES / "runtime")}
    process = subprocess.Popen(
        [sys.executable, "main.py"],
        cwd=shop_modules.SERVICES / "payment",
        env={**os.environ, **settings, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    try:
        _wait_for(port)
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            body = b'{"amount": 1}'
            head = f"POST /paymentAuth HTTP/1.1\r\nHost: payment\r\nContent-Length: {len(body)}\r\n\r\n"
            connection.sendall(head.encode() + body)
            time.sleep(0.3)
            process.send_signal(signal.SIGTERM)
            answer = b"".join(iter(lambda: connection.recv(4096), b""))
        assert answer.startswith(b"HTTP/1.1 200") and b"Payment authorised" in answer
        assert process.wait(timeout=10) == 0
    finally:
        process.kill()


def _wait_for(port: int) -> None:
    for _attempt in range(100):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=1):
                return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("the service does not start")
