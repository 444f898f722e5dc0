"""Says of each assert of a playbook whether it held; a task that fails unexpectedly is one that did not."""

from __future__ import annotations

from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: assertions
type: stdout
short_description: one line for each assert, in the Test Anything Protocol
description: One line for each assert, in the Test Anything Protocol.
"""


class CallbackModule(CallbackBase):
    """Ansible finds it by this name."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "assertions"

    def __init__(self) -> None:
        super().__init__()
        self._count = 0

    def v2_runner_on_ok(self, result: Any) -> None:
        """A task went well."""
        if _is_assert(result):
            self._say(True, _name(result))

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """A task failed, or an assert did not hold."""
        told = " ".join(str(result.result.get(key, "")) for key in ("assertion", "evaluated_to", "msg")).split()
        says = _name(result) if _is_assert(result) else f"the task succeeds: {_name(result)}"
        self._say(False, f"{says}: {' '.join(told)}")

    def v2_runner_on_unreachable(self, result: Any) -> None:
        """A host is not there."""
        self.v2_runner_on_failed(result)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """The playbook came to its end."""
        print(f"1..{self._count}", flush=True)

    def _say(self, held: bool, says: str) -> None:
        self._count += 1
        print(f"{'ok' if held else 'not ok'} {self._count} - {says}", flush=True)


def _is_assert(result: Any) -> bool:
    return str(result.task.action).rpartition(".")[2] == "assert"


def _name(result: Any) -> str:
    return str(result.task.get_name()).rpartition(" : ")[2]
