"""The arena of a test: the world of this process, with AWS's clients made once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import botocore.endpoint
import pytest
from arena import Arena, Memory
from stack_worlds import lint_once
from state import REGION

from udo.aws import patience

SERVICES = ("autoscaling", "cloudformation", "cloudwatch", "codedeploy", "ec2", "ssm", "sts")


@pytest.fixture(scope="session")
def _clients_made_once(_the_world: Any) -> Any:
    from udo.aws import Aws

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "AKIATESTTESTTESTTEST")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-secret")
        patch.setenv("AWS_CONFIG_FILE", os.devnull)
        made = Aws(region=REGION, prepare=_the_world.attach)
        for service in SERVICES:
            for use in ("plain", "full", "writing"):
                made._connection.client(service, use)
    return made


@pytest.fixture(scope="session")
def _memory() -> Memory:
    return Memory()


@pytest.fixture
def arena(world: Any, _clients_made_once: Any, _memory: Memory, monkeypatch: pytest.MonkeyPatch) -> Arena:
    """A world that is put back in a millisecond, and command lines run in it by the clock of the world."""
    lint_once(monkeypatch)
    return Arena(world, botocore.endpoint.time, _clients_made_once, _memory)


@pytest.fixture
def one_thread() -> Iterator[None]:
    """AWS is asked on this very thread, since somebody else is at work within an answer of it."""
    patience._here.question = SimpleNamespace(sent=0.0)
    yield
    patience._here.question = None


@pytest.fixture
def cases(record_property: Callable[[str, object], None]) -> Callable[[int], None]:
    """Takes note of how many cases a test has been through; the sum is told at the end."""
    return lambda number: record_property("cases", number)
