"""Tells instances, through EC2 Instance Connect, of the key that they are to let a user in with for a minute."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

from udo.errors import NotSent, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from udo.config import Role
    from udo.session import Session
    from udo.ssh.target import Push, Target

_SERVICE, _OPERATION = "ec2-instance-connect", "SendSSHPublicKey"
# Seconds in which it is tried again where AWS asks to slow down.
_PATIENCE = 20.0


def push(session: Session, role: Role, targets: Sequence[Target]) -> Push:
    """What tells an instance of a key, called by several threads at once.

    Raises: UsageError where nobody says as whom one of the targets is logged in to.
    """
    aws = session.aws(role)
    meant = [target for target in targets if target.instance_connect]
    if any("user" in target.unset for target in meant):
        raise UsageError(
            "ssh.instance_connect lets one user in, and none is named", hint="give -l USER or set ssh.user"
        )
    if meant:
        # On other threads it would be made again and again.
        aws.open(_SERVICE, writes=True)

    def pushed(instance_id: str, user: str, key: str) -> None:
        params = {"InstanceId": instance_id, "InstanceOSUser": user, "SSHPublicKey": key}
        until = time.monotonic() + _PATIENCE
        while True:
            try:
                aws.call(_SERVICE, _OPERATION, params)
            except NotSent:
                if time.monotonic() >= until:
                    raise
                # Many ask at once: spread over a while they all come through.
                time.sleep(random.uniform(0.2, 2.0))  # noqa: S311
            else:
                return

    return pushed
