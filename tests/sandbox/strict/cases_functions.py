"""Lambda: one case for each rule, named like it."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

from account import Account, Broken, accepted, holds, refused

CODE = """
import os, time

def handler(event, context):
    print("asked", event)
    if "boom" in event:
        raise ValueError(event["boom"])
    time.sleep(event.get("seconds", 0))
    return {"event": event, "name": context.function_name, "color": os.environ.get("COLOR")}
"""


def _packed(text: str = CODE, name: str = "app.py") -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as package:
        package.writestr(name, text)
    return content.getvalue()


def _role(aws: Account, service: str = "lambda.amazonaws.com", name: str = "runs") -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    return str(aws.iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"])


def _words(aws: Account, **more: Any) -> dict[str, Any]:
    words = {"FunctionName": "shop", "Runtime": "python3.12", "Handler": "app.handler", "Code": {"ZipFile": _packed()}}
    return {**words, **({} if "Role" in more else {"Role": _role(aws)}), **more}


def _function(aws: Account, wait: float = 5, **more: Any) -> dict[str, Any]:
    made = accepted(aws.functions.create_function, **_words(aws, **more))
    aws.step(wait)
    return dict(made)


def _invoked(aws: Account, event: Any, **more: Any) -> dict[str, Any]:
    try:
        told = dict(aws.functions.invoke(FunctionName="shop", Payload=json.dumps(event), **more))
        told["Payload"] = json.loads(told["Payload"].read())
    except Exception as error:
        raise Broken(f"it does not run: {error!r}") from error
    return told


def _stopped(aws: Account, code: str, text: str, **more: Any) -> None:
    words = _words(aws, Role="arn:aws:iam::123456789012:role/runs") | more
    refused(aws.functions.create_function, code, text, **words)


def handlers_have_their_form(aws: Account) -> None:
    _role(aws)
    for handler in ("app handler", "a" * 129):
        _stopped(aws, "ValidationException", "at 'handler' failed to satisfy constraint", Handler=handler)
    words = _words(aws, Role="arn:aws:iam::123456789012:role/runs")
    del words["Handler"]
    refused(
        aws.functions.create_function, "InvalidParameterValueException", "Runtime and Handler are mandatory", **words
    )


def runtimes_are_current(aws: Account) -> None:
    _role(aws)
    _stopped(aws, "InvalidParameterValueException", "Value python9 at 'runtime' failed", Runtime="python9")
    _stopped(aws, "InvalidParameterValueException", "python3.7 is no longer supported", Runtime="python3.7")


def functions_keep_to_their_sizes(aws: Account) -> None:
    _role(aws)
    for sizes in ({"Timeout": 901}, {"MemorySize": 10_241}):
        _stopped(aws, "ValidationException", "Member must have value less than or equal to", **sizes)
    # What the client itself lets through, and what it does not, depends on its version.
    _function(aws, Role="arn:aws:iam::123456789012:role/runs", Timeout=900, MemorySize=10_240)


def environments_leave_out_what_is_lambdas(aws: Account) -> None:
    _role(aws)
    taken = {"Variables": {"AWS_REGION": "mars-1", "COLOR": "red"}}
    _stopped(aws, "InvalidParameterValueException", "Reserved keys used in this request: AWS_REGION", Environment=taken)
    long = {"Variables": {"COLOR": "x" * 4096}}
    _stopped(aws, "InvalidParameterValueException", "exceeded the 4KB limit", Environment=long)
    bad = {"Variables": {"1COLOR": "red"}}
    _stopped(aws, "ValidationException", "at 'environment.variables' failed", Environment=bad)


def roles_are_for_lambda(aws: Account) -> None:
    told = "The role defined for the function cannot be assumed by Lambda."
    lost = "arn:aws:iam::123456789012:role/lost"
    refused(aws.functions.create_function, "InvalidParameterValueException", told, **_words(aws, Role=lost))
    others = _role(aws, "ec2.amazonaws.com", "others")
    refused(aws.functions.create_function, "InvalidParameterValueException", told, **_words(aws, Role=others))
    made = _function(aws)
    holds(made["Role"].endswith(":role/runs"))
    refused(
        aws.functions.update_function_configuration,
        "InvalidParameterValueException",
        told,
        FunctionName="shop",
        Role=others,
    )


def code_is_taken_from_a_bucket_of_its_region(aws: Account) -> None:
    _role(aws)
    for name, region in (("near", "us-west-2"), ("far", "eu-west-1")):
        place = {"LocationConstraint": region}
        client = aws.elsewhere("s3", region)
        client.create_bucket(Bucket=name, CreateBucketConfiguration=place)
        client.put_object(Bucket=name, Key="code.zip", Body=_packed())
    for bucket, key, told in (
        ("lost", "code.zip", "S3 Error Code: NoSuchBucket"),
        ("near", "lost.zip", "S3 Error Code: NoSuchKey"),
        ("far", "code.zip", "S3 Error Code: PermanentRedirect"),
    ):
        where = {"S3Bucket": bucket, "S3Key": key}
        _stopped(aws, "InvalidParameterValueException", f"Error occurred while GetObject. {told}", Code=where)
    _function(aws, Role="arn:aws:iam::123456789012:role/runs", Code={"S3Bucket": "near", "S3Key": "code.zip"})


def packages_can_be_unpacked(aws: Account) -> None:
    _role(aws)
    for content in (b"no package", _packed()[:-30]):
        _stopped(aws, "InvalidParameterValueException", "Could not unzip uploaded file.", Code={"ZipFile": content})


def functions_change_one_thing_after_another(aws: Account) -> None:
    _function(aws, wait=0)
    told = "The operation cannot be performed at this time. "
    change = aws.functions.update_function_configuration
    refused(change, "ResourceConflictException", f"{told}The function is currently", FunctionName="shop", Timeout=9)
    aws.step(5)
    accepted(change, FunctionName="shop", Timeout=9)
    code = aws.functions.update_function_code
    refused(code, "ResourceConflictException", "An update is in progress", FunctionName="shop", ZipFile=_packed("1"))
    aws.step(5)
    accepted(code, FunctionName="shop", ZipFile=_packed("1"))


def functions_become_active(aws: Account) -> None:
    made = _function(aws, wait=0)
    holds(made["State"] == "Pending", f"it is {made['State']} at once")
    aws.step(5)
    told = aws.functions.get_function(FunctionName="shop")["Configuration"]
    holds((told["State"], told["LastUpdateStatus"]) == ("Active", "Successful"))
    told = aws.functions.update_function_configuration(FunctionName="shop", Timeout=9)
    holds((told["State"], told["LastUpdateStatus"]) == ("Active", "InProgress"))


def functions_run(aws: Account) -> None:
    _function(aws, Environment={"Variables": {"COLOR": "red"}})
    told = _invoked(aws, {"a": 1})
    holds("FunctionError" not in told)
    holds(told["Payload"] == {"event": {"a": 1}, "name": "shop", "color": "red"}, str(told["Payload"]))
    told = _invoked(aws, {"boom": "too much"})
    holds(told["FunctionError"] == "Unhandled" and told["StatusCode"] == 200)
    holds((told["Payload"]["errorType"], told["Payload"]["errorMessage"]) == ("ValueError", "too much"))


def functions_run_once_they_are_active(aws: Account) -> None:
    _function(aws, wait=0)
    _off(aws, "ResourceConflictException", "The function is currently in the following state: Pending")


def concurrency_is_kept_to(aws: Account) -> None:
    _function(aws)
    accepted(aws.functions.put_function_concurrency, FunctionName="shop", ReservedConcurrentExecutions=0)
    _off(aws, "TooManyRequestsException", "Rate Exceeded.")


def _off(aws: Account, code: str, text: str) -> None:
    refused(aws.functions.invoke, code, text, FunctionName="shop", Payload=b"{}")


def statements_have_ids_of_their_own(aws: Account) -> None:
    _function(aws)
    words = {
        "FunctionName": "shop",
        "StatementId": "one",
        "Action": "lambda:InvokeFunction",
        "Principal": "s3.amazonaws.com",
    }
    accepted(aws.functions.add_permission, **words)
    refused(aws.functions.add_permission, "ResourceConflictException", "The statement id (one) provided", **words)


def some_concurrency_stays_unreserved(aws: Account) -> None:
    _function(aws)
    put: Callable[..., Any] = aws.functions.put_function_concurrency
    accepted(put, FunctionName="shop", ReservedConcurrentExecutions=900)
    told = "below its minimum value of [100]"
    refused(put, "InvalidParameterValueException", told, FunctionName="shop", ReservedConcurrentExecutions=901)
