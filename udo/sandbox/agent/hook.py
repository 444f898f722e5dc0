"""A lifecycle event that runs scripts: whose bundle they come from, in which order, with what around them."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from udo.bundle.appspec import AppSpec, Script, leads_out, parse
from udo.bundle.failure import SCRIPT_MISSING, Failed
from udo.bundle.machine import joined
from udo.bundle.names import OF_THE_LAST
from udo.sandbox.agent import users
from udo.sandbox.agent.deployment import Deployment
from udo.sandbox.agent.host import Host
from udo.sandbox.agent.program import Programs, Started
from udo.sandbox.agent.script import run
from udo.sandbox.agent.tail import ScriptLog


@dataclass(frozen=True)
class Hook:
    """One event of one deployment, ready to run; `folder` is where its bundle lies unpacked."""

    event: str
    folder: str
    spec: AppSpec

    @property
    def scripts(self) -> tuple[Script, ...]:
        """The scripts in order."""
        return self.spec.hooks.get(self.event, ())


def found_hook(host: Host, event: str, deployment: Deployment, root: str, last: str | None) -> Hook | None:
    """The event's scripts, from the right bundle; None where an earlier bundle is needed and there has been none.

    Raises: Failed where the bundle has no appspec, or one that the agent does not take.
    """
    if (event in OF_THE_LAST or deployment.restarts) and not host.real(f"{root}/deployment-archive").exists():
        if last is None:
            return None
        root = last
    folder = f"{root}/deployment-archive"
    return Hook(event, folder, parse(appspec_of(host, folder, deployment.appspec)))


def appspec_of(host: Host, folder: str, name: str) -> bytes:
    """The bytes of a bundle's appspec. Raises: Failed."""
    place = joined(folder, name)
    if leads_out(name):
        raise Failed(f"The appspec {name} lies outside of the bundle: the sandbox refuses it")
    try:
        return host.real(place).read_bytes()
    except FileNotFoundError:
        raise Failed(
            f"The CodeDeploy agent did not find an AppSpec file within the unpacked revision directory at "
            f'revision-relative path "{name}". The revision was unpacked to directory "{folder}", and the AppSpec file '
            f'was expected but not found at path "{place}". Consult the AWS CodeDeploy Appspec documentation for more '
            "information at http://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file.html"
        ) from None
    except OSError as error:
        raise Failed(f"{os.strerror(error.errno or 0)} @ io_fread - {place}") from error


def run_hook(host: Host, hook: Hook, programs: Programs, environment: Mapping[str, str], log: ScriptLog) -> None:
    """Runs every script of the event. Raises: Failed at the first that does not end well."""
    log.add(f"LifecycleEvent - {hook.event}\n".encode())
    for script in hook.scripts:
        place = joined(hook.folder, script.location)
        _make_runnable(host, script, place)
        log.add(f"Script - {script.location}\n".encode())
        run(script, partial(_start, host, script, place, programs, environment), log.add)


def _make_runnable(host: Host, script: Script, place: str) -> None:
    real = host.real(place)
    if not real.exists():
        raise Failed(
            f"Script does not exist at specified location: {host.expanded(place)}",
            code=SCRIPT_MISSING,
            script=script.location,
        )
    mode = real.stat().st_mode
    # What counts is that somebody may run it, as it is for root.
    if not mode & 0o111:
        real.chmod((mode & 0o7777) | 0o111)


def _start(host: Host, script: Script, place: str, programs: Programs, environment: Mapping[str, str]) -> Started:
    folder = host.cwd
    if programs.real_paths:
        place, folder = str(host.real(place)), str(host.real(folder))
    if not host.owners:
        return _start_as_myself(host, script, partial(programs.start, folder=folder), place, environment)
    words = place
    if script.runas is not None:
        words = f"su {script.runas} -c {place}"
    if script.sudo:
        words = f"sudo {words}"
    return programs.start(words, environment, folder)


def _start_as_myself(
    host: Host, script: Script, start: Callable[..., Started], place: str, environment: Mapping[str, str]
) -> Started:
    """Starts a script with the variables that su and sudo would give it, where nobody can become another user."""
    given = dict(environment)
    user = script.runas or "root"
    known = users.user(host.root, user)
    if known is None:
        # su's own words, and its exit status.
        told = f"su: user {user} does not exist or the user entry does not contain all the required fields"
        return start(f"echo {shlex.quote(told)} >&2; exit 1", given)
    if script.sudo:
        given = {name: value for name, value in given.items() if name in ("PATH", "HOME", "LANG")}
    if script.runas is not None:
        given |= {"HOME": known.home, "SHELL": known.shell, "USER": user, "LOGNAME": user}
        host.note(f"{script.location} ran as the owner of the sandbox, not as {user}: it does not run as root")
    return start(place, given)
