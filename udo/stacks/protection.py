"""Termination protection of stacks, CloudFormation's own: put on, or taken off a stack that was never made."""

from __future__ import annotations

from udo.change.plan import Call, Pair, Read


def is_protected(stack_id: str, *, on: bool = True) -> Pair:
    """That a stack has it, or has not."""
    path = "Stacks[0].EnableTerminationProtection || `false`"
    return Pair(Read("cloudformation", "DescribeStacks", {"StackName": stack_id}, path), on, "termination protection")


def protection(stack_id: str, name: str, *, on: bool, expect: tuple[Pair, ...] = ()) -> Call:
    """What puts it on, or takes it off."""
    return Call(
        f"{'protect' if on else 'unprotect'} stack {name} {'from' if on else 'for'} deletion",
        "cloudformation",
        "UpdateTerminationProtection",
        {"StackName": stack_id, "EnableTerminationProtection": on},
        expect=expect,
        proof=(is_protected(stack_id, on=on),),
    )
