"""Passwords: kept as Argon2id hashes, with the least parameters that OWASP's Password Storage Cheat Sheet names."""

from __future__ import annotations

import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHash, VerificationError

_AT_A_TIME = threading.Semaphore(2)
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_nobody = _hasher.hash("nobody has this password")


def hashed(password: str) -> str:
    """Return the hash to keep."""
    with _AT_A_TIME:
        return str(_hasher.hash(password))


def matches(kept: str | None, password: str) -> bool:
    """Whether ``password`` is the one of ``kept``; takes as long for None, an unknown user."""
    with _AT_A_TIME:
        try:
            return bool(_hasher.verify(kept or _nobody, password)) and kept is not None
        except (VerificationError, InvalidHash):
            return False
