"""Worlds whose instances have agents of Systems Manager, and what goes wrong there."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from udo.sandbox import strict
from udo.sandbox.faults import Fault

GROUPS = """
region: us-west-2
ami: ami-0123456789abcdef0
instance_type: t3.small
iam_profile: agents
ssh: {user: ec2-user, via: ssm}
clusters:
  stage:
    roles:
      webapp: {scale_policy: {min_size: 3, max_size: 900, desired: 3}}
      worker: {scale_policy: {min_size: 2, max_size: 6, desired: 2}}
"""


def agent_fault(kind: str, **more: Any) -> None:
    """Makes agents go wrong."""
    strict.agent_faults.add(strict.AgentFault(kind, **more))


def let_work(world: Any) -> None:
    """Gives the processes of commands a moment at each poll, which moves the clock of the world on at once."""
    world.faults.add(Fault("hook", "ListCommandInvocations", times=None, hook=lambda _: time.sleep(0.01)))


def after_the_look(world: Any, act: Callable[[], Any]) -> None:
    """Acts just after it was looked who is online."""
    world.faults.add(Fault("hook", "DescribeInstanceInformation", after=True, hook=lambda _: act()))


def once_running(world: Any, instance_id: str, act: Callable[[], Any]) -> None:
    """Acts once a listing has shown the command at work on an instance."""
    from udo.sandbox.strict.ssm.command import commands_of

    is_done: list[bool] = []

    def look(_: Any) -> None:
        from moto.ssm.models import ssm_backends

        for command in commands_of(ssm_backends[world.account][world.region]).all.values():
            mine = [one for one in command.targets if one.instance_id == instance_id and one.status == "InProgress"]
            if mine and not is_done:
                is_done.append(True)
                act()

    world.faults.add(Fault("hook", "ListCommandInvocations", times=None, after=True, hook=look))


def begin_while_cancelled(world: Any) -> None:
    """Lets one of those that wait for a command begin just before it is cancelled there."""

    def begin(_: Any) -> None:
        from moto.ssm.models import ssm_backends

        from udo.sandbox.strict import moment
        from udo.sandbox.strict.ssm.command import commands_of

        for command in commands_of(ssm_backends[world.account][world.region]).all.values():
            waiting = next(one for one in command.targets if one.status == "Pending")
            waiting.began = moment.now()
            waiting.end("Cancelled", "Cancelled")

    world.faults.add(Fault("hook", "CancelCommand", hook=begin))


def params(world: Any, operation: str) -> list[dict[str, Any]]:
    """The parameters of each request of an operation, in order."""
    return [dict(one.params) for one in world.log if one.operation == operation]


def commands_under_way(world: Any) -> int:
    """How many commands have not ended."""
    from moto.ssm.models import ssm_backends

    from udo.sandbox.strict.ssm.command import commands_of

    return sum(1 for _ in commands_of(ssm_backends[world.account][world.region]).open())
