"""A front door that is open: a real server of its own process, in front of the world of a test."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from udo.sandbox.clock import Clock

CONFIG = """
app_name: shop
region: us-west-2
account: "123456789012"
ami: ami-0c2644caf041bb6de
instance_type: t3.small
availability_zones: [us-west-2a]
serve: {template_urls: ["https://shop-templates.s3.us-west-2.amazonaws.com/approved/"]}
stacks:
  review:
    name: shop-review-${param:branch}
    template: review.yml
    params: {branch: {doc: A branch}}
    parameters: {Branch: "${param:branch}"}
  kept: {name: shop-kept, template: review.yml, cluster: prod}
clusters:
  stage: {roles: {webapp: {scale_policy: {min_size: 1, max_size: 2}}}}
  prod: {protected: true, roles: {webapp: {scale_policy: {min_size: 1, max_size: 2}}}}
"""
TEMPLATE = """
Parameters: {Branch: {Type: String, Default: main}}
Resources: {Queue: {Type: "AWS::SQS::Queue", Properties: {QueueName: !Sub "jobs-${Branch}"}}}
Outputs: {Url: {Value: !Ref Queue}}
"""


class Answer(NamedTuple):
    """One answer; `json` is its document."""

    status: int
    headers: Any
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Front:
    """The server, and what a client does."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.process = process
        self.port = port
        self.key = ""

    def __call__(
        self, path: str, body: Any = None, *, key: str | None = None, method: str | None = None, **headers: str
    ) -> Answer:
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        sent = {"x-api-key": self.key if key is None else key, **headers}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, sent, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return Answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.headers, error.read())

    def ended(self, answer: Answer) -> Any:
        """The row of a run that was begun, once it has ended."""
        import time

        assert answer.status == 202, answer.body
        for _ in range(100):
            row = self(answer.headers["location"]).json
            if row["state"] != "running":
                return row
            time.sleep(0.7)
        raise AssertionError(row)


@pytest.fixture
def udo_key() -> Callable[..., str]:
    """Makes a key by the command line."""

    def make(name: str, *words: str) -> str:
        argv = [sys.executable, "-m", "udo", "serve", "key", "add", name, *words]
        return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()

    return make


@pytest.fixture
def front(world: Any, served_world: Any, seeded: Any, udo_key: Callable[..., str]) -> Iterator[Front]:
    """A front door in front of a world of two groups whose time runs, with a key that allows all."""
    world.clock = Clock(speed=60)
    Path("review.yml").write_text(TEMPLATE)
    seeded(CONFIG)
    words = "stacks:list,stacks:state,stacks:events,stacks:create,stacks:delete,status,runs:updatelc,runs:scale"
    key = udo_key("all", "--allow", words, "--stacks", "*")
    with opened() as front:
        front.key = key
        yield front


class opened:
    """Begins a server in the current folder; ends it."""

    def __init__(self, *words: str) -> None:
        argv = [sys.executable, "-m", "udo", "serve", "--port", "0", *words]
        self._process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=os.environ
        )

    def __enter__(self) -> Front:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            if found := re.search(r"front door is at https?://.*:(\d+)/", line):
                return Front(self._process, int(found[1]))
        raise AssertionError(self._process.wait())

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(20)
        assert self._process.stderr is not None
        self._process.stderr.close()
