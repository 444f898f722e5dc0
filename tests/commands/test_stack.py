"""`udo stack`: stacks that are planned, made, changed, followed, shown and deleted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from stack_worlds import CONFIG, QUEUES, lint_once, make, stack, write

from udo.sandbox.faults import Fault
from udo.sandbox.strict.cloudformation.faults import StackFault, stack_faults

Udo = Callable[..., Any]
CREATE = ("stack", "create", "queues")
UPDATE = ("stack", "update", "queues")
DELETE = ("stack", "delete", "queues")
ROLE = """
  Role:
    Type: AWS::IAM::Role
    Properties:
      RoleName: jobs
      AssumeRolePolicyDocument:
        Statement: [{Effect: Allow, Principal: {Service: ec2.amazonaws.com}, Action: "sts:AssumeRole"}]
"""
REVIEW = ("review", "--param", "branch=cart")


@pytest.fixture(autouse=True)
def _files(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    lint_once(monkeypatch)
    write()


def stacks(world: Any) -> dict[str, str]:
    """The states of all stacks by their names."""
    found = world.client("cloudformation").describe_stacks()["Stacks"]
    return {one["StackName"]: one["StackStatus"] for one in found}


def tags(world: Any, name: str) -> dict[str, str]:
    """The tags of a stack."""
    return {one["Key"]: one["Value"] for one in stack(world, name)["Tags"]}


def asked(world: Any) -> list[str]:
    """What CloudFormation was asked for, that it changes something by."""
    names = [one.name.partition(":")[2] for one in world.log if one.name.startswith("cloudformation:")]
    return [name for name in names if not name.startswith(("Describe", "List", "Get"))]


def test_a_stack_is_made_followed_and_told(world: Any, udo: Udo) -> None:
    done = udo(*CREATE)
    assert done.exit == 0, done.stderr
    assert "  + Jobs  SQS::Queue  added" in done.stderr
    assert "      News  CREATE_COMPLETE\n" in done.stderr
    assert done.stdout.startswith("stack queues is made\n  state       CREATE_COMPLETE\n")
    assert "ordered by  user/sandbox" in done.stdout
    assert "Jobs        https://sqs.us-west-2.amazonaws.com/123456789012/queues-Jobs-" in done.stdout
    found = tags(world, "queues")
    assert found == {
        "cluster": "stage",
        "team": "shop",
        "udo:stack": "queues",
        "udo:by": "arn:aws:iam::123456789012:user/sandbox",
    }
    assert asked(world) == ["CreateChangeSet", "ExecuteChangeSet"]


def test_a_second_run_has_nothing_to_do_and_leaves_nothing_behind(world: Any, udo: Udo) -> None:
    assert udo(*CREATE).exit == 0
    world.log.clear()
    for verb in (CREATE, UPDATE):
        done = udo(*verb)
        assert (done.exit, done.stdout) == (0, "nothing to do: stack queues is as udo.yml says\n"), done.stderr
    assert asked(world) == ["CreateChangeSet", "DeleteChangeSet"] * 2
    assert world.client("cloudformation").list_change_sets(StackName="queues")["Summaries"] == []


def test_an_order_is_a_stack_of_its_own_found_by_key_or_by_name(world: Any, udo: Udo) -> None:
    assert udo("stack", "create", *REVIEW).exit == 0
    assert stacks(world) == {"shop-review-cart": "CREATE_COMPLETE"}
    by_key, by_name = udo("stack", "state", *REVIEW), udo("stack", "state", "shop-review-cart")
    assert by_key.exit == by_name.exit == 0
    assert by_key.stdout == by_name.stdout
    assert "CREATE_COMPLETE" in by_key.stdout


def test_a_plan_leaves_nothing_in_aws(world: Any, udo: Udo) -> None:
    done = udo("stack", "plan", "queues", "--exit-code")
    assert done.exit == 5, done.stderr
    assert "stack create  stack queues  (dry run: nothing is changed)" in done.stdout
    assert "  + Jobs  SQS::Queue  added" in done.stdout
    assert stacks(world) == {}
    dry = udo(*CREATE, "--dry-run")
    assert dry.exit == 0
    assert stacks(world) == {}
    assert udo(*CREATE).exit == 0
    again = udo("stack", "plan", "queues", "--exit-code")
    assert (again.exit, again.stdout) == (0, "nothing to do: stack queues is as udo.yml says\n")


def test_an_update_is_told_property_by_property_and_a_replacement_is_asked_about(world: Any, udo: Udo) -> None:
    assert udo(*CREATE).exit == 0
    write(queues=QUEUES.replace('Default: "0"', 'Default: "9"'))
    done = udo(*UPDATE)
    assert done.exit == 0, done.stderr
    assert "      DelaySeconds: 0 -> 9" in done.stderr
    assert stack(world, "queues")["StackStatus"] == "UPDATE_COMPLETE"
    write(queues=QUEUES.replace("{DelaySeconds: !Ref Delay}", "{DelaySeconds: !Ref Delay, QueueName: jobs}"))
    refused = udo(*UPDATE)
    assert refused.exit == 7
    assert "Jobs is replaced. Update stack queues?' needs an answer" in refused.stderr
    assert "REPLACED because of QueueName" in refused.stderr
    assert world.client("cloudformation").list_change_sets(StackName="queues")["Summaries"] == []
    assert udo(*UPDATE, "--yes").exit == 0


def test_create_does_not_touch_a_stack_that_is_otherwise(world: Any, udo: Udo) -> None:
    assert udo(*CREATE).exit == 0
    write(queues=QUEUES.replace('Default: "0"', 'Default: "9"'))
    done = udo(*CREATE)
    assert done.exit == 4
    assert "stack queues exists and is not as udo.yml says: 1 of its resources would change" in done.stderr
    assert "udo stack update queues" in done.stderr


@pytest.mark.parametrize("verb", ["create", "update", "plan", "delete"])
def test_a_stack_that_udo_did_not_make_is_a_conflict(world: Any, udo: Udo, verb: str) -> None:
    make(world, "queues")
    world.log.clear()
    done = udo("stack", verb, "queues", *(("--yes",) if verb != "plan" else ()))
    assert done.exit == 4
    assert "a stack queues exists that Udo did not make: it has no tag udo:stack" in done.stderr
    assert asked(world) == []


def test_the_first_real_failure_is_on_top_and_what_to_do_at_the_end(world: Any, udo: Udo) -> None:
    stack_faults.add(StackFault("create", resource="Jobs", message="Queue quota is spent"))
    done = udo(*CREATE)
    assert done.exit == 1
    assert (
        "stack queues is ROLLBACK_COMPLETE: resource Jobs (AWS::SQS::Queue) failed because: Queue quota is spent "
        in done.stderr
    )
    assert "; the other one was cancelled" in done.stderr
    assert "udo stack delete queues" in done.stderr
    rows = {line.split()[0]: line for line in done.stdout.splitlines() if line.startswith("  ")}
    assert rows.keys() == {"Jobs", "Dead"}
    told = udo("stack", "events", "queues")
    assert told.exit == 0
    assert told.stdout.startswith("resource Jobs (AWS::SQS::Queue) failed because: ")
    stuck = udo(*CREATE)
    assert stuck.exit == 7
    assert "nothing of it is left but its name" in stuck.stderr
    assert udo(*DELETE, "--yes").exit == 0
    assert udo(*CREATE).exit == 0


def test_an_update_that_fails_is_rolled_back_and_can_be_tried_again(world: Any, udo: Udo) -> None:
    assert udo(*CREATE).exit == 0
    write(queues=QUEUES.replace('Default: "0"', 'Default: "9"'))
    stack_faults.add(StackFault("update", resource="Jobs", message="no"))
    done = udo(*UPDATE)
    assert done.exit == 1
    assert "stack queues is UPDATE_ROLLBACK_COMPLETE: resource Jobs (AWS::SQS::Queue) failed because: " in done.stderr
    assert udo(*UPDATE).exit == 0


def test_delete_asks_and_then_nothing_is_left(world: Any, udo: Udo) -> None:
    assert udo(*CREATE).exit == 0
    asks = udo(*DELETE)
    assert asks.exit == 7
    assert "'Delete stack queues and the 3 resources in it for ever?' needs an answer" in asks.stderr
    done = udo(*DELETE, "--yes")
    assert (done.exit, done.stdout) == (0, "stack queues is deleted\n"), done.stderr
    assert stacks(world) == {}
    again = udo(*DELETE, "--yes")
    assert (again.exit, again.stdout) == (0, "nothing to delete: stack queues does not exist\n")


def test_termination_protection_comes_before_the_execution_and_keeps_the_stack(world: Any, udo: Udo) -> None:
    write(CONFIG.replace("timeout: 10m", "timeout: 10m, protect: true"))
    assert udo(*CREATE).exit == 0
    assert asked(world) == ["CreateChangeSet", "UpdateTerminationProtection", "ExecuteChangeSet"]
    done = udo(*DELETE, "--yes")
    assert done.exit == 7
    assert "termination protection" in done.stderr
    assert "update-termination-protection --no-enable-termination-protection --stack-name queues" in done.stderr
    assert stacks(world) == {"queues": "CREATE_COMPLETE"}


def test_a_stack_that_was_protected_and_never_made_is_removed_by_who_finds_it(world: Any, udo: Udo) -> None:
    write(CONFIG.replace("timeout: 10m", "timeout: 10m, protect: true"))
    world.faults.add(Fault("deny", "cloudformation:ExecuteChangeSet"))
    done = udo(*CREATE)
    assert done.exit == 6, done.stderr
    assert "cloudformation:ExecuteChangeSet" in done.stderr
    assert stacks(world) == {}


def test_what_the_template_retains_is_named(world: Any, udo: Udo) -> None:
    write(queues=QUEUES.replace("  Dead:\n", "  Dead:\n    DeletionPolicy: Retain\n"))
    assert udo(*CREATE).exit == 0
    done = udo(*DELETE, "--yes")
    assert done.exit == 0
    assert "kept in AWS: Dead, SQS::Queue queues-Dead-" in done.stderr


def test_what_cannot_be_deleted_is_named_with_what_helps(world: Any, udo: Udo) -> None:
    assert udo(*CREATE).exit == 0
    stack_faults.add(StackFault("delete", resource="Dead", message="it is in use", times=None))
    done = udo(*DELETE, "--yes")
    assert done.exit == 1
    assert "stack queues is DELETE_FAILED: resource Dead (AWS::SQS::Queue) failed because: " in done.stderr
    assert "-> or leave it in AWS: --retain Dead" in done.stdout
    assert udo(*DELETE, "--yes", "--retain", "Jobs").exit == 7
    assert udo(*DELETE, "--yes", "--retain", "Dead").exit == 0
    assert stacks(world) == {}


def test_a_stack_of_nobody_we_know_is_refused_and_a_tagged_one_is_deleted_by_its_name(world: Any, udo: Udo) -> None:
    make(world, "foreign")
    make(world, "old", Tags=[{"Key": "udo:stack", "Value": "gone"}])
    done = udo("stack", "delete", "foreign", "--yes")
    assert done.exit == 7
    assert "stack foreign is neither in udo.yml (udo.yml) nor has it the tag udo:stack" in done.stderr
    assert udo("stack", "delete", "old", "--yes").exit == 0
    assert stacks(world) == {"foreign": "CREATE_COMPLETE"}
    unknown = udo("stack", "delete", "queue", "--yes")
    assert unknown.exit == 2
    assert "did you mean 'queues'?" in unknown.stderr


def test_the_list_has_those_of_udo_yml_and_those_with_the_tag(world: Any, udo: Udo) -> None:
    make(world, "foreign")
    make(world, "old", Tags=[{"Key": "udo:stack", "Value": "gone"}])
    assert udo("stack", "create", *REVIEW).exit == 0
    world.log.clear()
    done = udo("stack", "list", "-o", "json")
    rows = {row["name"]: (row["key"], row["state"]) for row in done.json["data"]}
    assert rows == {
        "old": ("gone", "CREATE_COMPLETE"),
        "shop-review-cart": ("review", "CREATE_COMPLETE"),
        "queues": ("queues", "absent"),
    }
    assert [one.name for one in world.log] == ["cloudformation:DescribeStacks"]


def test_a_capability_that_is_not_granted_is_named(world: Any, udo: Udo) -> None:
    write(queues=QUEUES.replace("Outputs:", f"{ROLE}Outputs:"))
    done = udo(*CREATE)
    assert done.exit == 7
    assert "needs CAPABILITY_NAMED_IAM for its resource Role (queues.yml:14), which udo.yml:6 does not" in done.stderr
    assert stacks(world) == {}


def test_the_deadline_leaves_it_to_aws_and_the_same_command_follows_it(world: Any, udo: Udo) -> None:
    write(CONFIG.replace("timeout: 10m", "timeout: 3s"))
    done = udo(*CREATE)
    assert done.exit == 124, done.stderr
    assert "udo stack events queues -w" in done.stderr
    write()
    world.log.clear()
    again = udo(*CREATE)
    assert again.exit == 0, again.stderr
    assert "stack queues is CREATE_IN_PROGRESS already: it is followed to its end" in again.stderr
    assert "ExecuteChangeSet" not in asked(world)


def test_what_somebody_else_is_at_is_not_disturbed(world: Any, udo: Udo) -> None:
    world.client("cloudformation").create_stack(StackName="queues", TemplateBody=Path("queues.yml").read_text())
    done = udo(*CREATE)
    assert done.exit == 4
    assert asked(world) == []
    assert stacks(world) == {"queues": "CREATE_IN_PROGRESS"}, "it was not waited for either"


def test_documents_come_as_lines(world: Any, udo: Udo) -> None:
    done = udo(*CREATE, "-o", "jsonl")
    assert done.exit == 0, done.stderr
    lines = done.stdout.splitlines()
    assert '"state": "CREATE_IN_PROGRESS"' in lines[0]
    assert '"exit": 0' in lines[-1]


def test_a_document_tells_resources_outputs_and_the_failure(world: Any, udo: Udo) -> None:
    done = udo(*CREATE, "-o", "json").json
    assert done["ok"]
    assert [row["resource"] for row in done["data"]["resources"]] == ["Jobs", "Dead", "News"]
    assert done["data"]["stack"]["outputs"].keys() == {"Jobs"}
    stack_faults.add(StackFault("create", type="AWS::SQS::Queue", message="no"))
    failed = udo("stack", "create", *REVIEW, "-o", "json").json
    assert (failed["exit"], failed["data"]["failure"]["resource"]) == (1, "Queue")


def test_another_account_is_refused_before_anything_is_made(world: Any, udo: Udo) -> None:
    write(CONFIG.replace("region:", 'account: "999999999999"\nregion:'))
    for words in (CREATE, ("stack", "plan", "queues"), (*DELETE, "--yes")):
        done = udo(*words)
        assert done.exit == 7, done.stderr
    assert asked(world) == []


def test_a_lock_keeps_a_stack(world: Any, udo: Udo) -> None:
    assert udo("lock", "stack:queues", "--reason", "moving").exit == 0
    done = udo(*CREATE)
    assert done.exit == 4
    assert "stack:queues is locked by" in done.stderr
    assert stacks(world) == {}
    assert udo("unlock", "stack:queues", "--yes").exit == 0
    assert udo(*CREATE).exit == 0
