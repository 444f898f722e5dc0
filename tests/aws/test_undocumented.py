"""botocore without its documentation: nothing of it is imported for a read, and whoever wants it has it as it is."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from whole import rows

PROGRAM = """
import sys
from udo.aws import Aws, undocumented
{before}
aws = Aws(region="us-west-2")
print(aws.autoscaling.groups())
print(*[name for name in sys.modules if name.startswith(("botocore.docs", "html.parser"))])
import botocore.session
from botocore.docs.docstring import ClientMethodDocstring
from botocore.docs import generate_docs
client = botocore.session.get_session().create_client("autoscaling", region_name="us-west-2")
print(client.describe_auto_scaling_groups()["AutoScalingGroups"], ClientMethodDocstring.__module__)
from udo.aws.errors import foreign
print(foreign.ClientError is botocore.exceptions.ClientError)
"""


@pytest.mark.parametrize(
    ("before", "loaded"),
    rows(
        [("", False), ("undocumented._NAMES = ()", True), ("import botocore.session", True)],
        [("", False), ("undocumented._NAMES = ()", True)],
    ),
)
def test_documentation_is_passed_over_where_it_can_be_and_there_for_whoever_asks(
    before: str, loaded: bool, served_world: Any
) -> None:
    line = [sys.executable, "-c", PROGRAM.format(before=before)]
    ended = subprocess.run(line, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    groups, modules, *rest = ended.stdout.splitlines()
    assert groups == "{}"
    assert ("html.parser" in modules) == loaded
    assert not [word for word in modules.split() if "docs.docstring" in word] or loaded
    assert rest == ["[] botocore.docs.docstring", "True"]
