"""Observes the instances that are meant, and how each of them is reached."""

from __future__ import annotations

import getpass
import re
from dataclasses import field, replace
from typing import TYPE_CHECKING, Any

from udo.errors import Absent, UsageError
from udo.fanout.last_run import failed
from udo.fanout.named import check_named
from udo.fanout.ssm.agents import not_online
from udo.fanout.which import Whom, chosen
from udo.frozen import frozen
from udo.groups.observe import observe_instances
from udo.groups.outdated import observe_outdated

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from udo.change.events import HostDone
    from udo.config import Role
    from udo.fanout.auto import Ways
    from udo.groups.observe import Seen
    from udo.model.groups import Member
    from udo.session import Session

# What is asked of a host that nobody named otherwise: what ssh itself would trust, see udo.ssh.KNOWN_HOSTS.
_KNOWN_HOSTS = (
    "~/.ssh/known_hosts",
    "~/.ssh/known_hosts2",
    "/etc/ssh/ssh_known_hosts",
    "/etc/ssh/ssh_known_hosts2",
)
# What ssh carries, the usual one first.
_OF_SSH = ("paramiko", "openssh")
_ADDRESSES = {"private": "private_address", "public": "public_address", "ipv6": "ipv6_address"}


@frozen
class Host:
    """One instance that is meant: either to be reached or at its end already.

    `target` is a row of ssh.Target; of one that Systems Manager reaches it has instance_id, address, user and via.
    """

    seen: Seen
    member: Member
    target: Mapping[str, Any] = field(default_factory=dict)
    ending: HostDone | None = None

    @property
    def role(self) -> Role:
        """The role whose group it is a member of."""
        return self.seen.role

    @property
    def instance_id(self) -> str:
        """Its id."""
        return self.member.instance_id


def observe_hosts(
    session: Session,
    roles: Sequence[Role],
    whom: Whom,
    user: str | None = None,
    via: str | None = None,
    *,
    ways: Ways | None = None,
    or_none: bool = False,
) -> list[Host]:
    """The instances of the roles that are meant, in the order of the roles, and a line for a role that has none.

    They are those that ssh reaches; with `ways` those that Systems Manager does where `ssh.via` says so. With
    `or_none` there may be none, as long as there is a group.

    Raises: Absent when there is none, or one named is none of theirs.
    """
    reaches = {role.label: _reach(session, role, user, _via(session, role, via, ways)) for role in roles}
    _say_what_is_set_aside(session, roles)
    before = {role.label: failed(session, role) for role in roles} if whom.only_failed else {}
    seen = observe_instances(session, roles)
    check_named(session, seen, whom)
    found: list[Host] = []
    nobody, left_out = [], []
    for one in seen:
        outdated = observe_outdated(session.aws(one.role), one.group) if whom.outdated else frozenset()
        meant = chosen(one, whom, outdated, before.get(one.role.label, frozenset()))
        nobody += [meant.why] if meant.why else []
        # Whom the operator's own choice leaves out needs no word; who has nobody to choose from does.
        left_out += [why] if meant.why and (why := chosen(one, Whom()).why) else []
        found += _hosts(one, meant.members, reaches[one.role.label])
    if not found and not (or_none and any(one.group for one in seen)):
        raise Absent("; ".join(nobody))
    for why in left_out:
        session.output.say(f"left out: {why}")
    return _with_agents(session, found, ways) if ways else found


def within_reach(hosts: Sequence[Host]) -> tuple[list[Host], list[str]]:
    """The hosts that have an address now, and a line for each other one.

    Raises: Absent when none of them has one.
    """
    notes = [f"{host.instance_id}: {host.ending.reason}" for host in hosts if host.ending]
    found = [host for host in hosts if not host.ending]
    if hosts and not found:
        raise Absent("; ".join(notes))
    return found, notes


def _say_what_is_set_aside(session: Session, roles: Sequence[Role]) -> None:
    """Tells of the sandbox that nobody jumps to its hosts: what works there may fail where it has to."""
    jumps = sorted({str(jump) for role in roles if (jump := role.get("ssh.jump"))}) if session.options.sandbox else ()
    if jumps:
        session.output.say(
            f"the sandbox's hosts are reached directly: ssh.jump {', '.join(jumps)} of udo.yml is ignored"
        )


def _via(session: Session, role: Role, given: str | None, ways: Ways | None) -> str:
    via = given or str(session.setting(role, "ssh.via"))
    return via if ways or via in _OF_SSH else _OF_SSH[0]


