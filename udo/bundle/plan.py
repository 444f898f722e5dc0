"""What an Install is going to do: copies, folders and permissions, all conflicts found before anything is touched."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from udo.bundle.appspec import AppSpec, File
from udo.bundle.failure import NOWHERE, Failed, Place, internal
from udo.bundle.machine import Machine, folder_of, joined
from udo.bundle.objects import Objects
from udo.bundle.permissions import Ace, Context, Permission, matches
from udo.bundle.scalars import inspected, text
from udo.frozen import frozen

# No bundle that anybody deploys has as many; links that go round in circles would make more.
MOST_STEPS = 200_000
# Nor one in which as many folders are reached through links, each counted as often as links lead to it.
MOST_FOLLOWED = 10_000
# Nor one whose patterns are held against as many names.
MOST_COMPARED = 5_000_000


@frozen
class Copy:
    """A file or a link is copied."""

    source: str
    destination: str


@frozen
class Folder:
    """A folder is made."""

    path: str


@frozen
class Mode:
    """The mode of an object is set."""

    path: str
    digits: str


@dataclass
class Acl:
    """The access control list of an object is set; `added` is shared by all objects of one entry of the appspec."""

    path: str
    entries: tuple[Ace, ...]
    added: list[Ace]


@frozen
class Label:
    """The SELinux context of an object is set."""

    path: str
    context: Context


@frozen
class Owner:
    """Owner and group of an object are set."""

    path: str
    owner: Any
    group: Any


Step = Copy | Folder | Mode | Acl | Label | Owner


@dataclass
class Plan:
    """The steps in order, each with the place in the appspec that it comes from, and what they are going to leave."""

    machine: Machine
    steps: list[Step] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    at: Place = NOWHERE
    copied: dict[str, str] = field(default_factory=dict)
    made: dict[str, None] = field(default_factory=dict)
    permitted: set[str] = field(default_factory=set)
    files: Objects = field(default_factory=Objects)
    folders: Objects = field(default_factory=Objects)
    followed: int = 0
    compared: int = 0

    def add(self, step: Step) -> None:
        """Appends a step. Raises: Failed where there are too many."""
        if len(self.steps) >= MOST_STEPS:
            raise Failed(
                f"The bundle makes more than {MOST_STEPS:,} steps of Install: do its links go round in circles?"
            )
        self.steps.append(step)
        self.places.append(self.at)

    def follow(self, links: int) -> None:
        """Counts a folder that so many links lead to. Raises: Failed where it is too much."""
        self.followed += links
        if self.followed > MOST_FOLLOWED:
            raise Failed(
                "The links to folders in the bundle lead to more than anybody has: do they go round in circles?"
            )

    def copy(self, source: str, destination: str) -> None:
        """Plans a copy. Raises: Failed where something else goes there."""
        destination = self.machine.expanded(destination)
        if destination in self.copied:
            raise Failed(
                "The deployment failed because the application specification file specifies two source files named "
                f"{source} and {self.copied[destination]} for the same destination ({destination}). Remove one of the "
                "source file paths from the AppSpec file, and then try again."
            )
        if destination in self.made:
            raise Failed(
                f"The deployment failed because the application specification file calls for installing the file "
                f"{source}, but a file with that name already exists at the location ({destination}). Update your "
                "AppSpec file or directory structure, and then try again."
            )
        self.add(Copy(source, destination))
        self.copied[destination] = source
        self.files.add(destination)

    def folder(self, path: str) -> None:
        """Plans a folder. Raises: Failed where a file goes there."""
        path = self.machine.expanded(path)
        if path in self.copied:
            raise Failed(
                "The deployment failed because the application specification file includes an mkdir command more than "
                f"once for the same destination path ({path}) from ({self.copied[path]}). Update the files section of "
                "the AppSpec file, and then try again."
            )
        if path not in self.made:
            self.add(Folder(path))
        self.made[path] = None
        self.folders.add(path)

    def permit(self, path: str, permission: Permission, added: list[Ace]) -> None:
        """Plans the permissions of one object. Raises: Failed where it has some already."""
        path = self.machine.expanded(path)
        if path in self.permitted:
            raise Failed(
                f"The deployment failed because the permissions setting for ({path}) is specified more than once in "
                "the application specification file. Update the files section of the AppSpec file, and then try again."
            )
        self.permitted.add(path)
        if permission.mode is not None:
            self.add(Mode(path, permission.mode))
        if permission.acls is not None:
            self.add(Acl(path, permission.acls, added))
        if permission.context is not None:
            self.add(Label(path, permission.context))
        if permission.owner is not None or permission.group is not None:
            self.add(Owner(path, permission.owner, permission.group))


def plan_install(machine: Machine, archive: str, spec: AppSpec, behavior: str) -> Plan:
    """The plan for a bundle unpacked at `archive`; `behavior` is what the deployment says of files that exist.

    Raises: Failed, with the place in the appspec; OSError.
    """
    plan = Plan(machine)
    for entry in spec.files:
        add_file(plan, archive, entry, spec.file_exists_behavior or behavior)
    for permission in spec.permissions:
        add_permission(plan, permission)
    for step, at in zip(plan.steps, plan.places, strict=True):
        if isinstance(step, Label) and step.context.range is None:
            raise internal("a context without a range", at)
        if isinstance(step, Copy | Folder) and (wrong := path_failure(step)) is not None:
            wrong.at = at
            raise wrong
    return plan


def path_failure(step: Copy | Folder) -> Failed | None:
    """Why the agent dies of a path before it has touched anything."""
    path = step.destination if isinstance(step, Copy) else step.path
    if any("\ud800" <= letter <= "\udfff" for letter in path):
        return internal("source sequence is illegal/malformed utf-8")
    return internal("a path contains a null byte") if "\0" in path else None


def add_file(plan: Plan, archive: str, entry: File, behavior: str) -> None:
    """Plans one entry of `files`. Raises: Failed, OSError."""
    plan.at = entry.at
    with _placed(entry.at):
        try:
            _plan_file(plan, archive, entry, behavior)
        except RecursionError:
            raise internal("stack level too deep: its folders lie too deep within each other") from None


def add_permission(plan: Plan, permission: Permission) -> None:
    """Plans one entry of `permissions`. Raises: Failed, OSError."""
    plan.at = permission.at
    with _placed(permission.at):
        _plan_permission(plan, permission)


@contextmanager
def _placed(at: Place) -> Iterator[None]:
    """Gives a failure the place of the entry that it comes from."""
    try:
        yield
    except Failed as error:
        error.at = at if error.at == NOWHERE else error.at
        raise


def _plan_file(plan: Plan, archive: str, entry: File, behavior: str) -> None:
    try:
        if not isinstance(entry.destination, str):
            raise TypeError(f"{entry.destination!r} is no path")
        source = joined(archive, entry.source)
        if plan.machine.is_folder(source):
            _plan_ancestors(plan, entry.destination)
            _plan_folder(plan, source, entry.destination, behavior)
            return
        destination = joined(entry.destination, source.rstrip("/").rpartition("/")[2])
    except TypeError as error:
        raise internal(str(error), entry.at) from error
    _plan_ancestors(plan, destination)
    _plan_copy(plan, source, destination, behavior)


def _plan_ancestors(plan: Plan, destination: str) -> None:
    missing: list[str] = []
    parent = folder_of(destination)
    plan.machine.lend(destination)
    plan.machine.lend(parent)
    while parent not in (".", "/") and not plan.machine.exists(parent):
        missing.insert(0, parent)
        parent = folder_of(parent)
    for path in missing:
        plan.folder(path)


def _plan_folder(plan: Plan, source: str, destination: str, behavior: str, links: int = 0) -> None:
    plan.follow(links)
    if not plan.machine.is_folder(destination):
        plan.folder(destination)
    for name in plan.machine.names(source):
        here, there = joined(source, name), joined(destination, name)
        if plan.machine.is_folder(here):
            _plan_folder(plan, here, there, behavior, links + plan.machine.is_link(here))
        else:
            _plan_copy(plan, here, there, behavior)


def _plan_copy(plan: Plan, source: str, destination: str, behavior: str) -> None:
    if not plan.machine.exists(destination) or behavior == "OVERWRITE":
        plan.copy(source, destination)
    elif behavior == "DISALLOW":
        raise Failed(f"The deployment failed because a specified file already exists at this location: {destination}")
    elif behavior != "RETAIN":
        raise Failed(
            f"The deployment failed because an invalid option was specified for fileExistsBehavior: {behavior}. Valid "
            "options include OVERWRITE, RETAIN, and DISALLOW."
        )


def _plan_permission(plan: Plan, permission: Permission) -> None:
    path = plan.machine.expanded(permission.object)
    added: list[Ace] = []
    if path in plan.copied:
        if "file" in permission.types:
            _refuse_patterns(permission)
            _refuse_defaults(permission)
            plan.permit(path, permission, added)
    elif path in plan.made or plan.machine.is_folder(permission.object):
        for match in list(_matched(plan, permission, path)):
            plan.permit(match, permission, added)


def _matched(plan: Plan, permission: Permission, path: str) -> Iterator[str]:
    if "file" in permission.types:
        for copied in _candidates(plan, plan.files, permission, path):
            if _concerned(permission, path, copied):
                _refuse_defaults(permission)
                yield copied
    if "directory" in permission.types:
        made = _candidates(plan, plan.folders, permission, path)
        yield from (one for one in made if _concerned(permission, path, one))


def _candidates(plan: Plan, objects: Objects, permission: Permission, path: str) -> list[str]:
    """What a permission may concern, in order. Raises: Failed where it is too much to go through."""
    pattern = permission.pattern
    plain = isinstance(pattern, str) and "*" not in pattern
    if plain and all(isinstance(one, str) for one in permission.excepted):
        # A name in full: nobody has to look through the others.
        name = f"{'' if path == '/' else path}/{pattern}"
        return [name] if pattern and "/" not in pattern and name in objects else []
    found = objects.below(path) if pattern == "**" else objects.children(path)
    plan.compared += len(found) * (1 + len(permission.excepted))
    if plan.compared > MOST_COMPARED:
        raise Failed(
            f"The patterns of the permissions section would be held against more than {MOST_COMPARED:,} names: the "
            "sandbox does not do that"
        )
    return found


def _concerned(permission: Permission, path: str, name: str) -> bool:
    base = path if path.endswith("/") else f"{path}/"
    if not name.startswith(base):
        return False
    rest = name.removeprefix(base)
    patterns = (permission.pattern, *permission.excepted)
    if "/" not in rest and not all(isinstance(one, str) for one in patterns):
        raise internal("a pattern is no text", permission.at)
    if permission.pattern != "**" and not ("/" not in rest and matches(rest, permission.pattern)):
        return False
    return not any("/" not in rest and matches(rest, one) for one in permission.excepted)


def _refuse_patterns(permission: Permission) -> None:
    if permission.pattern != "**":
        raise Failed(
            f"The deployment failed because the application specification file includes an object "
            f"({permission.object}) with an invalid pattern ({text(permission.pattern)}), such as a pattern for a file "
            "applied to a directory. Correct the permissions section of the AppSpec file, and then try again."
        )
    if permission.excepted:
        raise Failed(
            "The deployment failed because the except parameter for a pattern in the permissions section "
            f"({inspected(list(permission.excepted))}) for the object named {permission.object} contains an invalid "
            "format. Update the AppSpec file, and then try again."
        )


def _refuse_defaults(permission: Permission) -> None:
    if permission.acls and any(one.default for one in permission.acls):
        raise Failed(
            "The deployment failed because the -d parameter has been specified to apply an acl setting to a file. "
            "This parameter is supported for directories only. Update the AppSpec file, and then try again."
        )
