"""Finds the host keys an instance printed at boot in its console output."""

from __future__ import annotations

import re

from udo.ssh import host_key
from udo.ssh.host_key import HostKey

# Source: cloud-init's `write-ssh-key-fingerprints`; a console may put a time and the program's name before each line.
_BLOCK = re.compile(r"-----BEGIN SSH HOST KEY KEYS-----(.*?)-----END SSH HOST KEY KEYS-----", re.DOTALL)
_KEY = re.compile(r"(?:^|\s)((?:ssh|ecdsa|sk)-[a-z0-9@.-]+) +([A-Za-z0-9+/]+={0,3})(?=\s|$)")


def printed_keys(text: str) -> tuple[HostKey, ...]:
    """The keys of the last whole block in the console output; none where it is missing or cut off."""
    blocks = _BLOCK.findall(text)
    found = (_KEY.search(line) for line in blocks[-1].splitlines()) if blocks else ()
    keys = (host_key.parse(match[1], match[2]) for match in found if match)
    return tuple(key for key in keys if key)
