"""The aws command line, told what to do in one line, and the assertions made of what it answers."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import time
from collections.abc import Callable
from typing import Any

# What `udo.example.yml` names: it is there from the start.
IMAGE = "ami-0d1e2c3b4a5968778"
ZONES = "us-west-2a us-west-2b"
ROLE = "arn:aws:iam::123456789012:role/sandbox-codedeploy"


class Unexpected(Exception):
    """A command ended otherwise than it should have."""


class Aws:
    """The program, and how many assertions there were."""

    def __init__(self, program: str) -> None:
        self._program = program
        self._count = 0

    def __call__(self, line: str) -> Any:
        """What a command answers: its JSON document, its text where it is none, None where it says nothing.

        Raises: Unexpected where it fails.
        """
        done = self.run(line)
        if done.returncode:
            raise Unexpected(f"aws {line}: ended with {done.returncode}: {done.stderr.strip()}")
        try:
            return json.loads(done.stdout) if done.stdout.strip() else None
        except ValueError:
            return done.stdout

    def run(self, line: str) -> subprocess.CompletedProcess[str]:
        """How a command ended."""
        words = [self._program, *shlex.split(line)]
        return subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)

    def that(self, says: str, holds: object, shown: object = None) -> None:
        """Asserts that something is so."""
        self._count += 1
        told = "" if holds or shown is None else f": {shown!r}"
        print(f"{'ok' if holds else 'not ok'} {self._count} - {says}{told}", flush=True)

    def equal(self, says: str, found: object, wanted: object) -> None:
        """Asserts that something is what is wanted."""
        self.that(says, found == wanted, {"found": found, "wanted": wanted})

    def done(self, says: str, line: str) -> Any:
        """Asserts that a command succeeds, and gives what it answers."""
        done = self.run(line)
        self.that(says, done.returncode == 0, done.stderr.strip())
        return json.loads(done.stdout) if done.stdout.strip().startswith(("{", "[", '"')) else done.stdout

    def refused(self, says: str, line: str, code: str, text: str = "") -> None:
        """Asserts that a command fails with AWS's code (any, where none is named) as the command line tells it."""
        done = self.run(line)
        told = done.stderr.strip()
        wanted = f"An error occurred ({code}) when calling the " if code else "An error occurred ("
        self.that(says, done.returncode in (253, 254, 255) and wanted in told and text in told, told or "it succeeded")

    def until(self, says: str, found: Callable[[], object], wanted: object) -> None:
        """Asserts that something becomes what is wanted, in ten seconds at most."""
        end = time.monotonic() + 10
        while (now := found()) != wanted and time.monotonic() < end:
            time.sleep(0.2)
        self.equal(says, now, wanted)

    def part(self, name: str, play: Callable[[Aws], None]) -> None:
        """Plays a part; a command of it that fails unexpectedly is a failed assertion, and the next part follows."""
        try:
            play(self)
        except (Unexpected, KeyError, IndexError, TypeError, subprocess.TimeoutExpired) as error:
            self.that(f"the part on {name} comes to its end", False, f"{type(error).__name__}: {error}")

    def end(self) -> None:
        """Says how many assertions there were."""
        print(f"1..{self._count}", flush=True)

    def group(self, name: str, *, size: int = 2, template: str = "base") -> list[str]:
        """Makes a group and gives the ids of its members."""
        self(
            f"autoscaling create-auto-scaling-group --auto-scaling-group-name {name} --min-size 0 --max-size 6 "
            f"--desired-capacity {size} --launch-template LaunchTemplateName={template} --availability-zones {ZONES}"
        )
        return self.members(name)

    def described(self, name: str) -> dict[str, Any]:
        """A group as the command line shows it."""
        found = self(f"autoscaling describe-auto-scaling-groups --auto-scaling-group-names {name}")
        return dict(found["AutoScalingGroups"][0])

    def members(self, name: str) -> list[str]:
        """The ids of a group's members."""
        return [one["InstanceId"] for one in self.described(name)["Instances"]]


def home(name: str) -> str:
    """A path in the folder the program runs in."""
    return os.path.join(os.environ["HOME"], name)  # noqa: PTH118 - a word of a command line
