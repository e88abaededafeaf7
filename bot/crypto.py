"""Encryption at rest: AES-GCM under versioned keys, and a keyed index to find what is encrypted.

A stored value is two bytes of key version, twelve of nonce, then the ciphertext with its tag. New rows use
the first key of ``ENCRYPTION_KEYS``; older versions stay readable for as long as they are listed.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import LargeBinary
from sqlalchemy.types import TypeDecorator

from bot.config import settings


class UnknownKeyVersion(Exception):
    """A row was written under a key that is no longer listed in ENCRYPTION_KEYS: list it again."""


class Unreadable(Exception):
    """A stored value does not decrypt: it was altered, or its key's bytes were changed under its version."""


class Keyring:
    """The keys of one installation.

    :param encryption: version → 32-byte AES key; the first encrypts.
    :param index: version → 32-byte HMAC key; the first makes new index values.
    """

    def __init__(self, encryption: dict[int, bytes], index: dict[int, bytes]) -> None:
        self._ciphers = {version: AESGCM(key) for version, key in encryption.items()}
        self._current = next(iter(encryption))
        self._index_keys = index

    def encrypt(self, plain: str) -> bytes:
        """Encrypt a text; twice the same text gives two different values."""
        nonce = os.urandom(12)
        version = self._current.to_bytes(2, "big")
        return version + nonce + self._ciphers[self._current].encrypt(nonce, plain.encode(), version)

    def decrypt(self, stored: bytes) -> str:
        """Give the text back.

        :raises UnknownKeyVersion: the key is no longer listed.
        :raises Unreadable: the value was altered.
        """
        version, nonce, sealed = stored[:2], stored[2:14], stored[14:]
        cipher = self._ciphers.get(int.from_bytes(version, "big"))
        if cipher is None:
            number = int.from_bytes(version, "big")
            raise UnknownKeyVersion(f"ENCRYPTION_KEYS has no key of version {number}: list it again.")
        try:
            return cipher.decrypt(nonce, sealed, version).decode()
        except (InvalidTag, ValueError):  # altered, or cut short
            raise Unreadable("A stored value does not decrypt; was its key changed, or the row?") from None

    def index(self, plain: str) -> bytes:
        """The value to store for look-ups of ``plain``: key version, then HMAC-SHA-256."""
        return self.indexes(plain)[0]

    def indexes(self, plain: str) -> list[bytes]:
        """Every value under which ``plain`` may be stored, the current one first."""
        return [
            version.to_bytes(2, "big") + hmac.digest(key, plain.encode(), hashlib.sha256)
            for version, key in self._index_keys.items()
        ]


@lru_cache(maxsize=1)
def keyring() -> Keyring:
    """The keyring of this process, from ``ENCRYPTION_KEYS`` and ``INDEX_KEYS``."""
    return Keyring(settings().encryption_keys, settings().index_keys)


class EncryptedText(TypeDecorator[str]):
    """A column whose text is encrypted on its way in and decrypted on its way out."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Any) -> bytes | None:  # noqa: ARG002
        return None if value is None else keyring().encrypt(value)

    def process_result_value(self, value: bytes | None, dialect: Any) -> str | None:  # noqa: ARG002
        return None if value is None else keyring().decrypt(bytes(value))


class EncryptedJSON(TypeDecorator[dict[str, Any]]):
    """A column whose JSON object is encrypted like :class:`EncryptedText`."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: dict[str, Any] | None, dialect: Any) -> bytes | None:  # noqa: ARG002
        return None if value is None else keyring().encrypt(json.dumps(value))

    def process_result_value(self, value: bytes | None, dialect: Any) -> dict[str, Any] | None:  # noqa: ARG002
        return None if value is None else dict(json.loads(keyring().decrypt(bytes(value))))
