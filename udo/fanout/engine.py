"""Reaches hosts for a plan: the remote command over ssh or Systems Manager, the login, what other programs need."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from udo.change.events import Event
    from udo.change.plan import FanOut
    from udo.config import Role
    from udo.fanout.given import Given
    from udo.session import Session


def fan_out(session: Session, role: Role, given: Given | None, step: FanOut) -> Iterator[Event]:
    """The events of a remote command on many instances, as they happen; without a command, of a login on one.

    `given` is what the command is to read besides, None for nothing.
    """
    if step.targets[0]["via"] == "ssm":
        from udo.fanout.ssm import engine, login

        return engine.events(session, role, step) if step.command else login.login(session, role, step)
    from udo import ssh
    from udo.fanout.instance_connect import push

    targets = [ssh.Target(**row) for row in step.targets]
    named = dict(step.options)
    if copy := named.pop("copy", None):
        named["copy"] = ssh.Copy(**{**copy, "sources": tuple(copy["sources"])})
    options, ec2 = ssh.Options(**named, input=given.descriptor() if given else None), session.aws(role).ec2
    if not (step.command or options.copy):
        return ssh.login(targets[0], options, ec2.console_output, push(session, role, targets[:1]))
    pushed = push(session, role, targets)
    return ssh.fan_out(targets, step.command, options, ec2.console_output, ec2.terminated, pushed)


def ssh_config(session: Session, targets: Sequence[tuple[Role, Mapping[str, Any]]]) -> tuple[str, list[str]]:
    """An OpenSSH client configuration that reaches these hosts by their instance ids, and what it cannot do."""
    from udo import ssh

    return ssh.client_config([ssh.Target(**row) for _, row in targets], _console(session, targets))


def ssh_words(
    session: Session, targets: Sequence[tuple[Role, Mapping[str, Any]]]
) -> tuple[dict[str, tuple[str, ...]], list[str]]:
    """By instance id what ssh, scp and sftp need besides address, port, user and key; and what that cannot do."""
    from udo import ssh

    return ssh.client_words([ssh.Target(**row) for _, row in targets], _console(session, targets))


def _console(session: Session, targets: Sequence[tuple[Role, Mapping[str, Any]]]) -> Callable[[str], str | None]:
    consoles = {row["instance_id"]: session.aws(role).ec2.console_output for role, row in targets}
    return lambda one: consoles[one](one)
