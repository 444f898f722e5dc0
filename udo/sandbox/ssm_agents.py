"""The agents of Systems Manager on the instances of a world: they run what commands bring, as real processes."""

from __future__ import annotations

import shlex
import shutil
import signal
import tempfile
import threading
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from udo.sandbox import places
from udo.sandbox.scripts import Job, Scripts
from udo.sandbox.shell import Place
from udo.sandbox.strict.ssm.agents import Script, Work
from udo.sandbox.strict.ssm.run import ENDED_BY_AGENT, commands_are_running

if TYPE_CHECKING:
    from udo.sandbox.world import World

THREAD = "udo-sandbox-commands"
# Seconds between two looks at commands that nobody asks about: at first, and where nothing moves.
_LOOK, _SELDOM = 0.1, 1.0
# What an agent started by the system does not have, and its commands with it.
_NOT_THERE = ("HOME", "USER", "LOGNAME", "SHELL", "PS1")


@dataclass
class SsmAgents:
    """The agents of all instances; in the background commands move on though nobody asks for them."""

    world: World
    background: bool = False
    scripts: Scripts = field(default_factory=Scripts)
    _own: Path | None = None
    _mover: threading.Thread | None = None
    _changed: threading.Event = field(default_factory=threading.Event)
    _closed: bool = False

    def begin(self, script: Script) -> Work:
        """Begins a script on an instance.

        Source: aws/amazon-ssm-agent 1c217c8, runshellscript.go (sh -c _script.sh) and runscript.go (runCommands).
        """
        instance = next(one for one in self.world.instances() if one.id == script.instance_id)
        place = self._place(instance)
        work = Work(end=lambda: None)
        try:
            file = self._file(script)
        except OSError as error:
            work.code, work.told, work.ended = 1, f"failed to create script file. {error}", True
            return work
        folder = place.folder if not script.folder.startswith("/") else _folder(place.folder, script.folder)
        job = Job(
            words=["/bin/sh", "-c", shlex.quote(str(file))],
            folder=folder,
            environment=_environment(place, script),
            seconds=script.seconds,
            keeps=script.keeps,
            done=partial(self._done, work, script, file),
        )
        work.end = partial(self.scripts.end, job)
        self.scripts.begin(job)
        return work

    def watch(self) -> None:
        """Sees to it that commands which are there go on, though nobody asks for them again."""
        if not self.background or self._closed or not commands_are_running():
            return
        if self._mover is None or not self._mover.is_alive():
            self._mover = threading.Thread(target=self._move, name=THREAD, daemon=True)
            self._mover.start()

    def reset(self) -> None:
        """Ends all that runs."""
        self.scripts.end_all()
        if self._own is not None:
            shutil.rmtree(self._own, ignore_errors=True)
            self._own = None

    def close(self) -> None:
        """Ends all that runs, for good where it ran in the background."""
        self._closed = self.background
        self._changed.set()
        self.reset()

    def _move(self) -> None:
        look = _LOOK
        while not self._closed and commands_are_running():
            look = _LOOK if self._changed.wait(look) else min(look * 1.5, _SELDOM)
            self._changed.clear()
            self.world.advance()

    def _place(self, instance: Any) -> Place:
        if self.world.hosts is not None:
            return self.world.hosts.place(instance)
        return places.place(self.world, self._folder(), instance)

    def _folder(self) -> Path:
        if self._own is None:
            self._own = Path(tempfile.mkdtemp(prefix="udo-sandbox-"))
        return self._own / "instances"

    def _file(self, script: Script) -> Path:
        """Where the lines of a script stand: beside the folders of the instances, where no command of theirs looks."""
        instances = self.world.hosts.folder if self.world.hosts is not None else self._folder()
        folder = instances / ".ssm"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = folder / f"{script.command_id}-{script.instance_id}_script.sh"
        file.write_text("\n".join(script.lines) + "\n", encoding="utf-8", errors="replace")
        file.chmod(0o700)
        return file

    def _done(self, work: Work, script: Script, file: Path, job: Job) -> None:
        file.unlink(missing_ok=True)
        work.out, work.errors, work.seconds = bytes(job.out), bytes(job.errors), job.lasted
        if job.ended_early:
            work.code = ENDED_BY_AGENT
        elif job.code is None:
            work.code, work.told = 1, f"failed to run commands: {job.why}"
        elif job.code < 0:
            work.code, work.told = -1, f"failed to run commands: signal: {_signal(-job.code)}"
        else:
            work.code, work.told = job.code, f"failed to run commands: exit status {job.code}"
        work.ended = True
        self._changed.set()


def _folder(root: Path, named: str) -> Path:
    """A working directory: the instance's own where it has it, as its bundles see it, otherwise this machine's."""
    own = root / named.lstrip("/")
    return own if own.is_dir() else Path(named)


def _environment(place: Place, script: Script) -> dict[str, str]:
    known = {name: value for name, value in place.environment.items() if name not in _NOT_THERE}
    # Source: aws/amazon-ssm-agent 1c217c8, executers.go (prepareEnvironment) and runscript.go.
    return known | {
        "SSM_COMMAND_ID": script.command_id,
        "AWS_SSM_INSTANCE_ID": script.instance_id,
        "AWS_SSM_REGION_NAME": script.region,
        "AWS_SSM_PLATFORM_NAME": "Amazon Linux",
        "AWS_SSM_PLATFORM_VERSION": "2023",
    }


def _signal(number: int) -> str:
    """A signal as Go names it."""
    return (signal.strsignal(number) or f"signal {number}").lower()
