"""`udo config`: what a role effectively is, where it comes from, and what may be said at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from udo import schema
from udo.cli import main
from udo.config import load

FILE = """\
app_name: shop
packages: [base]
ssh: {user: ec2-user, port: 2222}
slack: {url: "https://hooks.example.com/secret-token"}
keypair_name: ${env:KEY:-shop}
iam_profile: ${ssm:/shop/profile}
clusters:
  prod:
    packages: [prod]
    ssh: null
    roles:
      webapp:
        packages: {replace: [own]}
        ssh: {user: "${role}"}
        cloud_init: |
          echo ${HOME}
      worker:
"""


@pytest.fixture(autouse=True)
def _file(tmp_path: Path) -> None:
    (tmp_path / "udo.yml").write_text(FILE)


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        main(["config", *words])
    told = capsys.readouterr()
    return int(left.value.code or 0), told.out, told.err


def document(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    return json.loads(run(capsys, *words, "-o", "json")[1])["data"]


def test_a_role_is_shown_with_all_it_inherits(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "show", "prod", "webapp")
    assert code == 0
    assert yaml.safe_load(out) == {
        "app_name": "shop",
        "clusters": {
            "prod": {
                "roles": {
                    "webapp": {
                        "group_name": "prod-webapp",
                        "keypair_name": "shop",
                        "iam_profile": "${ssm:/shop/profile}",
                        "packages": ["own"],
                        "cloud_init": "echo ${HOME}\n",
                        "slack": {"url": "https://********"},
                        "ssh": {"user": "webapp"},
                    }
                }
            }
        },
    }
    assert "cloud_init: |\n" in out


def test_json_holds_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert document(capsys, "show") == yaml.safe_load(run(capsys, "show")[1])


def test_what_is_shown_loads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "shown.yml").write_text(run(capsys, "show")[1])
    assert [role.label for role in load(tmp_path / "shown.yml", {}).roles("*", None)] == ["prod webapp", "prod worker"]


def test_a_secret_is_never_shown(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (
        ["show"],
        ["show", "prod", "webapp", "--why", "slack"],
        ["show", "prod.webapp", "--why", "slack.url"],
    ):
        for form in ([], ["-o", "json"]):
            _, out, err = run(capsys, *words, *form)
            assert "secret-token" not in out + err


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("{url: '${env:HOOK:-https://a/secret-token}'}", "${env:HOOK:-https://********}"),
        ("{url: '${env:HOOK:-}'}", "${env:HOOK:-}"),
        ("{url: '${env:HOOK:?say which}'}", "${env:HOOK:?say which}"),
        ("{url: '${ssm:/hook}'}", "${ssm:/hook}"),
        ("{url: 'https://a/${env:HOOK:-secret-token}'}", "https://********"),
        ("https://a/secret-token", None),
    ],
)
def test_of_a_secret_only_its_reference_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], written: str, shown: str | None
) -> None:
    (tmp_path / "udo.yml").write_text(f"slack: {written}\nclusters: {{a: {{roles: {{b: }}}}}}\n")
    for words in (["show"], ["show", "a", "b", "--why", "slack"]):
        code, out, err = run(capsys, *words)
        assert (code == 0, shown is not None and shown in out) == (shown is not None, shown is not None)
        assert "secret-token" not in out + err


@pytest.mark.parametrize(
    ("key", "parts"),
    [
        (
            "packages",
            [
                ("udo.yml:2", "sets it", ["base"]),
                ("udo.yml:9", "adds to it", ["prod"]),
                ("udo.yml:13", "replaces it", ["own"]),
            ],
        ),
        (
            "ssh",
            [
                ("udo.yml:3", "sets it", {"user": "ec2-user", "port": 2222}),
                ("udo.yml:10", "unsets it", None),
                ("udo.yml:14", "sets it", {"user": "${role}"}),
            ],
        ),
        ("ssh.port", [("udo.yml:3", "sets it", 2222), ("udo.yml:10", "unsets it", None)]),
        (
            "ssh.user",
            [
                ("udo.yml:3", "sets it", "ec2-user"),
                ("udo.yml:10", "unsets it", None),
                ("udo.yml:14", "sets it", "${role}"),
            ],
        ),
        ("launch.keep", []),
    ],
)
def test_why_tells_each_part_of_a_value(
    capsys: pytest.CaptureFixture[str], key: str, parts: list[tuple[str, str, Any]]
) -> None:
    data = document(capsys, "show", "prod", "webapp", "--why", key)
    assert [(part["where"], part["effect"], part["value"]) for part in data["parts"]] == parts


PROFILES = """\
naming: "{role}-of-{cluster}"
tags: {team: payments, env: all}
profiles:
  sized: {params: {most: {type: int}}, scale_policy: {max_size: "${param:most}"}, tags: {env: null}}
  busy: {use: [{sized: {most: 9}}]}
clusters:
  prod:
    use: [{sized: {most: 4}}]
    roles: {webapp: {use: [busy], tags: {env: prod}}}
