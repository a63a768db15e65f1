"""User: customers, their addresses and their cards."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any

import people
from aiohttp import BasicAuth, web
from seed import seed
from sockshop.errors import go_error, json_object
from sockshop.mongo import Mongo, StoreError
from sockshop.service import Service

Handler = Callable[[web.Request], Awaitable[web.Response]]
COLLECTIONS = tuple(people.FIELDS)


def hal_response(body: Any) -> web.Response:
    """Return an answer of the type that all successes have."""
    return web.Response(body=json.dumps(body).encode(), content_type="application/hal+json")


class Users:
    """The handlers."""

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo
        self._seeded = False

    def answering(self, handler: Handler) -> Handler:
        """Return a handler that reports bad requests and database failures."""

        async def answer(request: web.Request) -> web.Response:
            try:
                await self.prepare()
                return await handler(request)
            except people.UserError as error:
                return go_error(500, str(error))
            except ValueError:
                return go_error(500, "Invalid request")
            except StoreError:
                return go_error(500, "the database does not answer")

        return answer

    async def prepare(self) -> None:
        """Store the first customers before any request."""
        if not self._seeded:
            await self._mongo.do("seed", seed)
            self._seeded = True

    async def keep_preparing(self, _app: web.Application) -> AsyncIterator[None]:
        """Prepare in the background until the database answers."""

        async def attempt() -> None:
            while not self._seeded:
                with suppress(StoreError):
                    await self.prepare()
                await asyncio.sleep(0.5)

        attempts = asyncio.create_task(attempt())
        yield
        attempts.cancel()

    async def login(self, request: web.Request) -> web.Response:
        """Answer the customer whose name and password the request has."""
        try:
            given = BasicAuth.decode(request.headers.get("Authorization", ""), encoding="utf-8")
        except ValueError:
            return go_error(401, "Unauthorized")
        found = await self._mongo.do("login", lambda store: people.login(store, given.login, given.password))
        return hal_response({"user": found}) if found else go_error(401, "Unauthorized")

    async def register(self, request: web.Request) -> web.Response:
        """Make a customer with a password."""
        body = await json_object(request)
        return hal_response({"id": await self._mongo.do("register", lambda store: people.register(store, body))})

    async def everyone(self, request: web.Request) -> web.Response:
        """Answer a whole collection."""
        collection = request.match_info["collection"]
        found = await self._mongo.do(f"list {collection}", lambda store: people.everyone(store, collection))
        return hal_response({"_embedded": {people.SINGULAR[collection]: found}})

    async def one(self, request: web.Request) -> web.Response:
        """Answer one of a collection."""
        collection, key = request.match_info["collection"], request.match_info["id"]
        return hal_response(await self._mongo.do(f"get {collection}", lambda store: people.one(store, collection, key)))

    async def owned(self, request: web.Request) -> web.Response:
        """Answer the addresses or cards of a customer."""
        key, collection = request.match_info["id"], request.match_info["owned"]
        found = await self._mongo.do(f"list {collection}", lambda store: people.owned(store, key, collection))
        return hal_response({"_embedded": {people.SINGULAR[collection]: found}})

    async def create(self, request: web.Request) -> web.Response:
        """Make a customer without a usable password, an address or a card."""
        collection, body = request.match_info["collection"], await json_object(request)
        if collection == "customers":
            body.pop("password", None)
            return hal_response({"id": await self._mongo.do("register", lambda store: people.register(store, body))})
        made = await self._mongo.do(f"create {collection}", lambda store: people.create(store, collection, body))
        return hal_response({"id": made})

    async def delete_nothing(self, _request: web.Request) -> web.Response:
        """Refuse to delete what is not of a known collection."""
        raise people.UserError("Invalid request")

    async def delete(self, request: web.Request) -> web.Response:
        """Delete one of a collection."""
        collection, key = request.match_info["collection"], request.match_info["id"]
        await self._mongo.do(f"delete {collection}", lambda store: people.delete(store, collection, key))
        return hal_response({"status": True})


def main() -> None:
    """Serve."""
    service = Service("user")
    mongo = Mongo("users", "user-db", service.spans)
    service.checks["user-db"] = mongo.check
    users, router = Users(mongo), service.app.router
    collection = "/{collection:" + "|".join(COLLECTIONS) + "}"
    router.add_get("/login", users.answering(users.login))
    router.add_post("/register", users.answering(users.register))
    router.add_get(collection, users.answering(users.everyone))
    router.add_post(collection, users.answering(users.create))
    router.add_get(collection + "/{id}", users.answering(users.one))
    router.add_delete(collection + "/{id}", users.answering(users.delete))
    router.add_delete("/{other}/{id}", users.answering(users.delete_nothing))
    router.add_get("/customers/{id}/{owned:addresses|cards}", users.answering(users.owned))
    service.app.cleanup_ctx.append(users.keep_preparing)
    service.run()


if __name__ == "__main__":
    main()
