"""`udo check` and stacks: their templates are looked at with them, and nothing is loaded where there are none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

STACKS = """\
stacks:
  jobs: {template: jobs.yml, parameters: {Brnch: a}}
  role: {template: role.yml}
  gone: {template: gone.yml}
  kept: {template: "s3://shop/a.yml"}
  review: {name: "r-${param:b}", template: "${param:b}.yml", params: {b: {}}}
clusters: {stage: {roles: {webapp: {}}}}
"""
JOBS = """\
Parameters: {Branch: {Type: String}, Size: {Type: String, Default: a}}
Resources: {Jobs: {Type: AWS::SQS::Queue, Properties: {QueueNme: !Ref Branch}}}
"""
ROLE = "Resources: {Role: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {Statement: []}}}}\n"


def written(text: str = STACKS) -> None:
    Path("udo.yml").write_text(text)
    Path("jobs.yml").write_text(JOBS)
    Path("role.yml").write_text(ROLE)


def test_every_mistake_of_stacks_and_templates_is_told_at_once(udo: Any) -> None:
    written()
    found = udo("check")
    assert found.exit == 2
    assert found.stderr.splitlines() == [
        "jobs.yml:2:56: Additional properties are not allowed ('QueueNme' was unexpected. Did you mean 'QueueName'?)"
        " (E3002)",
        "udo.yml:2:30: stack jobs gives the template no Branch, which has no default (jobs.yml:1): write parameters:"
        " {Branch: ..}",
        "udo.yml:2:43: template jobs.yml has no parameter 'Brnch': did you mean 'Branch'?",
        "udo.yml:3:3: stack role needs CAPABILITY_IAM for its resource Role (role.yml:1), which"
        " udo.yml:3 does not grant",
        "udo.yml:4:20: template 'gone.yml': there is no such file",
    ]


def test_warnings_are_no_mistakes(udo: Any) -> None:
    written("stacks: {jobs: {template: jobs.yml, parameters: {Branch: a}}}\nclusters: {stage: {roles: {webapp: {}}}}\n")
    Path("jobs.yml").write_text(JOBS.replace("QueueNme", "QueueName"))
    found = udo("check")
    assert found.exit == 0
    assert found.stdout.endswith("1 cluster, 1 role, 1 stack, no mistakes\n")
    assert found.stderr.splitlines() == ["jobs.yml:1:38: Parameter Size not used (W2001) (warning)"]
    assert udo("check", "-o", "json").json["data"]["stacks"] == ["jobs"]


def test_without_stacks_cfn_lint_is_not_loaded() -> None:
    Path("udo.yml").write_text("clusters: {prod: {roles: {web: {ami: ami-12345678}}}}\n")
    program = "import sys\nfrom udo.cli import main\ntry:\n    main(['check'])\nfinally:\n    print(*sys.modules)"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(ended.stdout.split())
    assert "udo.config.loading" in loaded
    assert not loaded & {"cfnlint", "udo.config.stacks", "udo.stacks", "udo.check.stacks"}


def test_templates_that_have_not_changed_are_checked_without_loading_cfn_lint(udo: Any) -> None:
    written()
    first = udo("check")
    program = (
        "import sys\nfrom udo.cli import main\ntry:\n    main(['check'])\nfinally:\n    print('cfnlint' in sys.modules)"
    )

    def again() -> tuple[str, str]:
        ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
        return ended.stdout.splitlines()[-1], ended.stderr

    assert again() == ("False", first.stderr)
    Path("jobs.yml").write_text(Path("jobs.yml").read_text() + "# another\n")
    assert again() == ("True", first.stderr)
