"""Stacks for tests: a udo.yml with its templates, and stacks of others beside them."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import pytest

from udo.config.tree import Mark, Table
from udo.stacks.lint import findings
from udo.stacks.template import Template

QUEUES = """
Parameters:
  Delay: {Type: String, Default: "0"}
Resources:
  Jobs:
    Type: AWS::SQS::Queue
    Properties: {DelaySeconds: !Ref Delay}
  Dead:
    Type: AWS::SQS::Queue
  News:
    Type: AWS::SNS::Topic
    DependsOn: Jobs
Outputs:
  Jobs: {Value: !Ref Jobs, Description: Where jobs go}
"""
REVIEW = """
Parameters:
  Branch: {Type: String}
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties: {QueueName: !Sub "review-${Branch}"}
"""
CONFIG = """
region: us-west-2
clusters:
  stage: {roles: {webapp: {ami: ami-12345678}}}
stacks:
  queues: {template: queues.yml, cluster: stage, tags: {team: shop}, timeout: 10m}
  review:
    name: shop-review-${param:branch}
    template: review.yml
    params: {branch: {doc: The branch to look at}}
    parameters: {Branch: "${param:branch}"}
"""


def write(config: str = CONFIG, queues: str = QUEUES) -> None:
    """Writes udo.yml and its templates here."""
    Path("udo.yml").write_text(config, encoding="utf-8")
    Path("queues.yml").write_text(queues, encoding="utf-8")
    Path("review.yml").write_text(REVIEW, encoding="utf-8")


@functools.cache
def _found(text: str, label: str, region: str | None) -> Any:
    mark = Mark("udo.yml", 1, 1)
    return findings(Template(label, text, Table({}, mark)), region)


def lint_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has cfn-lint look at each template once in this process, which takes it seconds."""
    monkeypatch.setattr("udo.stacks.fit.findings", lambda one, region: _found(one.text, one.label, region))


def without_lint(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has cfn-lint not installed, which is a way to use Udo, and saves seconds a template."""
    monkeypatch.setattr("udo.stacks.lint.find_spec", lambda _: None)


def stack(world: Any, name: str) -> Any:
    """The stack of that name as AWS describes it."""
    return world.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]


def make(world: Any, name: str, template: str = QUEUES, **more: Any) -> str:
    """Makes a stack as somebody else does, and waits for its end; gives its id."""
    made = world.client("cloudformation").create_stack(StackName=name, TemplateBody=template, **more)
    world.clock.step(120.0)
    assert stack(world, name)["StackStatus"] == "CREATE_COMPLETE"
    return str(made["StackId"])
