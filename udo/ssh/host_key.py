"""The public key of a server as a value that can be compared, written down and told to a person."""

from __future__ import annotations

import base64
import binascii
import hashlib
import struct

from udo.frozen import frozen


@frozen
class HostKey:
    """A server's public key; `kind` is its name in known_hosts, `blob` its bytes on the wire."""

    kind: str
    blob: bytes

    @property
    def fingerprint(self) -> str:
        """The key's SHA-256 as OpenSSH prints it."""
        digest = base64.b64encode(hashlib.sha256(self.blob).digest()).decode()
        return f"SHA256:{digest.rstrip('=')}"

    @property
    def text(self) -> str:
        """The key as it stands in known_hosts, without the names before it."""
        return f"{self.kind} {base64.b64encode(self.blob).decode()}"

    @property
    def algorithms(self) -> tuple[str, ...]:
        """The names under which a server offers such a key, best first (RSA only with SHA-2)."""
        return ("rsa-sha2-512", "rsa-sha2-256") if self.kind == "ssh-rsa" else (self.kind,)


def parse(kind: str, encoded: str) -> HostKey | None:
    """The key written as `kind encoded`, None where that is not a whole key of this kind."""
    try:
        blob = base64.b64decode(encoded, validate=True)
        (length,) = struct.unpack_from(">I", blob)
    except (binascii.Error, ValueError, struct.error):
        return None
    inner = blob[4 : 4 + length]
    return HostKey(kind, blob) if inner == kind.encode() and len(blob) > 4 + length else None
