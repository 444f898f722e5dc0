"""The advisory lock of a group in SSM Parameter Store: what takes it, keeps it and gives it back."""

from __future__ import annotations

from typing import Protocol

from udo.change.holder import Holder, parameter_name
from udo.change.plan import Call, Pair, Plan, Read


class Lock(Protocol):
    """What stands between two runs on one target."""

    def take(self) -> None:
        """Before a write: takes it, if it is not held. Raises: Conflict where somebody else has it."""

    def give_back(self) -> None:
        """Before anything long that is no write of Udo's own."""

    def beat(self) -> None:
        """While it is held through something long: shows that its holder lives. Raises: Conflict where it is lost."""


class Free:
    """No lock at all."""

    def take(self) -> None:
        """Nothing is taken."""

    def give_back(self) -> None:
        """Nothing is given back."""

    def beat(self) -> None:
        """Nobody is told."""


def plan_lock(group_name: str, holder: Holder) -> Plan:
    """The plan that takes the lock, if nobody has it."""
    name = parameter_name(group_name)
    params = {"Name": name, "Value": holder.text, "Type": "String", "Overwrite": False}
    proof = Pair(lock_read(name), holder.text, f"lock of {group_name}")
    call = Call(f"lock {group_name}", "ssm", "PutParameter", params, proof=(proof,))
    return Plan("lock", group_name, (call,), done=f"{group_name} is locked")


def plan_beat(group_name: str, holder: Holder) -> Plan:
    """The plan that writes a lock once more as it is, so that it is not taken for one left behind."""
    name = parameter_name(group_name)
    params = {"Name": name, "Value": holder.text, "Type": "String", "Overwrite": True}
    mine = Pair(lock_read(name), holder.text, f"lock of {group_name}")
    call = Call(f"keep {group_name} locked", "ssm", "PutParameter", params, expect=(mine,), proof=(mine,))
    return Plan("lock", group_name, (call,), done=f"{group_name} is locked")


def plan_unlock(group_name: str, seen: str) -> Plan:
    """The plan that gives a lock back, or breaks it, if it still is the one that was seen.

    SSM deletes without a condition, so a window of one request remains.
    """
    name = parameter_name(group_name)
    read = lock_read(name)
    call = Call(
        f"unlock {group_name}",
        "ssm",
        "DeleteParameter",
        {"Name": name},
        expect=(Pair(read, seen, f"lock of {group_name}"),),
        proof=(Pair(read, None, f"lock of {group_name}"),),
    )
    return Plan("unlock", group_name, (call,), done=f"{group_name} is not locked any more")


def lock_read(name: str) -> Read:
    """The value of a lock's parameter, null where there is none."""
    return Read("ssm", "GetParameters", {"Names": [name]}, "Parameters[0].Value")


def modified_read(name: str) -> Read:
    """When a lock was taken, by SSM's own clock (RFC 3339)."""
    return Read("ssm", "GetParameters", {"Names": [name]}, "Parameters[0].LastModifiedDate")
