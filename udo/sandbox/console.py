"""The console output of an instance: the boot messages that carry its ssh host keys."""

from __future__ import annotations

from typing import Any

_FENCE = "#" * 61


def output(instance: Any, key: Any | None) -> str:
    """The text GetConsoleOutput answers with, in the form cloud-init writes it at boot.

    Source: cloud-init's write-ssh-key-fingerprints (BEGIN SSH HOST KEY FINGERPRINTS, BEGIN SSH HOST KEY KEYS).
    """
    name = instance.private_dns_name
    lines = ["Amazon Linux 2023", "Kernel 6.1 on an x86_64 (-)", "", f"{name} login: "]
    if key is not None:
        lines += [_FENCE, "-----BEGIN SSH HOST KEY FINGERPRINTS-----"]
        lines += [f"256 {key.fingerprint} root@{name} (ED25519)", "-----END SSH HOST KEY FINGERPRINTS-----", _FENCE]
        lines += ["-----BEGIN SSH HOST KEY KEYS-----", f"{key.get_name()} {key.get_base64()} root@{name}"]
        lines += ["-----END SSH HOST KEY KEYS-----"]
    return "\n".join([*lines, f"cloud-init finished on {name}", ""])
