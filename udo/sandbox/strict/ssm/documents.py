"""The documents that commands run, and what they make of their parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from udo.sandbox.strict.rules import Refusal, Request, refuses, rule

SHELL = "AWS-RunShellScript"
# Source: AWS Systems Manager User Guide, "Understanding command timeout values" (the document's own parameters).
_PARAMETERS = {"commands", "workingDirectory", "executionTimeout"}
_SECONDS = re.compile(r"[1-9][0-9]{0,4}|1[0-6][0-9]{4}|17[0-1][0-9]{3}|172[0-7][0-9]{2}|172800")
_MOST_BYTES = 64 * 1024
# Below it the agent takes its default.
_LEAST_SECONDS, _USUAL_SECONDS = 5, 3600


@dataclass(frozen=True)
class Run:
    """What an agent is told: lines of a script, a working directory, and for how many seconds it may run."""

    lines: tuple[str, ...]
    folder: str
    seconds: float


@rule("ssm", "SendCommand", moto="runs nothing")
def short_execution_timeouts_are_an_hour(params: Mapping[str, Any]) -> Run:
    """A script runs for its execution timeout at most, of which anything below five seconds counts as the default, an
    hour.

    Source: aws/amazon-ssm-agent 1c217c8, pluginutil.go (ValidateExecutionTimeout).
    """
    given = params.get("Parameters") or {}
    seconds = int((given.get("executionTimeout") or [str(_USUAL_SECONDS)])[0])
    folder = (given.get("workingDirectory") or [""])[0]
    return Run(tuple(given["commands"]), folder, seconds if seconds >= _LEAST_SECONDS else _USUAL_SECONDS)


def name_of(params: Mapping[str, Any]) -> str:
    """The name of a document, which may be given as an ARN."""
    return str(params["DocumentName"]).rpartition("/")[2]


@refuses("ssm", "SendCommand", moto="accepts any name")
def commands_run_documents(request: Request) -> None:
    """A command names a document that is there, and a version of it. Of AWS's own the sandbox has AWS-RunShellScript.

    Source: botocore ssm SendCommand, errors InvalidDocument and InvalidDocumentVersion.
    """
    params = request.params
    name = name_of(params)
    if name != SHELL:
        if name in request.backend("ssm")._documents or name.startswith("AWS"):
            raise NotImplementedError(f"the document {name}")
        raise Refusal("InvalidDocument", f"Document with name {name} does not exist.")
    if params.get("DocumentVersion") not in (None, "", "$DEFAULT", "$LATEST", "1"):
        raise Refusal("InvalidDocumentVersion", "The document version is not valid or does not exist.")


@refuses("ssm", "SendCommand", moto="accepts any parameter")
def parameters_are_those_of_the_document(request: Request) -> None:
    """AWS-RunShellScript takes commands, at least one, one working directory and one execution timeout, of 1 to 172800
    seconds.

    Source: botocore ssm SendCommand, error InvalidParameters; the document as GetDocument shows it.
    """
    if name_of(request.params) != SHELL:
        return
    given = request.params.get("Parameters") or {}
    if unknown := sorted(set(given) - _PARAMETERS):
        raise Refusal("InvalidParameters", f"Parameters {unknown} are not defined in the document {SHELL}.")
    if not given.get("commands"):
        raise Refusal("InvalidParameters", "Parameters [commands] are required and must not be empty.")
    for name in ("workingDirectory", "executionTimeout"):
        if len(given.get(name) or []) > 1:
            raise Refusal("InvalidParameters", f"Parameter {name} takes one value.")
    seconds = (given.get("executionTimeout") or ["3600"])[0]
    if not _SECONDS.fullmatch(seconds):
        raise Refusal("InvalidParameters", f"Parameter executionTimeout value {seconds} does not match its pattern.")


@refuses("ssm", "SendCommand", moto="accepts any size")
def commands_fit_into_a_document(request: Request) -> None:
    """The commands of one request have at most 64 KB.

    Source: botocore ssm MaxDocumentSizeExceeded ("The size limit of a document is 64 KB").
    """
    given = (request.params.get("Parameters") or {}).get("commands") or []
    if sum(len(one.encode()) + 1 for one in given) > _MOST_BYTES:
        raise Refusal("MaxDocumentSizeExceeded", "The size limit of a document is 64 KB.")
