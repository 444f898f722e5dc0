"""Runs a handler in a process of its own: its text is all that is handed in there, and it knows nothing of Udo.

The event comes on standard input. A pipe is told when the module is loaded, when the handler has ended, and then how.
Source: github.com/aws/aws-lambda-python-runtime-interface-client: the types and messages of errors.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
import traceback
from typing import Any, NoReturn


class Context:
    """What a handler is given beside its event."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.aws_request_id = told["request_id"]
        self.invoked_function_arn = told["arn"]
        self.identity = self.client_context = None
        self._deadline = time.monotonic() + told["seconds"]

    def get_remaining_time_in_millis(self) -> int:
        """How long it may still run."""
        return max(0, int((self._deadline - time.monotonic()) * 1000))


def main(pipe: int, folders: list[str]) -> None:
    """Loads the handler, calls it and tells how that ended."""
    sys.path[:0] = folders
    # How the sandbox finds what it has left, and none of a function's business.
    os.environ.pop("UDO_SANDBOX_FOLDER", None)
    told = json.load(sys.stdin)
    os.chdir(folders[0])
    handler = _handler(pipe, os.environ["_HANDLER"], told)
    os.write(pipe, b"loaded\n")
    try:
        answer = handler(told["event"], Context(told))
    except Exception as error:
        lines = traceback.format_exception(error)[1:-1]
        # The first is this file's own.
        _fail(pipe, told, type(error).__name__, str(error), [*lines[1:]])
    try:
        written = json.dumps(answer, ensure_ascii=False)
    except (TypeError, ValueError) as error:
        _fail(pipe, told, "Runtime.MarshalError", f"Unable to marshal response: {error}", [])
    _tell(pipe, {"answer": written})


def _handler(pipe: int, name: str, told: dict[str, Any]) -> Any:
    module, dot, function = name.rpartition(".")
    if not dot:
        told_text = f"Bad handler '{name}': not enough values to unpack (expected 2, got 1)"
        _fail(pipe, told, "Runtime.MalformedHandlerName", told_text, [])
    try:
        loaded = importlib.import_module(module.replace("/", "."))
    except ImportError as error:
        _fail(pipe, told, "Runtime.ImportModuleError", f"Unable to import module '{module}': {error}", [])
    except SyntaxError as error:
        _fail(pipe, told, "Runtime.UserCodeSyntaxError", f"Syntax error in module '{module}': {error}", [])
    except Exception as error:
        _fail(pipe, told, type(error).__name__, str(error), traceback.format_exception(error)[1:-1])
    if not hasattr(loaded, function):
        _fail(pipe, told, "Runtime.HandlerNotFound", f"Handler '{function}' missing on module '{module}'", [])
    return getattr(loaded, function)


def _fail(pipe: int, told: dict[str, Any], kind: str, message: str, lines: list[str]) -> NoReturn:
    print(f"[ERROR] {kind}: {message}", *(["Traceback (most recent call last):", *lines] if lines else []), sep="\n")
    error = {"errorMessage": message, "errorType": kind, "requestId": told["request_id"], "stackTrace": lines}
    _tell(pipe, {"error": error})


def _tell(pipe: int, document: dict[str, Any]) -> NoReturn:
    sys.stdout.flush()
    sys.stderr.flush()
    content = b"ended\n" + json.dumps(document).encode()
    while content:
        content = content[os.write(pipe, content) :]
    # What the handler has left running ends with it.
    os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
