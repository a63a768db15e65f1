"""/catalogue and /tags: the catalogue service's answers, passed on."""

from __future__ import annotations

from aiohttp import web

from storefront.backends import Backend
from storefront.replies import passed

ASKED = ("If-None-Match", "If-Modified-Since", "Range")
TOLD = ("Content-Type", "ETag", "Last-Modified", "Content-Range", "Accept-Ranges")
IMAGE_CACHE = "public, max-age=3600"


class CatalogueApi:
    def __init__(self, catalogue: Backend) -> None:
        self._catalogue = catalogue

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/catalogue", self.read),
            web.get(r"/catalogue/{id:[\w-]+}", self.read),
            web.get(r"/catalogue/images/{name:[\w-][\w.-]*}", self.image),
            web.get("/tags", self.tags),
        ]

    async def read(self, request: web.Request) -> web.Response:
        return passed(await self._catalogue.call("GET", request.path, query=dict(request.query)))

    async def tags(self, _request: web.Request) -> web.Response:
        return passed(await self._catalogue.call("GET", "/tags"))

    async def image(self, request: web.Request) -> web.Response:
        asked = {name: request.headers[name] for name in ASKED if name in request.headers}
        reply = await self._catalogue.call("GET", request.path, headers=asked)
        told = {name: reply.headers[name] for name in TOLD if name in reply.headers}
        if reply.status < 400:
            told["Cache-Control"] = reply.headers.get("Cache-Control", IMAGE_CACHE)
        return web.Response(body=reply.body, status=reply.status, headers=told)
