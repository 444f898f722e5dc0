"""Templates: what is read of them, what does not fit what a stack gives them, and what cfn-lint finds in them."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from udo.config import load
from udo.config.stack import Stack
from udo.config.tree import Mark
from udo.errors import ConfigError, Refused
from udo.stacks.fit import checked_template, misfits
from udo.stacks.lint import findings
from udo.stacks.template import Template, read_template, template_of

TEMPLATE = """\
AWSTemplateFormatVersion: "2010-09-09"
Parameters:
  Branch: {Type: String, AllowedPattern: "[a-z-]+", ConstraintDescription: small letters}
  Size: {Type: String, Default: small, AllowedValues: [small, large]}
  Count: {Type: Number, Default: 1, MinValue: 1, MaxValue: 5}
  Zones: {Type: CommaDelimitedList, Default: "a,b", AllowedValues: [a, b, c]}
  Word: {Type: String, Default: secret, NoEcho: true, MinLength: 4}
Resources:
  Jobs:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: !Sub "${Branch}-${Size}-${Count}-${Word}"
      Tags: [{Key: zones, Value: !Join [",", !Ref Zones]}]
"""
ROLE = """\
Resources:
  First: {Type: AWS::IAM::InstanceProfile, Properties: {Roles: [!Ref Second]}}
  Second:
    Type: AWS::IAM::Role
    Properties: {NAMEAssumeRolePolicyDocument: {Version: "2012-10-17", Statement: []}}
