"""Stateless sessions: a signed cookie, so that any replica can read what another wrote."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
import time
from dataclasses import dataclass

from aiohttp import web

COOKIE = "md.sid"
LOGGED_IN = "logged_in"  # readable by the pages' scripts; a page that deletes it has logged out
LOGIN_SECONDS = 3600
KEY = "session"


@dataclass(frozen=True)
class Session:
    """`customer` is empty for a visitor; `until` is the login's end in Unix seconds."""

    id: str
    customer: str = ""
    until: int = 0

    @property
    def cart(self) -> str:
        """Return the name of this session's cart."""
        return self.customer or self.id


def visitor() -> Session:
    return Session(secrets.token_hex(16))


def login(customer: str) -> Session:
    """Return a new session: its id is fresh, so an id from before the login is useless."""
    return Session(secrets.token_hex(16), customer, int(time.time()) + LOGIN_SECONDS)


class Sessions:
    """Reads and writes the cookies."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def seal(self, session: Session) -> str:
        text = json.dumps([session.id, session.customer, session.until], separators=(",", ":")).encode()
        body = base64.urlsafe_b64encode(text).decode().rstrip("=")
        return f"{body}.{self._sign(body)}"

    def open(self, cookie: str) -> Session | None:
        """Return the session in a cookie, or None for a cookie that this shop did not write."""
        body, _dot, signature = cookie.partition(".")
        if not hmac.compare_digest(self._sign(body).encode(), signature.encode("utf-8", "replace")):
            return None
        try:
            text = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
            sid, customer, until = json.loads(text)
            return Session(str(sid), str(customer), int(until))
        except (ValueError, TypeError, binascii.Error):
            return None

    def of(self, request: web.Request) -> Session:
        """Return the request's session; a new visitor's is made and kept for the answer."""
        known: Session | None = request.get(KEY)
        if known is None:
            known = self._read(request)
            request[KEY] = known
        return known

    def begin(self, request: web.Request, response: web.Response, session: Session) -> None:
        """Answer with another session than the request came with."""
        request[KEY] = session
        secure = request.headers.get("X-Forwarded-Proto") == "https"
        response.set_cookie(COOKIE, self.seal(session), path="/", httponly=True, samesite="Lax", secure=secure)
        if session.customer:
            response.set_cookie(LOGGED_IN, session.id, path="/", max_age=LOGIN_SECONDS, samesite="Lax", secure=secure)
        elif LOGGED_IN in request.cookies:
            response.del_cookie(LOGGED_IN, path="/")

    def keep(self, request: web.Request, response: web.Response) -> None:
        """Write the session that `of` made, unless the handler has written one or the visitor has it already."""
        session: Session | None = request.get(KEY)
        if session is None or COOKIE in response.cookies:
            return
        if self.seal(session) != request.cookies.get(COOKIE):
            self.begin(request, response, session)

    def _read(self, request: web.Request) -> Session:
        session = self.open(request.cookies.get(COOKIE, ""))
        if session is None:
            return visitor()
        if not session.customer:
            return session
        token = request.cookies.get(LOGGED_IN, "")
        current = hmac.compare_digest(token.encode("utf-8", "replace"), session.id.encode())
        return session if current and session.until > time.time() else visitor()

    def _sign(self, body: str) -> str:
        digest = hmac.new(self._key, body.encode("utf-8", "replace"), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")
