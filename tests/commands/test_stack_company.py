"""Stacks among others: nested ones, templates in S3, names that are taken, alarms, colleagues, and who is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from guard_worlds import alarm, ring, rings_at
from listener import listening, status
from stack_worlds import CONFIG, QUEUES, make, stack, without_lint, write

from udo.sandbox.strict.cloudformation.faults import StackFault, stack_faults

Udo = Callable[..., Any]
CREATE = ("stack", "create", "queues")
UPDATE = ("stack", "update", "queues")
CHANGED = QUEUES.replace('Default: "0"', 'Default: "9"')
BUCKET = "https://templates.s3.us-west-2.amazonaws.com"
INNER = "Resources: {Jobs: {Type: AWS::SQS::Queue}, Dead: {Type: AWS::SQS::Queue, DependsOn: Jobs}}\n"
NESTED = f"Resources: {{Within: {{Type: AWS::CloudFormation::Stack, Properties: {{TemplateURL: {BUCKET}/NAME}}}}}}\n"
GUARDED = f"guards: {{alarms: [errors]}}\n{CONFIG}"


@pytest.fixture(autouse=True)
def _files(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    without_lint(monkeypatch)
    write()


def uploaded(world: Any, **templates: str) -> None:
    """Templates in a bucket."""
    s3 = world.client("s3")
    s3.create_bucket(Bucket="templates", CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    for name, text in templates.items():
        s3.put_object(Bucket="templates", Key=name, Body=text.encode())


def states(world: Any) -> dict[str, str]:
    found = world.client("cloudformation").describe_stacks()["Stacks"]
    return {one["StackName"]: one["StackStatus"] for one in found}


def test_a_failure_two_stacks_down_is_told_with_its_path(world: Any, udo: Udo) -> None:
    uploaded(world, inner=INNER, middle=NESTED.replace("NAME", "inner"))
    write(queues=NESTED.replace("NAME", "middle"))
    stack_faults.add(StackFault("create", resource="Jobs", message="Queue quota is spent"))
    done = udo(*CREATE)
    assert done.exit == 1
    cause = "resource Within/Within/Jobs (AWS::SQS::Queue) failed because: Queue quota is spent"
    assert cause in done.stderr
    for words in (("stack", "events", "queues"), ("why", "stack:queues")):
        assert cause in udo(*words).stdout


@pytest.mark.whole
def test_nested_stacks_are_made_shown_and_deleted_with_theirs(world: Any, udo: Udo) -> None:
    uploaded(world, inner=INNER)
    write(queues=NESTED.replace("NAME", "inner"))
    done = udo(*CREATE, "-o", "json").json
    assert [row["resource"] for row in done["data"]["resources"]] == ["Within", "Within/Jobs", "Within/Dead"]
    assert [row["name"] for row in udo("stack", "list", "-o", "json").json["data"]] == ["queues"]
    assert udo("stack", "delete", "queues", "--yes").exit == 0
    assert states(world) == {}


def test_a_template_in_s3_is_fetched_by_cloudformation_alone(world: Any, udo: Udo) -> None:
    uploaded(world, **{"queues.yml": QUEUES})
    write(CONFIG.replace("template: queues.yml", 'template: "s3://templates/queues.yml"'))
    done = udo(*CREATE)
    assert done.exit == 0, done.stderr
    assert states(world) == {"queues": "CREATE_COMPLETE"}
    assert not [one for one in world.log if one.name.startswith("s3:")]


def test_a_template_that_is_not_in_s3_makes_nothing(world: Any, udo: Udo) -> None:
    uploaded(world)
    write(CONFIG.replace("template: queues.yml", 'template: "s3://templates/queues.yml"'))
    done = udo(*CREATE)
    assert done.exit == 1
    told = "CloudFormation cannot fetch the template s3://templates/queues.yml (udo.yml:6): The specified key does not"
    assert told in done.stderr.splitlines()[-1]
    assert states(world) == {}


def test_a_name_that_is_taken_is_told_with_the_line_of_the_template_and_nothing_is_made(world: Any, udo: Udo) -> None:
    world.client("sqs").create_queue(QueueName="jobs")
    write(queues=QUEUES.replace("{DelaySeconds: !Ref Delay}", "{QueueName: jobs}"))
    for words in (CREATE, ("stack", "plan", "queues")):
        done = udo(*words)
        assert done.exit == 7, done.stderr
        assert "CloudFormation does not take the template: queues.yml:5" in done.stderr
        assert "already exists" in done.stderr
        assert states(world) == {}


@pytest.mark.whole
def test_an_alarm_that_rings_keeps_a_stack_from_being_made(world: Any, udo: Udo) -> None:
    alarm(world, "errors")
    ring(world, "errors")
    write(GUARDED)
    done = udo(*CREATE)
    assert done.exit == 7, done.stderr
    assert "errors" in done.stderr
    assert states(world) == {}
    assert udo(*CREATE, "--ignore-alarms", "--reason", "it is old").exit == 0


def test_an_alarm_that_goes_off_meanwhile_ends_the_run_and_leaves_the_stack_to_aws(world: Any, udo: Udo) -> None:
    alarm(world, "errors")
    write(GUARDED)
    rings_at(world, "errors", "cloudformation:DescribeStackEvents")
    done = udo(*CREATE)
    assert done.exit == 1, done.stderr
    assert "CloudWatch alarm in ALARM: errors: ended there, steps done: 1; the same command continues" in done.stderr
    assert states(world) == {"queues": "CREATE_IN_PROGRESS"}, "AWS was not told to stop"
    world.client("cloudwatch").set_alarm_state(AlarmName="errors", StateValue="OK", StateReason="told")
    assert udo(*CREATE).exit == 0


def test_start_and_end_are_told_to_whom_udo_yml_names(
    world: Any, udo: Udo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with listening(tmp_path, status(200)) as heard:
        monkeypatch.setenv("SSL_CERT_FILE", str(heard.certificate))
        write(f"notify: [{{url: '{heard.url}', verbs: [stack create]}}]\n{CONFIG}")
        assert udo(*CREATE).exit == 0
        assert udo("stack", "delete", "queues", "--yes").exit == 0
        told = [(one["verb"], one["target"], one["outcome"]) for one in heard.posted]
    assert told == [("stack create", "stack queues", "start"), ("stack create", "stack queues", "success")]


@pytest.mark.whole
def test_events_are_followed_to_the_end_of_what_somebody_else_does(world: Any, udo: Udo) -> None:
    world.client("cloudformation").create_stack(StackName="queues", TemplateBody=QUEUES)
    done = udo("stack", "events", "queues", "-w")
    assert done.exit == 0, done.stderr
    assert done.stdout.startswith("stack queues  CREATE_COMPLETE")
    stack_faults.add(StackFault("delete", resource="Dead", message="it is in use"))
    world.client("cloudformation").delete_stack(StackName="queues")
    failed = udo("stack", "events", "queues", "-w")
    assert failed.exit == 1
    assert failed.stdout.startswith("resource Dead (AWS::SQS::Queue) failed because: it is in use")
    assert "stack queues is DELETE_FAILED" in failed.stderr


def test_a_colleagues_change_set_for_a_new_stack_is_not_run_over(world: Any, udo: Udo) -> None:
    world.client("cloudformation").create_change_set(
        StackName="queues", ChangeSetName="theirs", ChangeSetType="CREATE", TemplateBody=QUEUES
    )
    world.clock.step(60.0)
    done = udo(*CREATE)
    assert done.exit == 4
    assert "somebody else is about to make a stack queues: change set theirs waits" in done.stderr
    (left,) = world.client("cloudformation").list_change_sets(StackName="queues")["Summaries"]
    assert left["ChangeSetName"] == "theirs"


@pytest.mark.whole
def test_a_colleagues_change_set_of_a_stack_that_is_there_stays(world: Any, udo: Udo) -> None:
    assert udo(*CREATE).exit == 0
    write(queues=CHANGED)
    world.client("cloudformation").create_change_set(
        StackName="queues", ChangeSetName="theirs", TemplateBody=QUEUES.replace('Default: "0"', 'Default: "7"')
    )
    world.clock.step(60.0)
    assert udo("stack", "plan", "queues").exit == 0
    (left,) = world.client("cloudformation").list_change_sets(StackName="queues")["Summaries"]
    assert left["ChangeSetName"] == "theirs"


def test_a_rollback_that_failed_is_told_what_it_is_and_how_it_continues(world: Any, udo: Udo) -> None:
    assert udo(*CREATE).exit == 0
    write(queues=CHANGED)
    stack_faults.add(StackFault("update", resource="Jobs", message="no", times=2))
    done = udo(*UPDATE)
    assert done.exit == 1
    assert stack(world, "queues")["StackStatus"] == "UPDATE_ROLLBACK_FAILED"
    assert "aws cloudformation continue-update-rollback --stack-name queues" in done.stderr
    again = udo(*UPDATE)
    assert again.exit == 7
    assert "its last update failed, and so did the rollback: it is between the two" in again.stderr
    assert "continue-update-rollback" in udo("stack", "state", "queues").stdout
    world.client("cloudformation").continue_update_rollback(StackName="queues")
    world.clock.step(120.0)
    assert udo(*UPDATE).exit == 0


@pytest.mark.whole
def test_what_is_kept_after_a_failure_is_deleted_before_it_is_made_again(world: Any, udo: Udo) -> None:
    write(CONFIG.replace("timeout: 10m", "timeout: 10m, on_failure: keep"))
    stack_faults.add(StackFault("create", resource="Jobs", message="no"))
    assert udo(*CREATE).exit == 1
    assert states(world) == {"queues": "CREATE_FAILED"}
    stuck = udo(*CREATE)
    assert stuck.exit == 7
    assert "its creation failed, and what was made is still there" in stuck.stderr
    assert "delete what is left with 'udo stack delete queues', then 'udo stack create queues'" in stuck.stderr
    assert udo("stack", "delete", "queues", "--yes").exit == 0
    assert udo(*CREATE).exit == 0


@pytest.mark.whole
def test_a_name_almost_alike_is_never_touched(world: Any, udo: Udo) -> None:
    for name in ("queues-2", "queue", "xqueues"):
        make(world, name)
    assert udo(*CREATE).exit == 0
    assert udo("stack", "delete", "queues", "--yes").exit == 0
    assert states(world) == dict.fromkeys(("queues-2", "queue", "xqueues"), "CREATE_COMPLETE")
