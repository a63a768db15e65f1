"""The pages and their files, read once and sent with an ETag."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

CHECK_ALWAYS = "no-cache"  # keep it, but ask whether it changed: a new version shows at once
REDIRECTS = {
    "/checkout1.html": "/checkout.html?step=address",
    "/checkout2.html": "/checkout.html?step=delivery",
    "/checkout3.html": "/checkout.html?step=payment",
    "/checkout4.html": "/checkout.html?step=review",
    "/customer-wishlist.html": "/category.html",
}


@dataclass(frozen=True)
class File:
    body: bytes
    packed: bytes
    content_type: str
    etag: str


class Pages:
    """A page file's first line is its title, the rest is its main part; the layout goes round it."""

    def __init__(self, root: Path) -> None:
        layout = (root / "layout.html").read_text("utf-8")
        self._files: dict[str, File] = {}
        for page in sorted((root / "pages").glob("*.html")):
            self._files[f"/{page.name}"] = _file("text/html", _page(layout, page).encode())
        for file in sorted((root / "static").rglob("*")):
            if file.is_file():
                kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
                self._files["/" + file.relative_to(root / "static").as_posix()] = _file(kind, file.read_bytes())
        self._files["/"] = self._files["/index.html"]

    def routes(self) -> list[web.RouteDef]:
        return [
            *(web.get(path, self.send) for path in self._files),
            *(web.get(path, self.redirect) for path in REDIRECTS),
        ]

    async def send(self, request: web.Request) -> web.Response:
        return self._answer(request, self._files[request.path])

    async def redirect(self, request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": REDIRECTS[request.path]})

    def missing(self, request: web.Request) -> web.Response:
        """Return the page for an address that leads nowhere."""
        return self._answer(request, self._files["/404.html"], 404)

    def _answer(self, request: web.Request, file: File, status: int = 200) -> web.Response:
        headers = {"ETag": file.etag, "Cache-Control": CHECK_ALWAYS, "Vary": "Accept-Encoding"}
        if status == 200 and file.etag in request.headers.get("If-None-Match", ""):
            return web.Response(status=304, headers=headers)
        headers["Content-Type"] = file.content_type
        packed = file.packed and "gzip" in request.headers.get("Accept-Encoding", "")
        if packed:
            headers["Content-Encoding"] = "gzip"
        return web.Response(status=status, body=file.packed if packed else file.body, headers=headers)


def _page(layout: str, page: Path) -> str:
    title, _newline, main = page.read_text("utf-8").partition("\n")
    return layout.replace("{{title}}", title.strip()).replace("{{name}}", page.stem).replace("{{main}}", main)


def _file(kind: str, body: bytes) -> File:
    text = kind.startswith("text/") or kind in ("application/javascript", "image/svg+xml")
    etag = f'W/"{hashlib.sha256(body).hexdigest()[:20]}"'
    return File(body, gzip.compress(body, mtime=0) if text else b"", f"{kind}; charset=utf-8" if text else kind, etag)
