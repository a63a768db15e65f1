"""Calls to the shop's other services."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import BasicAuth, ClientError, ClientSession, ClientTimeout
from yarl import URL

TIMEOUT_SECONDS = 10.0


class BackendError(Exception):
    """A backend did not answer (502), answered too late (504), or sent an unreadable answer (502)."""

    def __init__(self, backend: str, status: int, reason: str) -> None:
        super().__init__(f"{backend}: {reason}")
        self.backend = backend
        self.status = status


@dataclass(frozen=True)
class Reply:
    """A backend's answer, read whole."""

    backend: str
    status: int
    body: bytes
    headers: Mapping[str, str]

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def not_found(self) -> bool:
        """Whether the answer means an unknown id; some catalogues and user services report one as 500 `not found`."""
        return self.status == 404 or (self.status == 500 and b"not found" in self.body.lower())

    def json(self) -> Any:
        """Return the body's value. Raises BackendError if it is not JSON."""
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise BackendError(self.backend, 502, "answered something other than JSON") from error


class Backend:
    """One service; `client` gives the session whose calls carry the current request's trace."""

    def __init__(self, name: str, url: str, client: Callable[[], ClientSession]) -> None:
        self.name = name
        self.url = url
        self._client = client

    async def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        auth: BasicAuth | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Return the answer, whatever its status. Raises BackendError if there is none."""
        url = URL(self.url + path)
        if query is not None:
            url = url.with_query(query)
        extra: dict[str, Any] = {} if body is None else {"json": body}
        limit = ClientTimeout(total=TIMEOUT_SECONDS)
        try:
            async with self._client().request(
                method, url, headers=headers, auth=auth, timeout=limit, allow_redirects=False, **extra
            ) as answer:
                return Reply(self.name, answer.status, await answer.read(), answer.headers)
        except TimeoutError as error:
            raise BackendError(self.name, 504, f"no answer within {TIMEOUT_SECONDS:g} s") from error
        except (ClientError, OSError) as error:
            raise BackendError(self.name, 502, str(error) or type(error).__name__) from error
