"""Says what Systems Manager cannot keep of what is asked for, before anything is called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from udo.errors import UsageError
from udo.fanout.ssm.script import script
from udo.fanout.ssm.send import LEAST, LONGEST

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from udo.config import Role
    from udo.fanout.how import Remote
    from udo.session import Session

# Option, what the command line calls its value, and why not.
_OPTIONS = {
    "--env": ("env", "whoever may read commands in AWS can read the text of this one"),
    "--stdin": ("reads", "a command there reads nothing from here"),
    "--tty": ("tty", "a command there has no terminal"),
    "--idle-timeout": ("idle_timeout", "what a command says is only seen once it has ended"),
    "--connect-timeout": ("connect_timeout", "nothing is connected to"),
    "--retry": ("retry", "AWS itself tries until a command is delivered"),
    "--host-keys": ("host_keys", "there is no host key: AWS knows the instance by its role"),
}
_KEYS = {"ssh.jump": "no host is jumped through", "ssh.idle_timeout": _OPTIONS["--idle-timeout"][1]}


def refusals(session: Session, role: Role, given: Mapping[str, Any]) -> Iterator[str]:
    """What is asked for on the command line (`given`) or in udo.yml that does not go, each with its reason."""
    for option, (name, why) in _OPTIONS.items():
        if given[name]:
            yield f"{option} does not go through Systems Manager: {why}"
    for key, why in _KEYS.items():
        if session.setting(role, key):
            yield f"{key} of {role.label} ({role.where(key)}) does not go through Systems Manager: {why}"


def check_kept(session: Session, roles: Sequence[Role], given: Mapping[str, Any], work: Remote) -> dict[str, str]:
    """Why Systems Manager is never used instead of ssh, by the label of each role of which that is true.

    Raises: UsageError for roles that it alone is to reach, where not all goes that is asked for.
    """
    barred: dict[str, str] = {}
    for role in roles:
        via = given["via"] or session.setting(role, "ssh.via")
        if via not in ("ssm", "auto"):
            continue
        # What is about the way to a host is for those that ssh reaches.
        of_ssh = ("connect_timeout", "host_keys", "retry") if via == "auto" else ()
        asked = {name: value for name, value in given.items() if name not in of_ssh}
        try:
            _check(session, role, {**dict.fromkeys(of_ssh), **asked}, work)
        except UsageError as error:
            if via == "ssm":
                raise
            barred[role.label] = error.message
    return barred


def _check(session: Session, role: Role, given: Mapping[str, Any], work: Remote) -> None:
    for told in refusals(session, role, given):
        raise UsageError(told, hint="leave it out, or use --via paramiko")
    limit = given["timeout"] or session.setting(role, "ssh.timeout")
    if limit and not LEAST <= limit <= LONGEST:
        told = f"a limit of {limit:g} s does not go through Systems Manager: it takes {LEAST} s to 48 h"
        raise UsageError(told, hint="give another --timeout, or use --via paramiko")
    if work.command:
        user = session.setting(role, "ssh.user") if given["user"] is None else given["user"]
        if not user and not work.sudo:
            told = f"who is to run it on {role.label}? Systems Manager is root there"
            raise UsageError(told, hint="give -l USER or set ssh.user, or use --sudo for root")
        script(work.plain, work.stdin, user, sudo=work.sudo, mark="-")
    elif given["user"] is not None:
        told = "-l is not for a login through Systems Manager: its preferences in AWS say as whom"
        raise UsageError(told, hint="leave it out, or use --via paramiko")
