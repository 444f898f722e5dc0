"""Functions run as Lambda runs them: what they see, what they may, and how they end."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import threading
from typing import Any

import pytest
from account import Account, refused
from botocore.exceptions import ClientError
from cases_functions import _function, _packed
from whole import rows

from udo.sandbox.strict.awslambda import runtime

CODE = """
import json, os, sys, time

def handler(event, context):
    return globals()[event["do"]](event, context)

def look(event, context):
    found = {}
    for name in ("udo", "moto", "boto3", "click"):
        try:
            __import__(name)
            found[name] = True
        except ImportError:
            found[name] = False
    return {"environment": sorted(os.environ), "modules": found, "folder": os.getcwd(), "top": sorted(os.listdir("/"))}

def write(event, context):
    with open("/tmp/mine", "x") as there:
        there.write("x")
    tried = {}
    for path in ("/var/task/mine", "/usr/mine", event["outside"]):
        try:
            open(path, "w").close()
            tried[path] = True
        except OSError:
            tried[path] = False
    return tried

def sleep(event, context):
    print("before")
    time.sleep(60)

def leave(event, context):
    os._exit(3)

def odd(event, context):
    return {1, 2}

def long(event, context):
    return "x" * 7_000_000

def left(event, context):
    return context.get_remaining_time_in_millis()
