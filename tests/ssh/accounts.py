"""Accounts that only the programs of a test see, by libnss-wrapper: real login shells and homes, nothing in /etc."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

# sshd's own, which it gives its rights up to before a login.
_SSHD = "sshd:*:998:998::/run/sshd:/usr/sbin/nologin\n"


def environment(folder: Path, shells: Mapping[str, Path], home: Path) -> dict[str, str]:
    """What makes a program see an account of this name for each of `shells`, all of them being whoever runs the tests.

    Skips the test where libnss-wrapper is not installed.
    """
    found = sorted(Path("/usr/lib").glob("**/libnss_wrapper.so"))
    if not found:
        pytest.skip("libnss_wrapper.so is missing: install libnss-wrapper to run the tests with accounts of their own")
    passwd, group = folder / "passwd", folder / "group"
    mine = "".join(f"{name}:*:{os.getuid()}:{os.getgid()}::{home}:{shell}\n" for name, shell in shells.items())
    passwd.write_text(mine + _SSHD)
    group.write_text(f"mine:*:{os.getgid()}:\nsshd:*:998:\n")
    return {"LD_PRELOAD": str(found[0]), "NSS_WRAPPER_PASSWD": str(passwd), "NSS_WRAPPER_GROUP": str(group)}
