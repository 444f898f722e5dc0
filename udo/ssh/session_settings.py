"""The settings of `ssh` that no configuration may have a say in: whether a command is run, read for and waited for."""

from __future__ import annotations

import functools

from udo import programs

_SETTINGS = {"ForkAfterAuthentication": "no", "StdinNull": "no", "SessionType": "default"}


@functools.cache
def session_settings() -> dict[str, str]:
    """What takes the place of such settings; empty for an ssh that does not know them, and reads no file with them.

    Raises: Interrupted; FileNotFoundError where there is no ssh program. Source: they are there since OpenSSH 8.7.
    """
    words = [word for name, value in _SETTINGS.items() for word in ("-o", f"{name}={value}")]
    asked = programs.asked(["ssh", "-G", "-F", "none", *words, "x"])
    return {} if asked.returncode else _SETTINGS
