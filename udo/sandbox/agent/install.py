"""An Install: the last one's files go, the plan is made, then carried out; each thing done is noted for the next."""

from __future__ import annotations

import errno
import json
import os
import shutil
import stat
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

from udo.bundle.appspec import AppSpec
from udo.bundle.failure import NOWHERE, Failed, internal
from udo.bundle.permissions import Ace, ace
from udo.bundle.plan import Acl, Copy, Folder, Label, Mode, Owner, Plan, plan_install
from udo.bundle.scalars import text
from udo.sandbox.agent import users
from udo.sandbox.agent.host import Host, broken

_BLANKS = "\t\n\v\f\r \0"
_CONTEXT = "semanage\0"
# What makes Ruby hand a command to a shell, or splits it: an object of such a name reaches setfacl in pieces.
_SHELL = frozenset("*?{}[]<>()~&|\\$;'`\"\n# \t")


def install(host: Host, instructions: str, group: str, archive: str, spec: AppSpec, behavior: str) -> None:
    """Replaces what the last Install of this deployment group left by the files of `archive`.

    Raises: Failed.
    """
    list_of_files = f"{instructions}/{group}-cleanup"
    try:
        _clean_up(host, list_of_files)
        plan = plan_install(host, archive, spec, behavior)
    except OSError as error:
        raise broken(error, "rb_file_s", str(error.filename)) from error
    _write_plan(host, f"{instructions}/{group}-install.json", plan)
    with host.real(list_of_files).open("w", encoding="utf-8", errors="surrogateescape") as noted:
        for step in plan.steps:
            _carry_out(host, step, noted)


def _clean_up(host: Host, list_of_files: str) -> None:
    place = host.real(list_of_files)
    if not place.exists():
        return
    with place.open(encoding="utf-8", errors="surrogateescape", newline="\n") as noted:
        lines = noted.readlines()
    # A line without an end was being written when the agent died.
    whole = [line for line in lines if line.endswith("\n")]
    for line in reversed(whole):
        if not line.startswith(_CONTEXT):
            _remove(host, line.strip(_BLANKS))
    place.unlink()


def _remove(host: Host, path: str) -> None:
    if not path:
        return
    try:
        place = host.real(path, follow=False)
        if place.is_dir() and not place.is_symlink():
            place.rmdir()
        elif place.is_symlink() or place.exists():
            place.unlink()
    except OSError as error:
        if error.errno != errno.ENOTEMPTY:
            raise broken(error, "apply2files", path) from error


def _write_plan(host: Host, path: str, plan: Plan) -> None:
    kinds = {Copy: "copy", Folder: "mkdir", Mode: "chmod", Acl: "setfacl", Label: "semanage", Owner: "chown"}
    steps = [
        {"type": kinds[type(step)], **{key: value for key, value in vars(step).items() if key != "added"}}
        for step in plan.steps
    ]
    with host.real(path).open("w", encoding="utf-8") as written:
        json.dump({"instructions": steps}, written, default=str)


def _carry_out(host: Host, step: object, noted: TextIO) -> None:
    match step:
        case Copy(source, destination):
            noted.write(f"{destination}\n")
            noted.flush()
            _copy(host, source, destination)
        case Folder(path):
            _run(lambda: _make_folder(host.real(path, follow=False)), "dir_s_mkdir", path)
            noted.write(f"{path}\n")
            noted.flush()
        case Mode(path, digits):
            _run(lambda: host.real(path).chmod(int(digits, 8)), "apply2files", path)
        case Acl():
            _set_acl(host, step)
        case Label(path, context):
            _refuse_label(path, context)
        case Owner(path, owner, group):
            _set_owner(host, path, owner, group)


def _run(work: Callable[[], Any], where: str, path: str) -> Any:
    try:
        return work()
    except OSError as error:
        raise broken(error, where, path) from error


def _make_folder(place: Path) -> None:
    place.mkdir()
    # Whatever the umask of the sandbox: the agent's is 022.
    place.chmod(0o755)


def _copy(host: Host, source: str, destination: str) -> None:
    origin = host.real(source, follow=False)
    if origin.is_symlink():
        _link(host, str(origin.readlink()), destination)
        return
    if host.real(destination).is_dir():
        destination = f"{destination}/{source.rpartition('/')[2]}"
    kind = _run(origin.stat, "rb_sysopen", source)
    if not stat.S_ISREG(kind.st_mode):
        raise Failed(f"The bundle holds something that is neither a file nor a link: {source}")
    with _run(lambda: origin.open("rb"), "rb_sysopen", source) as read:
        target = _run(lambda: host.real(destination), "rb_sysopen", destination)
        with _run(lambda: target.open("wb"), "rb_sysopen", destination) as written:
            _run(lambda: shutil.copyfileobj(read, written), "copy_stream", destination)
    _keep(kind, target)