def _with_agents(session: Session, hosts: Sequence[Host], ways: Ways) -> list[Host]:
    """The same hosts, each by its way; those that Systems Manager should reach and cannot have come to their end."""
    from udo.fanout.auto import decided

    found, why = decided(session, hosts, ways)
    wanted = [host for host in found if host.target.get("via") == "ssm" and not host.ending]
    lost: dict[str, str] = {}
    for aws, roles in session.by_aws(list({host.role.label: host.role for host in wanted}.values())):
        labels = {role.label for role in roles}
        lost |= not_online(aws, [host.instance_id for host in wanted if host.role.label in labels])
    told = {one: f"{why[one]}; {reason}" if one in why else reason for one, reason in lost.items()}
    return [
        replace(host, ending=_ending(host.instance_id, "unreachable", told[host.instance_id]))
        if host.instance_id in told and not host.ending
        else host
        for host in found
    ]


def _reach(session: Session, role: Role, user: str | None, via: str) -> dict[str, Any]:
    """What is the same for all hosts of a role in the rows of ssh.Target, and which address is used."""
    chosen = {
        "user": session.setting(role, "ssh.user") if user is None else user,
        "port": session.setting(role, "ssh.port") if session.options.sandbox or role.has("ssh.port") else None,
        "key": next(iter(_files(session, role, "ssh.key")), None),
    }
    jump = session.setting(role, "ssh.jump")
    # A path is what stands there where the words of a command were not quoted, as in `ls -l /var/log`.
    if user is not None and user[:1] in ("/", ".", "~"):
        raise UsageError(f"{user!r} is not a user name", hint="quote the command, or put it after --")
    for word in (chosen["user"], jump):
        # ssh would take a word that begins with a dash for an option of its own.
        if word is not None and not re.fullmatch(r"[^\s-]\S*", word):
            raise UsageError(f"{word!r} is not a {'host to jump through' if word == jump else 'user name'}")
    if via == "ssm":
        return {"user": chosen["user"], "address": session.setting(role, "ssh.address"), "via": via}
    without = session.options.sandbox or session.setting(role, "ssh.config") == "none"
    config = "none" if without else next(iter(_files(session, role, "ssh.config")), None)
    return {
        "port": int(chosen["port"] or session.setting(role, "ssh.port")),
        "user": chosen["user"] or getpass.getuser(),
        "key": chosen["key"],
        "known_hosts": _known_hosts(session, role),
        "address": session.setting(role, "ssh.address"),
        "via": via,
        "config": config,
        "jump": jump,
        "unset": tuple(name for name, value in chosen.items() if value is None),
        "instance_connect": bool(session.setting(role, "ssh.instance_connect")),
    }


def _known_hosts(session: Session, role: Role) -> tuple[str, ...]:
    # The sandbox's addresses come round again with other keys; what the operator's files say of them is old.
    if session.options.sandbox:
        return ()
    return _files(session, role, "ssh.known_hosts") if role.has("ssh.known_hosts") else _KNOWN_HOSTS


def _files(session: Session, role: Role, key: str) -> tuple[str, ...]:
    if session.options.sandbox:
        found = session.setting(role, key)
        return (found,) if found else ()
    return tuple(map(str, role.paths(key)))


def _hosts(seen: Seen, members: Sequence[Member], reach: Mapping[str, Any]) -> Iterator[Host]:
    for member in members:
        instance = seen.instances.get(member.instance_id)
        if instance is None or instance.state in ("shutting-down", "terminated"):
            ending = _ending(member.instance_id, "gone", "terminated since the group listed it")
            yield Host(seen, member, {"via": reach["via"]}, ending)
            continue
        address = getattr(instance, _ADDRESSES[reach["address"]])
        if (address or reach["via"] in ("ssm", "auto")) and instance.state == "running":
            yield Host(seen, member, {"instance_id": member.instance_id, **reach, "address": address or None})
        else:
            reason = f"has no {reach['address']} address" if instance.state == "running" else f"is {instance.state}"
            ending = _ending(member.instance_id, "unreachable", f"the instance {reason}")
            yield Host(seen, member, {"via": reach["via"]}, ending)


def _ending(instance_id: str, outcome: str, reason: str) -> HostDone:
    # Late: what only reads has rarely any use for events.
    from udo.change.events import HostDone

    return HostDone(instance_id, outcome, None, reason, 0.0)
