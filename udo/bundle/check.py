"""A bundle looked at before it is sent: what is sure to fail, and what may surprise."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from udo.bundle import surprises
from udo.bundle.appspec import AGENT, AppSpec, File, Script, look, place
from udo.bundle.contents import ARCHIVE, Contents, opened, there
from udo.bundle.document import MOST_BYTES
from udo.bundle.failure import SCRIPT_FAILED, SCRIPT_MISSING, Failed, Place, internal
from udo.bundle.finding import ERROR, Finding, failing, surprising
from udo.bundle.machine import joined
from udo.bundle.names import BEHIND_A_LOAD_BALANCER, EVENTS, HOOKS, OF_THE_LAST
from udo.bundle.plan import Copy, Folder, Label, Mode, Owner, Plan, add_file, add_permission, path_failure
from udo.bundle.scalars import inspected, text
from udo.errors import Problem, UdoError
from udo.frozen import frozen

# Source: Linux, limits.h, and every file system that an instance boots from.
_LONGEST_NAME = 255
_LONGEST_PATH = 4095
# What depends on the Ruby that the agent runs with: older ones take it.
_OF_NEWER_RUBIES = ("Unknown alias", "Tried to load unspecified class")


@frozen
class Checked:
    """Everything found in one bundle; `appspec` is what its file is called in messages."""

    label: str
    appspec: str
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> tuple[Finding, ...]:
        """What is sure to fail."""
        return tuple(one for one in self.findings if one.level == ERROR)

    def problem(self, one: Finding) -> Problem:
        """A finding with the place that it stands at."""
        file = f"{self.label}/{one.file}" if one.file else self.appspec
        return Problem(file, one.at.line, one.at.column, str(one))


def check_bundle(path: Path, appspec: str = "appspec.yml", *, whole: bool = True) -> Checked:
    """Everything there is to say of a bundle: a folder or an archive; without `whole` of what its appspec names alone.

    Raises: UdoError where there is nothing to look at.
    """
    try:
        with opened(path, shallow=not whole) as contents:
            found = _sorted(_findings(contents, appspec, whole))
            return Checked(contents.label, f"{contents.label}/{appspec}", tuple(found))
    except Failed as error:
        told = Finding(ERROR, f"DownloadBundle fails with agent {AGENT}: {error.message}", "make the archive anew")
        return Checked(str(path), str(path), (told,))


def _sorted(found: Iterator[Finding]) -> list[Finding]:
    unique = dict.fromkeys(found)
    return sorted(unique, key=lambda one: (one.file, one.at.line, one.at.column, one.level))


def _findings(contents: Contents, appspec: str, whole: bool) -> Iterator[Finding]:
    if contents.backslashes:
        yield surprising(
            "the zip has backslashes in its names: files with one are there twice, in their folder and at the top",
            "pack it with slashes",
        )
    if whole:
        yield from _of_files(contents)
    data = _appspec(contents, appspec)
    if isinstance(data, Finding):
        yield data
        return
    spec, failures = look(data)
    for error in failures:
        yield _of_failure(error)
    yield from _of_hooks(contents, spec)
    yield from _of_install(contents, spec)
    if data.startswith(b"\xef\xbb\xbf"):
        told = f"BeforeInstall fails with agent {AGENT}: the file begins with a byte order mark"
        yield Finding(ERROR, told, "save it as UTF-8 without one", Place(1, 1))
    if spec.document.value is not None:
        yield from surprises.found(contents, spec, data)


def _appspec(contents: Contents, name: str) -> bytes | Finding:
    found = contents.place(name)
    if not there(found):
        near = _near(contents, name)
        told = f"BeforeInstall fails with agent {AGENT}: there is no {name} at the top of the bundle"
        return Finding(ERROR, told, f"rename {near} to {name}" if near else f"put {name} at the top")
    try:
        if not stat.S_ISREG(found.stat().st_mode):
            return Finding(ERROR, f"BeforeInstall fails with agent {AGENT}: {name} is no file", "make it one")
        if found.stat().st_size > MOST_BYTES:
            raise UdoError(f"{contents.label}/{name} is larger than {MOST_BYTES // 1024} KiB: no appspec is")
        return found.read_bytes()
    except OSError as error:
        raise UdoError(f"{contents.label}/{name} cannot be read: {error.strerror}") from error


def _near(contents: Contents, name: str) -> str:
    """A file at the top, or one folder further down, that may have been meant."""
    stem = Path(name).stem.lower()
    for folder in (contents.base, *(one for one in contents.children(contents.base) if one.is_dir())):
        for child in contents.children(folder):
            if child.stem.lower() == stem and child.suffix.lower() in (".yml", ".yaml") and child.exists():
                return child.relative_to(contents.base).as_posix()
    return ""


def _of_failure(error: Failed) -> Finding:
    if error.message.startswith(_OF_NEWER_RUBIES):
        told = failing("BeforeInstall", error)
        return surprising(f"{told.message.replace('fails', 'may fail')}, on Ruby 3.1 and newer", told.remedy, error.at)
    return failing("BeforeInstall", error)


def _of_files(contents: Contents) -> Iterator[Finding]:
    for path in contents.walked():
        name = path.relative_to(contents.base).as_posix()
        kind = path.lstat().st_mode
        if stat.S_ISLNK(kind):
            # Links that go round in circles are followed as far as they go.
            target = Path(os.path.realpath(path))
            if not target.is_relative_to(contents.base.resolve()):
                told = f"the link leads out of the bundle, to {path.readlink()}: only the link is sent"
                yield surprising(told, "put the file itself into the bundle", file=name)
        elif not stat.S_ISREG(kind):
            yield surprising("it is neither a file nor a link: it cannot be deployed", "leave it out", file=name)
        elif name != name.rstrip():
            told = "its name ends in a blank: the agent never removes it, and the next deployment collides with it"
            yield surprising(told, "rename it", file=name)
        elif "\n" in name:
            yield surprising("its name holds a line break: the agent never removes it", "rename it", file=repr(name))


def _nearest(name: str) -> str:
    from difflib import get_close_matches  # only a mistake should pay for it (6 ms)

    near = get_close_matches(name[:100], HOOKS, n=1)
    return f"did you mean {near[0]}?" if near else f"one of {', '.join(HOOKS)}"


def _of_hooks(contents: Contents, spec: AppSpec) -> Iterator[Finding]:
    section = spec.document.below("hooks")
    for name, scripts in spec.hooks.items():
        key = section.key(name) if section else None
        if name not in EVENTS:
            told = Failed(f"appspec.yml file contains unknown lifecycle events: [{inspected(name)}]", at=place(key))
            yield replace(failing("Install", told), remedy=_nearest(text(name)))
        elif name not in HOOKS:
            told_of = f"no script of {text(name)} is ever run, or the deployment fails: it is the agent's own"
            yield surprising(told_of, f"one of {', '.join(HOOKS)}", place(key))
        for script in scripts if name in HOOKS else ():
            if (wrong := _script_failure(contents, script)) is not None:
                yield failing(_when(str(name)), wrong)


def _when(hook: str) -> str:
    """The event that a script of a bundle fails at, where not every deployment of that bundle comes to it."""
    if hook in OF_THE_LAST:
        return f"{hook} of the next deployment"
    return f"{hook}, behind a load balancer," if hook in BEHIND_A_LOAD_BALANCER else hook


def _script_failure(contents: Contents, script: Script) -> Failed | None:
    found = contents.place(joined(ARCHIVE, script.location))
    if " " in script.location or "\t" in script.location:
        return Failed(f"the location {script.location} is split at its blank", code=SCRIPT_FAILED, at=script.at)
    if not there(found):
        told = f"No such file or directory: the script {script.location}"
        return Failed(told, code=SCRIPT_MISSING, at=script.at)
    if found.is_dir():
        return Failed(f"the script {script.location} is a folder", code=SCRIPT_FAILED, at=script.at)
    if not found.is_file():
        return Failed(f"the script {script.location} is no file", code=SCRIPT_FAILED, at=script.at)
    with found.open("rb") as opened_script:
        first = opened_script.readline(256)
    if first.startswith(b"#!") and first.rstrip(b"\n").endswith(b"\r"):
        told = f"the first line of {script.location} ends in CRLF: no such interpreter"
        return Failed(told, code=SCRIPT_FAILED, at=script.at)
    return None


def _of_install(contents: Contents, spec: AppSpec) -> Iterator[Finding]:
    """What fails on a machine that has nothing but its system: what it has more can only make it worse."""
    plan = Plan(contents)
    # Where nothing is in the way no behaviour matters; RETAIN would hide what collides within the bundle.
    for entry in spec.files:
        yield from _planned(partial(add_file, plan, ARCHIVE, entry, "OVERWRITE"), _entry_failure(entry))
    for permission in spec.permissions:
        yield from _planned(partial(add_permission, plan, permission), None)
    for step, at in zip(plan.steps, plan.places, strict=True):
        if (wrong := _step_failure(contents, plan, step)) is not None:
            wrong.at = at
            yield failing("Install", wrong)


def _entry_failure(entry: File) -> Failed | None:
    for name in ("source", "destination"):
        value = getattr(entry, name)
        if not isinstance(value, str):
            return internal(f"the {name} {text(value)} is no text", entry.at)
    return None


def _planned(add: Callable[[], None], known: Failed | None) -> Iterator[Finding]:
    if known is not None:
        yield failing("Install", known)
        return
    try:
        add()
    except Failed as error:
        yield failing("Install", error)
    except OSError as error:
        raise UdoError(f"{error.filename} cannot be read: {error.strerror}") from error


def _step_failure(contents: Contents, plan: Plan, step: object) -> Failed | None:
    match step:
        case Copy() | Folder() if (wrong := path_failure(step) or _too_long(step)) is not None:
            return wrong
        case Copy(source, _) if not there(contents.place(source)) and not contents.place(source).is_symlink():
            return Failed(f"No such file or directory: {source.removeprefix(ARCHIVE).lstrip('/')}")
        case Folder(path) if contents.is_folder(path):
            return Failed(f"File exists @ dir_s_mkdir - {path}")
        case Mode(path, _) if path in plan.copied and _dangles(contents, plan.copied[path]):
            return Failed(f"No such file or directory: the link {path} leads nowhere, and has no mode")
        case Owner(path, owner, group) if any(one is not None and not isinstance(one, str) for one in (owner, group)):
            return internal(f"the owner or group of {path} is a number, not a name")
        case Label(_, context) if context.range is None:
            return internal("a context without a range")
    return None


def _too_long(step: Copy | Folder) -> Failed | None:
    path = os.fsencode(step.destination if isinstance(step, Copy) else step.path)
    if len(path) > _LONGEST_PATH or any(len(part) > _LONGEST_NAME for part in path.split(b"/")):
        return Failed("File name too long: a name has up to 255 bytes, a path 4095")
    return None


def _dangles(contents: Contents, source: str) -> bool:
    place = contents.place(source)
    return place.is_symlink() and not place.exists()
