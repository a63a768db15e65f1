"""A customer's own data, addresses and cards, kept by the user service."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from storefront import masking
from storefront.backends import Backend
from storefront.replies import Refusal, failed, passed, sent, value
from storefront.sessions import Sessions, visitor

KINDS = {"addresses": "address", "cards": "card"}
ID = r"{id:[0-9A-Za-z_-]+}"


class Customers:
    """What the user service knows about the customer who is logged in."""

    def __init__(self, user: Backend, sessions: Sessions) -> None:
        self.backend = user
        self._sessions = sessions

    def me(self, request: web.Request) -> str:
        """Return the customer's id. Raises Refusal(401)."""
        customer = self._sessions.of(request).customer
        if not customer:
            raise Refusal(401, "User not logged in.")
        return customer

    async def owned(self, customer: str, kind: str) -> list[dict[str, Any]]:
        """Return the customer's addresses or cards. Raises Refusal with the user service's status."""
        reply = await self.backend.call("GET", f"/customers/{customer}/{kind}")
        if not reply.ok:
            raise Refusal(reply.status, f"The {kind} cannot be read.")
        embedded = reply.json().get("_embedded") or {}
        return list(embedded.get(KINDS[kind]) or [])

    async def one(self, customer: str, kind: str, wanted: str) -> dict[str, Any]:
        """Return one of the customer's own. Raises Refusal(404) for anybody else's."""
        for entry in await self.owned(customer, kind):
            if entry.get("id") == wanted:
                return entry
        raise Refusal(404, f"There is no such {KINDS[kind]}.")


class CustomerApi:
    def __init__(self, customers: Customers, sessions: Sessions) -> None:
        self._customers = customers
        self._user = customers.backend
        self._sessions = sessions

    def routes(self) -> list[web.RouteDef]:
        kinds = "{kind:addresses|cards}"
        return [
            web.get("/customers", self.mine),
            web.post("/customers", self.create),
            web.get("/customers/" + ID, self.me),
            web.delete("/customers/" + ID, self.leave),
            web.get(f"/{kinds}", self.owned),
            web.post(f"/{kinds}", self.add),
            web.get(f"/{kinds}/{ID}", self.one),
            web.delete(f"/{kinds}/{ID}", self.remove),
            web.get("/address", self.address),
            web.get("/card", self.card),
        ]

    async def me(self, request: web.Request) -> web.Response:
        return passed(await self._user.call("GET", f"/customers/{self._customers.me(request)}"))

    async def mine(self, request: web.Request) -> web.Response:
        reply = await self._user.call("GET", f"/customers/{self._customers.me(request)}")
        return value({"_embedded": {"customer": [reply.json()]}}) if reply.ok else failed(reply)

    async def create(self, request: web.Request) -> web.Response:
        return passed(await self._user.call("POST", "/customers", body=await sent(request)))

    async def leave(self, request: web.Request) -> web.Response:
        customer = self._customers.me(request)
        if request.match_info["id"] != customer:
            raise Refusal(404, "There is no such customer.")
        response = passed(await self._user.call("DELETE", f"/customers/{customer}"))
        if response.status < 300:
            self._sessions.begin(request, response, visitor())
        return response

    async def owned(self, request: web.Request) -> web.Response:
        kind = request.match_info["kind"]
        entries = await self._customers.owned(self._customers.me(request), kind)
        return value({"_embedded": {KINDS[kind]: [_shown(kind, entry) for entry in entries]}})

    async def one(self, request: web.Request) -> web.Response:
        kind = request.match_info["kind"]
        return value(_shown(kind, await self._customers.one(self._customers.me(request), kind, request.match_info["id"])))

    async def add(self, request: web.Request) -> web.Response:
        body = {**await sent(request), "userID": self._customers.me(request)}
        return passed(await self._user.call("POST", f"/{request.match_info['kind']}", body=body))

    async def remove(self, request: web.Request) -> web.Response:
        kind, wanted = request.match_info["kind"], request.match_info["id"]
        await self._customers.one(self._customers.me(request), kind, wanted)
        return passed(await self._user.call("DELETE", f"/{kind}/{wanted}"))

    async def address(self, request: web.Request) -> web.Response:
        return value(await self._first(request, "addresses"))

    async def card(self, request: web.Request) -> web.Response:
        return value({"number": masking.last((await self._first(request, "cards")).get("longNum"))})

    async def _first(self, request: web.Request, kind: str) -> dict[str, Any]:
        entries = await self._customers.owned(self._customers.me(request), kind)
        if not entries:
            raise Refusal(404, f"There is no {KINDS[kind]} yet.")
        return entries[0]


def _shown(kind: str, entry: dict[str, Any]) -> Any:
    return masking.card(entry) if kind == "cards" else entry
