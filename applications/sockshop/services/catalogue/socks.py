"""Socks in the form of the catalogue's answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from aiohttp import web

QUERY = """
SELECT sock.sock_id AS id, sock.name, sock.description, sock.price, sock.count, sock.image_url_1, sock.image_url_2,
       GROUP_CONCAT(tag.name ORDER BY tag.tag_id) AS tags
FROM sock
JOIN sock_tag ON sock.sock_id = sock_tag.sock_id
JOIN tag ON sock_tag.tag_id = tag.tag_id
{where}
GROUP BY sock.sock_id
ORDER BY sock.sock_id
"""


def list_query(tags: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """Return the query for socks with any of ``tags``, all socks where there are none, and its values."""
    where = f"WHERE tag.name IN ({', '.join(['%s'] * len(tags))})" if tags else ""
    return QUERY.format(where=where), tags


def one_query(key: str) -> tuple[str, tuple[str, ...]]:
    """Return the query for the sock with id ``key``."""
    return QUERY.format(where="WHERE sock.sock_id = %s"), (key,)


def size_query(tags: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """Return the query for the number of socks with any of ``tags``."""
    query, values = list_query(tags)
    return f"SELECT COUNT(*) AS size FROM ({query}) AS found", values


def asked_tags(request: web.Request) -> tuple[str, ...]:
    """Return the tags that a request names."""
    return tuple(tag for tag in request.query.get("tags", "").split(",") if tag)


def sock(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row as JSON."""
    return {
        "id": row["id"],
        "name": row["name"],
        "description": row["description"],
        "imageUrl": [row["image_url_1"], row["image_url_2"]],
        "price": round(float(row["price"]), 2),
        "count": row["count"],
        "tag": row["tags"].split(","),
    }


def page(rows: Iterable[Mapping[str, Any]], number: str, size: str) -> list[dict[str, Any]] | None:
    """Return one page of the socks; None for the first page of none, as the original answers."""
    found = list(rows)
    which, most = _whole(number), _whole(size)
    if not which or not most:
        return []
    if not found and which == 1:
        return None
    return [sock(row) for row in found[(which - 1) * most : which * most]]


def _whole(text: str) -> int:
    """Return the number that ``text`` writes, 0 where it writes none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
