"""A home folder of its own for each host of a farm, whose servers are all the same account's."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

SERVER = "/usr/lib/openssh/sftp-server"


def homes(folder: Path, addresses: Sequence[str], begin: str = "", run: str = "") -> str:
    """The lines of sshd_config by which whoever logs in at an address begins in the folder named after it.

    `begin` is what the shell does first, `run` the program that runs the rest.
    """
    blocks = [f"Subsystem sftp {SERVER}"]
    for address in addresses:
        home = folder / address
        home.mkdir(parents=True, exist_ok=True)
        command = f'cd {home}; {begin} exec {run} sh -c "$SSH_ORIGINAL_COMMAND"'
        blocks.append(f"Match LocalAddress {address}\n    ForceCommand {command}")
    return "\n".join(blocks)
