"""The change as a value: steps in boto3's own words, which is all that is shown, carried out, recorded and saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from udo.frozen import frozen


@frozen
class Ref:
    """A value that an earlier step of the same plan saves under `name`, put in place of `{}` in `inside`.

    Where that is null, the key of a mapping that it stands for is left out.
    """

    name: str
    inside: str = "{}"


@frozen
class Read:
    """One read of AWS; `path` is the JMESPath of the value meant; Refs may stand in `params`."""

    service: str
    operation: str
    params: Mapping[str, Any]
    path: str


@frozen
class Pair:
    """A reading and the value it must give; a Ref not yet known holds for any value but null, and learns it.

    `says` names what is read, for the person who is told that it differs.
    """

    read: Read
    value: Any
    says: str = ""


@frozen
class Call:
    """One write, sent in a single attempt.

    `expect` must hold just before it, `proof` holds once it is done (and settles a lost answer); `save` maps a name
    to the JMESPath of a value in the answer, kept as text where it is a number. Where an `optional` call is refused
    that is a warning, and the plan continues. In a plan's cleanup, `undoes` names the operation of the plan that it
    takes back: where none of those was sent it is not sent either.
    """

    says: str
    service: str
    operation: str
    params: Mapping[str, Any]
    save: Mapping[str, str] = field(default_factory=dict)
    expect: tuple[Pair, ...] = ()
    proof: tuple[Pair, ...] = ()
    optional: bool = False
    undoes: str = ""


@frozen
class Wait:
    """Reads until the value is one of `success` or `failure`; seconds between reads and in all.

    `detached` says how to look again where the time is over or the operator leaves (`{name}` is a saved value);
    `watch` names the watcher that tells more than the value, see `udo.change.waiting.WATCHERS`. One that `lapses` has
    ended well where its time is over.
    """

    says: str
    read: Read
    success: tuple[Any, ...]
    failure: tuple[Any, ...] = ()
    every: float = 5.0
    timeout: float = 3600.0
    detached: str = ""
    watch: str = ""
    lapses: bool = False


@frozen
class FanOut:
    """One remote command on many instances; `targets` are `ssh.Target`s, `options` ssh.Options.

    Where `via` of the targets is ssm it goes through Systems Manager: `options` are those of `fanout.ssm` then, and who
    carries it out sends as many commands as it takes, which change nothing of what AWS keeps.
    """

    says: str
    command: str
    targets: tuple[Mapping[str, Any], ...]
    options: Mapping[str, Any] = field(default_factory=dict)


@frozen
class LocalCommand:
    """One program on this machine, from a list of words, with extra environment and a timeout in seconds.

    A Ref may stand for a value of `env`. Where one that is `required` fails, the plan ends there; after any other what
    follows is carried out all the same, and the failure told at the end.
    """

    says: str
    argv: tuple[str, ...]
    env: Mapping[str, Any] = field(default_factory=dict)
    timeout: float = 600.0
    required: bool = False


@frozen
class Upload:
    """One object put into S3, made of a folder of this machine: what it holds is too much to stand in a plan.

    `size` and `sha256` are those of what the folder holds, which must still be so; the object is marked with it, and
    only put where there is none. `owner` is the account that the bucket must be of. It saves `upload_etag` and
    `upload_version` (null where the bucket keeps no versions).
    """

    says: str
    folder: str
    size: int
    sha256: str
    bucket: str
    key: str
    owner: str


Step = Call | Wait | FanOut | LocalCommand | Upload


# What a Difference says where there is no value before, or none afterwards.
NONE = "none"


@frozen
class Difference:
    """One key that changes, old value to new, each in one line for reading; `lines` tell it in full."""

    key: str
    old: str
    new: str
    lines: tuple[str, ...] = ()

    def row(self) -> dict[str, Any]:
        """The difference for scripts; `lines` only where there are any."""
        rows: dict[str, Any] = {"key": self.key, "old": self.old, "new": self.new}
        return rows | {"lines": list(self.lines)} if self.lines else rows


@frozen
class Guard:
    """What must not be while a change is made: read before each write and at each poll; a value of `bad` ends the run.

    Without `bad` whatever is found does. `remedy` says what to do then.
    """

    says: str
    read: Read
    bad: tuple[Any, ...] = ()
    remedy: str = ""


# How far alarms and freeze windows hold a plan up: to the end; before it begins alone, where AWS is left to finish it;
# or never, for a way back and for whoever only looks.
TO_THE_END, AT_THE_START, NEVER = "to the end", "at the start", "never"


@frozen
class Plan:
    """All that one command will change in one place.

    `goal` must be read back for exit 0. `seen` is what else was observed; what of it moved meanwhile is named.
    `asks` is the question put before a change that destroys, replaces or shrinks (or is protected); with `confirm` only
    that name, typed, is a yes, and --yes is none; `unchanged` says why there is nothing to do, where `steps` is empty;
    `done` what is true afterwards (`{name}` is a saved value); `reason` is why the operator wants it.

    `cleanup` is sent on every way out once a write was sent, each call only where its `expect` holds and its `proof`
    does not; of calls that undo a write, one that cannot be sent keeps those after it from being sent. `remedy` is the
    command that does what could not be sent. With `lasting` it waits until the stages after it have ended as well,
    unless a write failed; with `inherits` it needs no write, because an earlier run has left what it puts back.
    `guards` end the run where they turn bad; `back` is then carried out, where what its Refs stand for is known. How
    far alarms and freeze windows of udo.yml hold it up is `guarded`.
    With `held` the lock is kept through waits, for a change that nobody may come between. `again` is the command that
    continues it, where that is not the same one. With `shows` it is shown before it is carried out though nothing is
    asked, or --yes was said. `forecast` are those of the notes that tell what the change will meet,
    in parts for scripts.
    """

    command: str
    target: str
    steps: tuple[Step, ...]
    goal: tuple[Pair, ...] = ()
    seen: tuple[Pair, ...] = ()
    differences: tuple[Difference, ...] = ()
    notes: tuple[str, ...] = ()
    asks: str | None = None
    confirm: str = ""
    unchanged: str = "nothing to change"
    done: str = "done"
    reason: str = ""
    cleanup: tuple[Call, ...] = ()
    remedy: str = ""
    guards: tuple[Guard, ...] = ()
    back: tuple[Call | Wait, ...] = ()
    guarded: str = TO_THE_END
    held: bool = False
    lasting: bool = False
    inherits: bool = False
    again: str = ""
    shows: bool = False
    forecast: tuple[Mapping[str, Any], ...] = ()

    @property
    def writes(self) -> tuple[Call, ...]:
        """The steps that change AWS, in order."""
        return tuple(step for step in self.steps if isinstance(step, Call))

    def to_continue(self, same: str) -> str:
        """How to go on: with the command that continues it, or as `same` says it of the same one."""
        return f"run: {self.again}" if self.again else same


def filled(text: str, known: Mapping[str, Any]) -> str:
    """The text with every `{name}` of a saved value replaced by that value."""
    for name, value in known.items():
        text = text.replace(f"{{{name}}}", str(value))
    return text
