"""Of botocore's own handlers a client has those that a plain session's would have, and no session has all."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest
from botocore.handlers import BUILTIN_HANDLERS

from udo.aws import Aws

STAGES = sorted({event.partition(".")[0] for event, *_ in BUILTIN_HANDLERS} - {"docs"})
# An operation that no handler is for stands for all others.
OPERATIONS = sorted({event.split(".")[2] for event, *_ in BUILTIN_HANDLERS if event.count(".") == 2} | {"Other"})
SERVICES = ("autoscaling", "cloudformation", "cloudwatch", "codedeploy", "ec2", "elbv2", "iam", "s3", "ssm", "sts")
CREDENTIALS = ("sso-oidc",)
KEYS = {"region_name": "us-east-1", "aws_access_key_id": "a", "aws_secret_access_key": "b"}


@pytest.fixture(scope="module")
def plain() -> Any:
    return botocore.session.Session()


@pytest.mark.parametrize("service", [*SERVICES, *CREDENTIALS])
def test_client_has_every_handler_of_botocores_for_its_service(service: str, plain: Any) -> None:
    theirs = plain.create_client(service, **KEYS)
    connection = Aws(region="us-east-1", credentials=("a", "b"))._connection
    for use in ("full", "writing"):
        ours = connection.client(service, use)
        for event in _events(ours.meta.service_model.service_id.hyphenize()):
            assert _called(ours, event) == _called(theirs, event), event


def test_documentation_and_services_nobody_asks_have_no_handlers() -> None:
    client = Aws(region="us-east-1", credentials=("a", "b"))._connection.client("ssm")
    assert not any(_called(client, event) for event in ("docs.request-params.ec2.RunInstances.complete-section",))
    of_s3 = _called(client, "before-parameter-build.s3.PutObject")
    assert of_s3 == _called(client, "before-parameter-build.ssm.PutParameter")


def _events(service: str) -> list[str]:
    return [f"{stage}.{service}.{operation}" for stage in STAGES for operation in OPERATIONS]


def _called(client: Any, event: str) -> list[str]:
    found = client.meta.events._emitter._handlers.prefix_search(event)
    stage = event.partition(".")[0]
    return sorted(str(one) for one in found if (stage, one) in _BUILTIN)


_BUILTIN = {(event.split(".")[0], handler) for event, handler, *_ in BUILTIN_HANDLERS}
