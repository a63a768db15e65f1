"""The administration port: /health and /metrics, apart from what customers reach."""

from __future__ import annotations

from collections.abc import AsyncIterator

from aiohttp import web

PATHS = ("/health", "/metrics")


class Admin:
    def __init__(self, port: int) -> None:
        self._port = port

    async def serve(self, shop: web.Application) -> AsyncIterator[None]:
        """Serve the shop's own handlers of PATHS on the port for as long as the shop runs."""
        admin = web.Application()
        for route in shop.router.routes():
            resource = route.resource
            if resource is not None and resource.canonical in PATHS and route.method == "GET":
                admin.router.add_get(resource.canonical, route.handler)
        runner = web.AppRunner(admin, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, port=self._port).start()
        yield
        await runner.cleanup()
