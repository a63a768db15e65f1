"""What the environment says about this front-end."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

BACKENDS = ("catalogue", "carts", "orders", "user")


@dataclass(frozen=True)
class Settings:
    """`urls` maps a backend's name to its base address without a final slash; `root` holds pages and static files."""

    root: Path
    admin_port: int
    session_key: bytes
    urls: dict[str, str]


def read(root: Path) -> Settings:
    """Return the settings. Without a key file, sessions end with the process and are not shared by replicas."""
    key_file = os.environ.get("SESSION_KEY_FILE", "")
    key = Path(key_file).read_bytes().strip() if key_file else secrets.token_bytes(32)
    if len(key) < 16:
        raise ValueError("SESSION_KEY_FILE: a session key needs at least 16 bytes")
    urls = {name: os.environ.get(f"{name.upper()}_URL", f"http://{name}").rstrip("/") for name in BACKENDS}
    return Settings(root, int(os.environ.get("ADMIN_PORT", "9001")), key, urls)