"""


def stack(folder: Path, said: str = "parameters: {Branch: cart}", template: str = TEMPLATE, **env: str) -> Stack:
    (folder / "t.yml").write_text(template, encoding="utf-8")
    text = f"stacks:\n  jobs:\n    template: t.yml\n    {said}\nclusters: {{stage: {{roles: {{webapp: {{}}}}}}}}\n"
    (folder / "udo.yml").write_text(text, encoding="utf-8")
    return load(folder / "udo.yml", env).stacks["jobs"].unordered()


def told(folder: Path, said: str, template: str = TEMPLATE, **env: str) -> list[str]:
    found = stack(folder, said, template, **env)
    read = template_of(found)
    assert read
    return [str(one) for one in misfits(found, read)]


def unreadable(folder: Path, template: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        template_of(stack(folder, template=template))
    return [str(one) for one in caught.value.problems]


def test_a_template_is_read_with_its_short_tags_and_nothing_of_udo_is_applied_in_it(tmp_path: Path) -> None:
    read = template_of(stack(tmp_path, template=TEMPLATE.replace("small letters", '"${env:HOME} ${nothing}"')))
    assert read
    assert [*read.parameters] == ["Branch", "Size", "Count", "Zones", "Word"]
    assert read.parameters["Branch"].mark == Mark("t.yml", 3, 3)
    assert read.parameters["Branch"].words["ConstraintDescription"] == "${env:HOME} ${nothing}"
    assert [(name, kind, str(mark), [*inside]) for name, kind, mark, inside in read.resources()] == [
        ("Jobs", "AWS::SQS::Queue", "t.yml:9", ["QueueName", "Tags"])
    ]


def test_a_template_may_be_json_indented_with_tabs(tmp_path: Path) -> None:
    text = json.dumps({"Resources": {"Jobs": {"Type": "AWS::SQS::Queue"}}}, indent="\t")
    read = template_of(stack(tmp_path, "description: x", text))
    assert read
    assert [name for name, *_ in read.resources()] == ["Jobs"]


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        ("Resources: [", "t.yml:2:1: not YAML: a value is missing"),
        ("Resources: {}", "t.yml:1:1: a template has Resources, and this one has none"),
        ("- a", "t.yml:1:1: the file must be a mapping of keys to values"),
        ("Resources: {A: {}, A: {}}", "t.yml:1:20: 'A' appears twice (first at t.yml:1)"),
        ("a: \x01", "t.yml:1:4: a control character (U+0001) is not allowed in a configuration file"),
        ("#" * 2**20 + "\n", "udo.yml:3:15: template 't.yml': is larger than 1 MiB"),
    ],
)
def test_what_is_no_template_is_told_with_its_place(tmp_path: Path, template: str, problem: str) -> None:
    assert unreadable(tmp_path, template) == [problem]


def test_a_template_that_is_not_there_or_no_file_is_told_where_it_is_named(tmp_path: Path) -> None:
    found = stack(tmp_path)
    (tmp_path / "t.yml").unlink()
    with pytest.raises(ConfigError, match=r"^udo.yml:3:15: template 't.yml': there is no such file$"):
        template_of(found)
    os.mkfifo(tmp_path / "t.yml")
    with pytest.raises(ConfigError, match=r"^udo.yml:3:15: template 't.yml': is a pipe, not a regular file$"):
        template_of(found)


def test_an_object_of_s3_is_left_to_cloudformation(tmp_path: Path) -> None:
    found = stack(tmp_path)
    text = (tmp_path / "udo.yml").read_text().replace("t.yml", "s3://shop/t.yml")
    (tmp_path / "udo.yml").write_text(text)
    found = load(tmp_path / "udo.yml", {}).stacks["jobs"].order()
    assert template_of(found) is None
    assert checked_template(found, "us-west-2").template is None


@pytest.mark.parametrize(
    ("said", "problems"),
    [
        ("parameters: {Branch: cart, Size: large, Count: 5, Zones: [a, c], Word: abcd}", []),
        ("parameters: {Branch: cart, Zones: 'a, c', Count: 1.5}", []),
        (
            "parameters: {Brnch: cart}",
            [
                "udo.yml:4:18: template t.yml has no parameter 'Brnch': did you mean 'Branch'?",
                "udo.yml:4:5: stack jobs gives the template no Branch, which has no default (t.yml:3):"
                " write parameters: {Branch: ..}",
            ],
        ),
        (
            "description: x",
            [
                "udo.yml:2:3: stack jobs gives the template no Branch, which has no default (t.yml:3):"
                " write parameters: {Branch: ..}"
            ],
        ),
        (
            "parameters: {Branch: Cart}",
            ["udo.yml:4:26: parameter Branch matches [a-z-]+ (small letters), not 'Cart' (t.yml:3)"],
        ),
        (
            "parameters: {Branch: cart, Size: smll}",
            ["udo.yml:4:38: parameter Size is one of small, large, not 'smll': did you mean 'small'? (t.yml:4)"],
        ),
        (
            "parameters: {Branch: cart, Count: 6}",
            ["udo.yml:4:39: parameter Count is 1 to 5, not '6' (t.yml:5)"],
        ),
        (
            "parameters: {Branch: cart, Count: many}",
            ["udo.yml:4:39: parameter Count is a number, not 'many' (t.yml:5)"],
        ),
        (
            "parameters: {Branch: cart, Zones: [a, d]}",
            ["udo.yml:4:39: parameter Zones is one of a, b, c, not 'd' (t.yml:6)"],
        ),
        # What is not to be seen is not told.
        (
            "parameters: {Branch: cart, Word: abc}",
            ["udo.yml:4:38: parameter Word has at least 4 characters (t.yml:7)"],
        ),
        (
            "parameters: {Branch: cart, Size: '${env:SIZE}'}",
            ["udo.yml:4:38: parameter Size is one of small, large (t.yml:4)"],
        ),
        # What is not known yet fits.
        ("parameters: {Branch: '${ssm:/branch}', Size: '${env:NOTHING}'}", []),
    ],
)
def test_what_a_stack_gives_has_to_fit_the_parameters_of_its_template(
    tmp_path: Path, said: str, problems: list[str]
) -> None:
    assert told(tmp_path, said, SIZE="from-elsewhere") == problems


@pytest.mark.parametrize(
    ("named", "granted", "wanted"),
    [
        ("", "description: x", "CAPABILITY_IAM for its resource First (t.yml:2), which udo.yml:2"),
        (
            "",
            "capabilities: CAPABILITY_AUTO_EXPAND",
            "CAPABILITY_IAM for its resource First (t.yml:2), which udo.yml:4",
        ),
        ("", "capabilities: CAPABILITY_IAM", ""),
        ("", "capabilities: CAPABILITY_NAMED_IAM", ""),
        ("RoleName: a, ", "capabilities: CAPABILITY_IAM", "CAPABILITY_NAMED_IAM for its resource Second (t.yml:3)"),
        ("RoleName: a, ", "capabilities: [CAPABILITY_NAMED_IAM]", ""),
    ],
)
def test_a_capability_that_is_not_granted_is_named_with_the_resource_that_wants_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str, granted: str, wanted: str
) -> None:
    monkeypatch.setitem(sys.modules, "cfnlint", None)
    found = stack(tmp_path, granted, ROLE.replace("NAME", named))
    if not wanted:
        assert checked_template(found, "us-west-2").template
        return
    with pytest.raises(Refused) as caught:
        checked_template(found, "us-west-2")
    assert f"stack jobs needs {wanted}" in caught.value.message
    assert caught.value.exit == 7


def test_without_cfn_lint_that_is_a_warning_and_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cfnlint", None)
    checked = checked_template(stack(tmp_path), "us-west-2")
    assert checked.warnings == (
        "templates are not checked: cfn-lint is not installed (in a clone of Udo: pip install '.[stacks]')",
    )
    with pytest.raises(ConfigError, match="no parameter 'Brnch'"):
        checked_template(stack(tmp_path, "parameters: {Branch: a, Brnch: b}"), "us-west-2")


def linted(folder: Path, text: str, region: str = "eu-west-1") -> list[str]:
    (folder / "t.yml").write_text(text)
    read = read_template(folder / "t.yml", folder, Mark("udo.yml", 1, 1))
    found = findings(read, region)
    assert found is not None
    return [f"{one.problem}{' (warning)' if one.is_warning else ''}" for one in found]


def test_what_cfn_lint_finds_is_told_as_a_mistake_of_udo_s_own(tmp_path: Path) -> None:
    wrong = TEMPLATE.replace("QueueName:", "QueueNme:").replace("  Jobs:", "  Topic: {Type: AWS::SNS::Topc}\n  Jobs:")
    wrong += "Outputs: {Url: {Value: !GetAtt Jobs.QueueUr}}\n"
    wrong = wrong.replace("Parameters:\n", "Parameters:\n  Unused: {Type: String}\n")
    assert linted(tmp_path, wrong) == [
        "t.yml:3:3: Parameter Unused not used (W2001) (warning)",
        "t.yml:10:11: Resource type 'AWS::SNS::Topc' does not exist in 'eu-west-1' (E3006)",
        "t.yml:14:7: Additional properties are not allowed ('QueueNme' was unexpected. Did you mean 'QueueName'?)"
        " (E3002)",
        "t.yml:16:17: 'QueueUr' is none of those that fit: did you mean 'QueueUrl'? (E6101)",
    ]


def test_rules_are_silenced_in_the_template_and_no_file_of_the_folder_is_run(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/Foreign.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()\n")
    (tmp_path / ".cfnlintrc").write_text("append_rules: [rules]\nignore_checks: [E3006]\n")
    quiet = "Metadata: {cfn-lint: {config: {ignore_checks: [W2001], append_rules: [rules]}}}\n"
    text = f"{quiet}Parameters: {{A: {{Type: String}}}}\nResources: {{Q: {{Type: AWS::SQS::Que}}}}\n"
    assert [one.partition(" ")[0] for one in linted(tmp_path, text)] == ["t.yml:3:17:"]
    assert not (tmp_path / "ran").exists()


def test_a_template_is_measured_in_bytes() -> None:
    assert Template("t.yml", "é", read_empty()).size == 2


def read_empty() -> object:
    from udo.config.reading import tree_of

    return tree_of("", "t.yml")