"""


@pytest.mark.parametrize(
    ("key", "parts"),
    [
        (
            "scale_policy.max_size",
            [
                ("udo.yml:4 used at udo.yml:8", "sets it", 4),
                ("udo.yml:4 used at udo.yml:5 used at udo.yml:9", "replaces it", 9),
            ],
        ),
        (
            "tags",
            [
                ("udo.yml:2", "sets it", {"team": "payments", "env": "all"}),
                ("udo.yml:4 used at udo.yml:8", "is merged into it", {"env": None}),
                ("udo.yml:4 used at udo.yml:5 used at udo.yml:9", "is merged into it", {"env": None}),
                ("udo.yml:9", "is merged into it", {"env": "prod"}),
            ],
        ),
        ("tags.team", [("udo.yml:2", "sets it", "payments")]),
        (
            "tags.env",
            [
                ("udo.yml:2", "sets it", "all"),
                ("udo.yml:4 used at udo.yml:8", "unsets it", None),
                ("udo.yml:4 used at udo.yml:5 used at udo.yml:9", "unsets it", None),
                ("udo.yml:9", "sets it", "prod"),
            ],
        ),
        (
            "use",
            [
                ("udo.yml:8", "uses them", [{"sized": {"most": 4}}]),
                ("udo.yml:5 used at udo.yml:9", "uses them", [{"sized": {"most": 9}}]),
                ("udo.yml:9", "uses them", ["busy"]),
            ],
        ),
        ("naming", [("udo.yml:1", "sets it", "{role}-of-{cluster}")]),
    ],
)
def test_why_tells_where_a_profile_was_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], key: str, parts: list[tuple[str, str, Any]]
) -> None:
    (tmp_path / "udo.yml").write_text(PROFILES)
    data = document(capsys, "show", "prod", "webapp", "--why", key)
    assert [(part["where"], part["effect"], part["value"]) for part in data["parts"]] == parts


@pytest.mark.parametrize(("key", "default"), [("launch.keep", "5"), ("group_name", "prod-webapp")])
def test_why_of_what_is_set_nowhere_tells_the_default(
    capsys: pytest.CaptureFixture[str], key: str, default: str
) -> None:
    _, out, err = run(capsys, "show", "prod", "webapp", "--why", key)
    assert (out, err) == ("", f"{key} is set nowhere; its default is {default}\n")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("show", "prod", "webap"), "did you mean 'webapp'?"),
        (("show", "prod", "webapp", "--why", "pakages"), "no key 'pakages': did you mean 'packages'?"),
        (("show", "prod", "webapp", "--why", "tag.x"), "no key 'tag.x': did you mean 'tags'?"),
        (("show", "prod", "webapp", "--why", "clusters"), "clusters is not a value of a role"),
        (
            ("show", "prod", "webapp", "--why", "block_device_mappings[].Ebs"),
            "is not a value of a role: ask for block_device_mappings",
        ),
        (("show", "prod", "--why", "packages"), "--why is answered for one role"),
        (("keys", "more"), "unexpected word 'more'"),
        (("schema", "more"), "unexpected word 'more'"),
        (("sho",), "No such command"),
    ],
)
def test_a_wrong_question_is_one_line_and_exit_2(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], told: str
) -> None:
    code, out, err = run(capsys, *words)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert told in err


def test_every_key_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert [row["key"] for row in document(capsys, "keys")] == [key.path for key in schema.KEYS]
    assert run(capsys, "keys")[1].splitlines()[0].split("  ")[0] == "KEY"


def test_every_key_has_a_sentence_and_an_example() -> None:
    for key in schema.KEYS:
        assert key.doc.endswith("."), key.path
        assert key.example or key.kind in ("map", "maps", "sections", "uses", "params"), key.path


@pytest.mark.whole
def test_the_json_schema_is_one_and_takes_the_example(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "schema")
    assert code == 0
    made = json.loads(out)
    jsonschema.Draft202012Validator.check_schema(made)
    example = Path(__file__).parents[2] / "udo.example.yml"
    jsonschema.validate(yaml.safe_load(example.read_text()), made)


def test_it_needs_no_file_to_list_keys_or_print_the_schema(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "udo.yml").unlink()
    assert run(capsys, "keys")[0] == 0
    assert run(capsys, "schema")[0] == 0


def test_without_words_stacks_are_shown_with_what_is_known_of_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    review = """\
stacks:
  review:
    name: ${app}-${param:branch}
    template: review.yml
    params: {branch: {doc: Which}}
    parameters: {Branch: "${param:branch}", App: "${app}", Key: "${ssm:/key}", None: "", Many: [1, "${app}"]}
    protect: true
"""
    (tmp_path / "udo.yml").write_text(FILE.replace("clusters:\n", f"{review}clusters:\n"))
    assert document(capsys, "show")["stacks"] == {
        "review": {
            "name": "${app}-${param:branch}",
            "template": "review.yml",
            "params": {"branch": {"doc": "Which"}},
            "parameters": {
                "Branch": "${param:branch}",
                "App": "shop",
                "Key": "${ssm:/key}",
                "None": "",
                "Many": ["1", "shop"],
            },
            "protect": True,
        }
    }
    assert "stacks" not in document(capsys, "show", "prod")