def _link(host: Host, target: str, destination: str) -> None:
    if host.real(destination).is_dir():
        # Within a folder that is there, under the name of what it leads to.
        destination = f"{destination}/{target.rstrip('/').rpartition('/')[2]}"
    try:
        host.real(destination, follow=False).symlink_to(target)
    except FileExistsError as error:
        raise broken(error, "syserr_fail2_in", destination) from error
    except OSError as error:
        raise broken(error, "rb_file_s_symlink", f"({target}, {destination})") from error


def _keep(kind: os.stat_result, target: Path) -> None:
    """Gives a copy the times, the owner and the mode of its origin."""
    os.utime(target, ns=(kind.st_atime_ns, kind.st_mtime_ns))
    mode = stat.S_IMODE(kind.st_mode)
    try:
        os.chown(target, kind.st_uid, kind.st_gid)
    except PermissionError:
        mode &= 0o1777
    target.chmod(mode)


def _set_owner(host: Host, path: str, owner: Any, group: Any) -> None:
    for name in (owner, group):
        if name is not None and not isinstance(name, str):
            raise internal(f"the name {text(name)} is no text")
    known = users.user(host.root, owner) if owner is not None else None
    if owner is not None and known is None:
        raise Failed(f"can't find user for {owner}")
    gid = users.group(host.root, group) if group is not None else -1
    if gid is None:
        raise Failed(f"can't find group for {group}")
    if host.owners:
        _run(lambda: os.chown(host.real(path), known.uid if known else -1, gid), "apply2files", path)
    else:
        host.note("owners and groups are checked, not set: the sandbox does not run as root")


def _set_acl(host: Host, step: Acl) -> None:
    place = host.real(step.path)
    digits = f"{_run(place.stat, 'rb_file_s_stat', step.path).st_mode & 0o777:03o}"
    _complete(step, digits)
    words = ",".join(map(str, (*step.entries, *step.added)))
    ended = 1
    if not _SHELL & set(step.path):
        with suppress(OSError):
            command = ["setfacl", "--set", words, str(place)]
            ended = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, check=False).returncode
    if ended:
        raise Failed(
            "The deployment failed because of a problem with the acls permission settings in the application "
            f"specification file for this object: {step.path}. Failed command: setfacl --set {words} {step.path}. "
            f"Exit code: exit {ended}"
        )


def _complete(step: Acl, digits: str) -> None:
    """Adds the entries that make a list whole; those of objects before stay, as they do in the agent."""

    def have(*, default: bool, kind: str = "", name: str | None = None) -> bool:
        return any(
            one.default is default and kind in ("", one.kind) and (name is None or (one.name == "") is (name == ""))
            for one in (*step.entries, *step.added)
        )

    def add(words: str) -> None:
        step.added.append(ace(words, NOWHERE, own=True))

    add(f":{digits[0]}")
    add(f"g::{digits[1]}")
    add(f"o::{digits[2]}")
    if have(default=False, name="named") and not have(default=False, kind="mask"):
        add(f"m::{digits[1]}")
    if not have(default=True):
        return
    if not have(default=True, kind="user", name=""):
        add(f"d::{digits[0]}")
    if not have(default=True, kind="group", name=""):
        add(f"d:g::{digits[1]}")
    if not have(default=True, kind="other"):
        add(f"d:o:{digits[2]}")
    if have(default=True, name="named") and not have(default=True, kind="mask"):
        group = next(
            one for one in (*step.entries, *step.added) if one.default and one.kind == "group" and not one.name
        )
        step.added.append(Ace(True, "mask", "", group.allowed))


def _refuse_label(path: str, context: Any) -> None:
    """An instance of the sandbox has no SELinux, and so no semanage."""
    words = f"-t {text(context.type)}"
    if context.user is not None:
        words = f"-s {text(context.user)} {words}"
    raise Failed(
        "The deployment failed because the application specification file contains an error in the settings for the "
        "context parameter. Update the permissions section of the AppSpec file, and then try again. Failed command: "
        f"semanage fcontext -a {words} -r {context.range} {path}. Exit code: exit 127"
    )
