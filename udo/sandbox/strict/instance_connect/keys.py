"""Keys that are pushed to an instance for a minute."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field
from typing import Any

from moto.moto_api._internal import mock_random

from udo.sandbox.strict import moment
from udo.sandbox.strict.rules import Refusal, Request, answers, refuses
from udo.sandbox.strict.ssm.agents import instances

# How long a key is good for.
SECONDS = 60.0
# Source: EC2 User Guide, "Connect using EC2 Instance Connect" (supported SSH public keys).
_KINDS = ("ssh-rsa", "ssh-ed25519")
# Source: botocore ec2-instance-connect SendSSHPublicKeyRequest, patterns of InstanceId and InstanceOSUser.
_INSTANCE = re.compile(r"i-[a-f0-9]+")
_USER = re.compile(
    r"[A-Za-z_][A-Za-z0-9@._-]{0,30}[A-Za-z0-9$_-]?|(?=.{2,32}$)[0-9]{1,32}[A-Za-z@._-][A-Za-z0-9@._-]*[A-Za-z0-9$_-]?"
)


@dataclass
class Pushed:
    """The keys that instances have been sent, each with the moment it is good until."""

    keys: dict[tuple[str, str, bytes], float] = field(default_factory=dict)

    def push(self, instance_id: str, user: str, key: bytes) -> None:
        """Lets a user of an instance in with a key."""
        now = moment.lived()
        self.keys = {one: until for one, until in self.keys.items() if until > now}
        self.keys[instance_id, user, key] = now + SECONDS

    def lets_in(self, instance_id: str, user: str, key: bytes) -> bool:
        """Whether a user of an instance is let in with a key at the moment."""
        return moment.lived() < self.keys.get((instance_id, user, key), 0.0)

    def clear(self) -> None:
        """Forgets all of them."""
        self.keys.clear()


# One per process, since moto's state is the process's.
pushed = Pushed()


@refuses("ec2-instance-connect", "SendSSHPublicKey", moto="accepts anything")
def keys_are_of_two_kinds(request: Request) -> None:
    """A key is one of RSA or ED25519, as OpenSSH writes it, for a user whose name may be one.

    Source: botocore ec2-instance-connect SendSSHPublicKeyRequest; EC2 User Guide, "Connect using EC2 Instance Connect".
    """
    params = request.params
    if not _INSTANCE.fullmatch(params["InstanceId"]) or not 10 <= len(params["InstanceId"]) <= 32:
        raise Refusal("InvalidArgsException", "Invalid instance ID.")
    if not _USER.fullmatch(params["InstanceOSUser"]):
        raise Refusal("InvalidArgsException", "Invalid OS user name.")
    if not 80 <= len(params["SSHPublicKey"]) <= 4096 or _blob(params["SSHPublicKey"]) is None:
        raise Refusal("InvalidArgsException", "Invalid SSH public key.")


@answers("ec2-instance-connect", "SendSSHPublicKey", moto="says Success and keeps nothing")
def keys_let_a_user_in_for_a_minute(request: Request) -> dict[str, Any]:
    """A key lets that user in, and no other, to that running instance, for 60 seconds.

    Source: EC2 User Guide, "Connect using EC2 Instance Connect" (the key stays for 60 seconds); botocore
    ec2-instance-connect SendSSHPublicKey, errors EC2InstanceNotFoundException and EC2InstanceStateInvalidException.
    """
    params = request.params
    instance = instances(request.account, request.region).get(params["InstanceId"])
    if instance is None:
        raise Refusal("EC2InstanceNotFoundException", f"The instance {params['InstanceId']} was not found.")
    if params.get("AvailabilityZone") not in (None, instance.placement.zone):
        raise Refusal("EC2InstanceNotFoundException", f"The instance is not in {params['AvailabilityZone']}.")
    if instance.state != "running":
        raise Refusal("EC2InstanceStateInvalidException", "The instance is not running.")
    blob = _blob(params["SSHPublicKey"])
    assert blob is not None
    pushed.push(instance.id, params["InstanceOSUser"], blob)
    return {"RequestId": str(mock_random.uuid4()), "Success": True}


def _blob(text: str) -> bytes | None:
    """What a public key is made of; None where it is none of those that are taken."""
    kind, _, rest = text.strip().partition(" ")
    try:
        blob = base64.b64decode(rest.partition(" ")[0], validate=True)
    except binascii.Error:
        return None
    name = kind.encode()
    return blob if kind in _KINDS and blob[4 : 4 + len(name)] == name else None
