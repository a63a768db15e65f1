"""Passwords: kept as Argon2id hashes, with the least parameters that OWASP's Password Storage Cheat Sheet names.

They are hashed in two threads of their own: each hashing thread keeps the 19 MiB that it needed.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHash, VerificationError

_threads = ThreadPoolExecutor(2, "argon2")
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_nobody = _hasher.hash("nobody has this password")


def hashed(password: str) -> str:
    """Return the hash to keep."""
    return str(_threads.submit(_hasher.hash, password).result())


def matches(kept: str | None, password: str) -> bool:
    """Whether ``password`` is the one of ``kept``; takes as long where there is no such user, or one without a password."""
    try:
        return bool(_threads.submit(_hasher.verify, kept or _nobody, password).result()) and bool(kept)
    except (VerificationError, InvalidHash):
        return False
