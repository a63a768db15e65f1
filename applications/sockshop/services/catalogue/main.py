"""Catalogue: the socks, their tags and their pictures."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web
from database import Database, StoreError
from socks import asked_tags, list_query, one_query, page, size_query, sock
from sockshop.errors import go_error
from sockshop.service import Service
from sockshop.settings import folder

Handler = Callable[[web.Request], Awaitable[web.Response]]


def answering(handler: Handler) -> Handler:
    """Return a handler that reports database failures as the original does."""

    async def answer(request: web.Request) -> web.Response:
        try:
            return await handler(request)
        except StoreError:
            return go_error(500, "Do: database connection error")

    return answer


class Catalogue:
    """The handlers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def socks(self, request: web.Request) -> web.Response:
        """Answer a page of socks."""
        rows = await self._database.rows("list socks", *list_query(asked_tags(request)))
        return web.json_response(page(rows, request.query.get("page", "1"), request.query.get("size", "10")))

    async def size(self, request: web.Request) -> web.Response:
        """Answer how many socks there are."""
        rows = await self._database.rows("count socks", *size_query(asked_tags(request)))
        return web.json_response({"size": rows[0]["size"], "err": None})

    async def one(self, request: web.Request) -> web.Response:
        """Answer one sock."""
        rows = await self._database.rows("get sock", *one_query(request.match_info["id"]))
        return web.json_response(sock(rows[0])) if rows else go_error(500, "Do: not found")

    async def tags(self, _request: web.Request) -> web.Response:
        """Answer all tags."""
        rows = await self._database.rows("list tags", "SELECT name FROM tag ORDER BY tag_id")
        return web.json_response({"tags": [row["name"] for row in rows], "err": None})


def main() -> None:
    """Serve."""
    service = Service("catalogue")
    database = Database(service.spans)
    service.checks["catalogue-db"] = database.check
    catalogue = Catalogue(database)
    router = service.app.router
    router.add_static("/catalogue/images", folder("IMAGES", "images"))
    router.add_get("/catalogue", answering(catalogue.socks))
    router.add_get("/catalogue/size", answering(catalogue.size))
    router.add_get("/catalogue/{id}", answering(catalogue.one))
    router.add_get("/tags", answering(catalogue.tags))
    service.run()


if __name__ == "__main__":
    main()
