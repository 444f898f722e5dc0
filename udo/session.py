"""One run of Udo: configuration, AWS and output, opened when first needed."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from udo import signals
from udo.errors import Absent, AwsError, ConfigError, PermissionDenied, Problem, UdoError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from udo.aws import Aws
    from udo.change.events import Event
    from udo.config import Config, Lookup, Role
    from udo.config.stacks import Stack
    from udo.errors import Failure
    from udo.options import Options
    from udo.output import Output
    from udo.result import Result, Secret

_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
# What the sandbox's file says of it.
_OF_SANDBOX = frozenset({"endpoint", "region", "access_key", "secret_key", "ssh", "config"})
_SET_ASIDE = (
    "ssh.user",
    "ssh.port",
    "ssh.key",
    "ssh.known_hosts",
    "ssh.config",
    "ssh.jump",
    "aws_profile",
    "assume_role",
    "slack.url",
    "notify",
)


class Session:
    """What one command line works with.

    `prepare` is handed every botocore session; `clock` stands in for `time`.
    """

    def __init__(
        self,
        options: Options,
        *,
        prepare: Callable[[Any], None] | None = None,
        clock: Any = None,
        words: Sequence[str] = (),
    ) -> None:
        self.options = options
        self._clock = clock or signals.Clock()
        self.command = ""
        self.run_id = f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{os.urandom(3).hex()}"
        self._prepare = prepare
        self._words = words
        self.wait_for_lock = False
        self.confirmed = ""
        self.ignores_alarms = self.overrides_freeze = False
        self.reason = ""
        self._aws: dict[tuple[str | None, ...], Aws] = {}
        self._looked_up: dict[int, dict[str, str | Secret]] = {}
        self._unanswered: dict[int, dict[str, str]] = {}

    @property
    def clock(self) -> Any:
        """What `time` is to this run; in the sandbox the time of day is the sandbox's."""
        return self._sandbox_clock if self.options.sandbox else self._clock

    @cached_property
    def _sandbox_clock(self) -> Any:
        from udo.sandbox_clock import SandboxClock

        return SandboxClock(self.sandbox, self._clock)

    @property
    def command_line(self) -> str:
        """What was typed, as a shell would take it, without the values of variables, which may be secrets."""
        import shlex

        words = ["udo", *self._words]
        for number, word in enumerate(words):
            flag = "--env=" if word.startswith("--env=") else ""
            if flag or words[number - 1] == "--env":
                words[number] = f"{flag}{word.removeprefix(flag).partition('=')[0]}=****"
        return shlex.join(words)

    def set_option(self, name: str, value: Any) -> None:
        """Takes a global option from the command line; the later one wins."""
        self.options = replace(self.options, **{name: value})

    def begin(self, path: Sequence[str]) -> None:
        """Starts the verb: the first line of a command on the sandbox says so."""
        self.command = " ".join(path)
        self.log(f"udo {self.command}, configuration {self.options.config or 'as found'}")
        if self.options.sandbox and path[:1] != ["sandbox"]:
            self.output.say(f"sandbox: {self.sandbox['endpoint']}, no AWS account is touched")

    @cached_property
    def output(self) -> Output:
        """The one writer to the terminal."""
        from udo.output import Output

        options = self.options
        how = {"quiet": options.quiet, "verbose": options.verbose, "wide": options.wide}
        return Output(form=options.output, color=options.color, **how)

    @cached_property
    def config(self) -> Config:
        """The configuration.

        Raises: ConfigError; UsageError where there is none.
        """
        from udo.config import load

        return load(self.config_path, os.environ)

    @cached_property
    def config_path(self) -> Path:
        """The file in use: --config, the nearest udo.yml upwards, or the one the sandbox was made from.

        Raises: UsageError.
        """
        from pathlib import Path

        from udo.config import find
        from udo.files import current_folder

        if named := self.options.config:
            if not os.path.lexists(named):
                raise UsageError(f"{named}: there is no such file", hint="--config or UDO_CONFIG names it")
            return Path(named)
        found = find(current_folder())
        if found is None and self.options.sandbox:
            found = Path(self.sandbox["config"])
        if found is None:
            raise UsageError("no udo.yml here or above", hint="make one with 'udo init', or name it with --config")
        return found

    @cached_property
    def sandbox(self) -> Mapping[str, Any]:
        """Where the sandbox of this machine answers.

        Raises: Absent when none is running.
        """
        import json

        from udo.files import state_folder

        told: Any = None
        with suppress(OSError, ValueError):
            folder = state_folder()
            told = json.loads((folder / "sandbox.json").read_text(encoding="utf-8"))
        # Some other file of that name is none of the sandbox's.
        if not isinstance(told, dict) or not told.keys() >= _OF_SANDBOX or not _is_held(folder / "sandbox.lock"):
            raise Absent("the sandbox is not running", hint="start it with 'udo sandbox start'")
        return told

    def clone(self, repository: str) -> Path | None:
        """The clone that the sandbox deploys commits of a repository from; None elsewhere, and where it has none."""
        place = self.sandbox.get("clones", {}).get(repository) if self.options.sandbox else None
        return Path(place) if place else None

    def setting(self, role: Role, key: str) -> Any:
        """A configured value of the role; in the sandbox, what reaches past it is set aside."""
        if self.options.sandbox and key in _SET_ASIDE:
            kind, _, name = key.partition(".")
            return self.sandbox["ssh"].get(name) if kind == "ssh" else None
        return role.get(key)

    def aws(self, role: Role) -> Aws:
        """AWS as the role is to be reached: one per profile, assumed role and region.

        Raises: UdoError.
        """
        profile = self._agreed(role, "aws_profile", "--profile", self.options.profile)
        region = self._agreed(role, "region", "--region", self.options.region)
        return self._reached(profile, region, self.setting(role, "assume_role"))

    @property
    def aws_here(self) -> Aws:
        """AWS as the command line and the environment alone reach it, where there is no udo.yml yet.

        Raises: UdoError.
        """
        return self._reached(self.options.profile, self.options.region, None)

    def resolve(self, role: Role, *keys: str) -> Role:
        """The role with the lookups that these keys rest on answered, in one batch.

        Raises: ConfigError for one that AWS does not know.
        """
        return role.resolved(self._all_answers(role, role.lookups(*keys)))

    def resolve_stack(self, stack: Stack) -> Stack:
        """The stack with the lookups that its values rest on answered, in one batch.

        Raises: ConfigError for one that AWS does not know.
        """
        return stack.resolved(self._all_answers(stack.base, stack.lookups()))

    def _all_answers(self, role: Role, wanted: Sequence[Lookup]) -> dict[Lookup, str | Secret]:
        answers = self.answers(self.aws(role), wanted) if wanted else {}
        if missing := [lookup for lookup in wanted if lookup not in answers]:
            aws = self.aws(role)
            raise ConfigError(*(Problem(*one.mark, self.why_unanswered(aws, one)) for one in missing))
        return answers

    def answers(self, aws: Aws, wanted: Iterable[Lookup]) -> dict[Lookup, str | Secret]:
        """The answers to those of these lookups that AWS knows, in one batch, each asked once.

        No output shows a secret from then on.

        Raises: UdoError.
        """
        from udo.lookups import looked_up
        from udo.result import Secret

        lookups = list(wanted)
        known = self._looked_up.setdefault(id(aws), {})
        new = [lookup for lookup in lookups if lookup.argument not in known]
        found, reasons = looked_up(aws, new) if new else ({}, {})
        known |= found
        self._unanswered[id(aws)] = {**self._unanswered.get(id(aws), {}), **reasons}
        for value in known.values():
            if isinstance(value, Secret):
                self.output.hide(value.text)
        return {lookup: known[lookup.argument] for lookup in lookups if lookup.argument in known}

    def why_unanswered(self, aws: Aws, lookup: Lookup) -> str:
        """Why AWS knew no answer to a lookup, in words."""
        return self._unanswered[id(aws)][lookup.argument]

    def hide_secrets(self, role: Role, *keys: str) -> None:
        """Learns which secrets these keys rest on, for a verb that shows what they once made and needs none of them.

        Raises: UdoError, but not for parameters that cannot be read.
        """
        from udo.change.events import Notice

        try:
            if wanted := role.lookups(*keys):
                self.answers(self.aws(role), wanted)
        except (AwsError, PermissionDenied) as error:
            told = f"what is secret of {role.label} is unknown, and may be shown: {error.message}"
            self.emit(Notice(told, "warning"))

    def by_aws(self, roles: Sequence[Role]) -> list[tuple[Aws, list[Role]]]:
        """The roles together with those reached the same way, so that reads go in batches.

        Raises: UdoError.
        """
        together: dict[int, tuple[Aws, list[Role]]] = {}
        for role in roles:
            aws = self.aws(role)
            together.setdefault(id(aws), (aws, []))[1].append(role)
        return list(together.values())

    def together(self, reads: Sequence[Callable[[], Any]]) -> list[Any]:
        """What each of these reads gives, asked at the same time, by clients that are open.

        Raises: UdoError.
        """
        from udo.aws.parallel import together

        return together(reads)

    def emit(self, event: Event) -> None:
        """Shows an event as it happens, and writes it to the log of --debug."""
        self.output.emit(event)
        if self.options.debug and (says := getattr(event, "says", None)):
            self.log(f"{type(event).__name__}: {says}")

    def log(self, line: str) -> None:
        """Appends a line to the log file of --debug: what was asked and told, never a parameter or an answer.

        botocore's own debug log would hold both.
        """
        if self.options.debug:
            from udo.bugs import append

            append(self.run_id, self.output.masked(line))

    def show(self, result: Result) -> int:
        """Writes the result of the command and gives its exit code."""
        self.output.show(result, self.command)
        return result.exit

    def fail(self, error: Failure) -> int:
        """Writes the error and gives its exit code."""
        self.log(f"{error.code}: {error}")
        self.output.form = self.options.output
        self.output.fail(error, self.command)
        return error.exit

    def bug(self, error: Exception) -> int:
        """Writes a log with versions and traceback, tells where it is in one line, and gives exit code 70."""
        from udo.bugs import report

        told = UdoError(
            f"a bug in udo: {type(error).__name__}", hint=f"please report it with {report(error, self.command)}"
        )
        told.exit, told.code = 70, "bug"
        return self.fail(told)

    def _reached(self, profile: str | None, region: str | None, assumed: str | None) -> Aws:
        from udo.aws import Aws

        key = (profile, region, assumed)
        if key not in self._aws:
            away: dict[str, Any] = {"profile": profile, "assume_role": assumed}
            if self.options.sandbox:
                away = {"endpoint": self.sandbox["endpoint"], "credentials": self._sandbox_keys()}
                region = region or self.sandbox["region"]
            told = {"trace": self._traced, "tell": self._awaited}
            self._aws[key] = Aws(region=region, prepare=self._prepare, **told, **away)
        return self._aws[key]

    def _sandbox_keys(self) -> tuple[str, ...]:
        """Its own keys; where it goes by policies, those of a shell that `sandbox env` has set on it."""
        named = tuple(filter(None, (os.environ.get(name) for name in _KEYS)))
        # Keys of another AWS must not be taken for those of a user of the sandbox.
        is_set = os.environ.get("AWS_ENDPOINT_URL") == self.sandbox["endpoint"]
        if self.sandbox.get("iam") and is_set and len(named) > 1:
            return named
        return (self.sandbox["access_key"], self.sandbox["secret_key"])

    def _agreed(self, role: Role, key: str, flag: str, given: str | None) -> str | None:
        """The value of udo.yml, then of the flag; a flag that contradicts udo.yml is refused."""
        written: str | None = self.setting(role, key)
        if written and given and written != given:
            where = role.where(key)
            raise UsageError(f"{flag} {given} contradicts {key} {written!r} of {role.label} ({where})")
        return written or given

    def _traced(self, action: str, seconds: float) -> None:
        if self.options.verbose or self.options.debug:
            from udo.change.events import Notice

            self.emit(Notice(f"{action}  {seconds * 1000:.0f} ms", "debug"))

    def _awaited(self, told: str) -> None:
        from udo.change.events import Notice

        self.emit(Notice(told))


def _is_held(lock: Path) -> bool:
    """Whether the process of the sandbox lives: it holds this lock to its end, however that comes."""
    import fcntl

    try:
        with lock.open("rb") as handle:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