"""


def _run(aws: Account, do: str = "look", **event: Any) -> tuple[Any, str, str]:
    """What a function gave, its kind of error, and the end of its log."""
    told = aws.functions.invoke(FunctionName="shop", Payload=json.dumps({"do": do, **event}), LogType="Tail")
    return (
        json.loads(told["Payload"].read()),
        told.get("FunctionError", ""),
        base64.b64decode(told["LogResult"]).decode(),
    )


@pytest.fixture
def aws(world: Any) -> Account:
    made = Account(world.client, world)
    _function(made, Code={"ZipFile": _packed(CODE)}, Timeout=1, Environment={"Variables": {"COLOR": "red"}})
    return made


def test_a_function_sees_its_package_its_runtime_and_nothing_else(
    aws: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_OF_THE_SHELL", "x")
    aws.functions.update_function_configuration(FunctionName="shop", Timeout=30)
    told, error, log = _run(aws)
    assert not error, told
    assert told["modules"] == {"udo": False, "moto": False, "boto3": True, "click": False}
    assert {"COLOR", "AWS_REGION", "AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN", "_HANDLER"} <= set(told["environment"])
    assert not {"SECRET_OF_THE_SHELL", "HOME", "PYTHONPATH"} & set(told["environment"])
    assert told["folder"] == "/var/task"
    assert not {"root", "home", "work"} & set(told["top"])
    assert log.startswith("START RequestId: ")


def test_a_function_writes_in_its_tmp_alone(aws: Account, tmp_path: Any) -> None:
    outside = str(tmp_path / "mine")
    told, error, _ = _run(aws, "write", outside=outside)
    assert (error, told) == ("", {"/var/task/mine": False, "/usr/mine": False, outside: False})
    # Nothing is left of one run in the next one.
    assert _run(aws, "write", outside=outside)[1] == ""


@pytest.mark.parametrize(
    ("do", "kind", "message"),
    rows(
        [
            (LEFT := ("leave", "Runtime.ExitError", "Runtime exited with error: exit status 3")),
            ("odd", "Runtime.MarshalError", "Object of type set is not JSON serializable"),
            ("long", "Function.ResponseSizeTooLarge", "Response payload size exceeded maximum allowed"),
            ("lost", "KeyError", "'lost'"),
        ],
        [LEFT],
    ),
)
def test_how_a_function_ends_otherwise_is_said_as_lambda_says_it(
    aws: Account, do: str, kind: str, message: str
) -> None:
    told, error, _ = _run(aws, do)
    assert (error, told["errorType"]) == ("Unhandled", kind)
    assert message in told["errorMessage"]


def test_a_function_ends_with_its_time(aws: Account) -> None:
    told, error, log = _run(aws, "sleep")
    assert (error, told["errorType"]) == ("Unhandled", "Sandbox.Timedout")
    assert told["errorMessage"].endswith("Task timed out after 1.00 seconds")
    assert "\nbefore\n" in log
    assert 0 < _run(aws, "left")[0] <= 1000


@pytest.mark.parametrize(
    ("handler", "kind", "message"),
    rows(
        [
            (LOST := ("lost.handler", "Runtime.ImportModuleError", "Unable to import module 'lost': No module named")),
            ("app.lost", "Runtime.HandlerNotFound", "Handler 'lost' missing on module 'app'"),
            ("app", "Runtime.MalformedHandlerName", "Bad handler 'app'"),
        ],
        [LOST],
    ),
)
def test_a_handler_that_is_not_there_is_an_error_of_the_run(
    aws: Account, handler: str, kind: str, message: str
) -> None:
    aws.functions.update_function_configuration(FunctionName="shop", Handler=handler)
    told, error, _ = _run(aws)
    assert (error, told["errorType"]) == ("Unhandled", kind)
    assert message in told["errorMessage"]


def test_no_more_run_at_once_than_were_reserved(aws: Account) -> None:
    aws.functions.put_function_concurrency(FunctionName="shop", ReservedConcurrentExecutions=1)
    ended: list[Any] = []

    def one() -> None:
        try:
            ended.append(_run(aws, "sleep")[1])
        except ClientError as error:
            ended.append(error.response["Error"]["Code"])

    both = [threading.Thread(target=one) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert sorted(ended) == ["TooManyRequestsException", "Unhandled"]


def test_where_functions_cannot_be_confined_they_do_not_run(
    aws: Account, world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    runtime.way.cache_clear()
    try:
        told = "bwrap), which functions are confined with; '--run-hooks-unconfined' runs them without"
        refused(aws.functions.invoke, "NotImplemented", told, FunctionName="shop", Payload=b"{}")
        monkeypatch.setattr(world.agents, "unconfined", True)
        assert _run(aws, "left")[1] == ""
    finally:
        runtime.way.cache_clear()


def test_what_is_no_python_is_not_run(aws: Account) -> None:
    aws.functions.update_function_configuration(FunctionName="shop", Runtime="nodejs22.x")
    aws.step(5)
    refused(aws.functions.invoke, "NotImplemented", "the sandbox runs Python", FunctionName="shop", Payload=b"{}")


def test_a_policy_is_read_as_it_was_made(aws: Account) -> None:
    refused(aws.functions.get_policy, "ResourceNotFoundException", "does not exist", FunctionName="shop")
    words = {
        "FunctionName": "shop",
        "StatementId": "one",
        "Action": "lambda:InvokeFunction",
        "SourceArn": "arn:aws:s3:::b",
    }
    aws.functions.add_permission(Principal="s3.amazonaws.com", **words)
    [statement] = json.loads(aws.functions.get_policy(FunctionName="shop")["Policy"])["Statement"]
    assert statement["Principal"] == {"Service": "s3.amazonaws.com"}
    assert statement["Condition"] == {"ArnLike": {"AWS:SourceArn": "arn:aws:s3:::b"}}
    assert statement["Resource"].endswith(":function:shop")
    aws.functions.remove_permission(FunctionName="shop", StatementId="one")
    refused(aws.functions.get_policy, "ResourceNotFoundException", "does not exist", FunctionName="shop")


@pytest.mark.whole
def test_a_function_may_do_what_its_role_may(aws: Account, world: Any) -> None:
    code = (
        "import boto3\n"
        "def handler(event, context):\n"
        "    made = boto3.client('sqs').create_queue(QueueName='jobs')['QueueUrl']\n"
        "    return boto3.client('sqs').delete_queue(QueueUrl=made)\n"
    )
    aws.functions.update_function_configuration(FunctionName="shop", Timeout=60)
    aws.step(5)
    aws.functions.update_function_code(FunctionName="shop", ZipFile=_packed(code))
    statement = {"Effect": "Allow", "Action": "sqs:CreateQueue", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    aws.iam.put_role_policy(RoleName="runs", PolicyName="jobs", PolicyDocument=document)
    world.goes_by_policies = True
    with world.serve():
        told, error, _ = _run(aws)
    assert error == "Unhandled"
    assert "assumed-role/runs/shop is not authorized" in told["errorMessage"]
    assert "calling the DeleteQueue operation" in told["errorMessage"]
    assert len(aws.sqs.list_queues()["QueueUrls"]) == 1


@pytest.mark.whole
def test_nothing_of_functions_and_apis_is_loaded_before_it_is_asked_for() -> None:
    program = (
        "import sys\nfrom udo.sandbox.world import World\n"
        "world = World()\nworld.client('autoscaling').describe_auto_scaling_groups()\nworld.reset()\n"
        "print(*sys.modules)"
    )
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    ours = {
        name for name in loaded if name.startswith(("udo.sandbox.strict.awslambda.", "udo.sandbox.strict.apigateway."))
    }
    assert ours == {"udo.sandbox.strict.awslambda.state"}
    assert not {"moto.awslambda.models", "moto.apigateway.models"} & set(loaded)
