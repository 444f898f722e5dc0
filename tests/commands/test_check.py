"""`udo check`: the file alone, every mistake of it, and none of the heavy libraries."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from udo.cli import main

GOOD = "app_name: shop\nclusters:\n  prod:\n    roles:\n      webapp:\n        instance_type: t3.small\n  qa:\n"
BAD = "regon: us-west-2\nclusters:\n  prod:\n    roles:\n      webapp:\n        scale_policy: {min_size: two}\n"


def run(*words: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(list(words))
    return int(left.value.code or 0)


def test_a_good_file_is_summed_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "udo.yml").write_text(GOOD)
    assert run("check") == 0
    assert capsys.readouterr().out == f"{tmp_path / 'udo.yml'}: 2 clusters, 1 role, no mistakes\n"


def test_every_mistake_is_told_with_its_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "udo.yml").write_text(BAD)
    assert run("check") == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.splitlines() == [
        "udo.yml:1:1: unknown key 'regon': did you mean 'region'?",
        "udo.yml:6:34: scale_policy.min_size wants a whole number, not 'two'",
    ]


def test_what_only_shows_in_the_whole_is_told_in_the_same_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = "    use: [web]\n    user_data: {file: boot.sh}\n    keypair_name: ${env:SHOP_KEY}\n"
    (tmp_path / "udo.yml").write_text(BAD.replace("    roles:\n", f"{more}    roles:\n"))
    assert run("check") == 2
    assert [line.split(": ")[0] for line in capsys.readouterr().err.splitlines()] == [
        "udo.yml:1:1",
        "udo.yml:4:11",
        "udo.yml:5:17",
        "udo.yml:6:19",
        "udo.yml:9:34",
    ]


def test_json_lists_the_mistakes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "udo.yml").write_text(BAD)
    assert run("check", "-o", "json") == 2
    document = json.loads(capsys.readouterr().out)
    assert document["error"]["code"] == "config"
    assert document["error"]["errors"][0] == {
        "file": "udo.yml",
        "line": 1,
        "column": 1,
        "message": "unknown key 'regon': did you mean 'region'?",
    }


def test_a_variable_that_is_not_set_is_told_at_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "udo.yml").write_text(GOOD + "keypair_name: ${env:SHOP_KEY}\n")
    assert run("check") == 2
    assert "udo.yml:8:15: the environment variable SHOP_KEY is not set" in capsys.readouterr().err
    monkeypatch.setenv("SHOP_KEY", "shop")
    assert run("check") == 0


def test_a_value_only_a_role_can_tell_is_checked_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "udo.yml").write_text(GOOD + "ssh: {port: '${role}'}\n")
    assert run("check") == 2
    assert "udo.yml:8:13: ssh.port wants a whole number, not '${role}'" in capsys.readouterr().err


def test_what_is_kept_in_aws_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "udo.yml").write_text(GOOD + "keypair_name: ${ssm:/shop/key}-${role}\n")
    assert run("check") == 0


def test_a_missing_user_data_file_is_a_mistake(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "udo.yml").write_text(GOOD + "user_data: {file: boot.sh}\n")
    assert run("check") == 2
    assert "udo.yml:8:13: user_data.file" in capsys.readouterr().err


def test_what_should_be_written_otherwise_is_told_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = "debug: 1\nslack: {url: 'https://example.com/hook'}\ncloud_init: echo\n"
    (tmp_path / "udo.yml").write_text(old + GOOD.replace("instance_type: t3.small", "cloud_init: echo"))
    assert run("check") == 0
    told = capsys.readouterr()
    assert told.out.endswith("no mistakes\n")
    assert told.err.splitlines() == [
        "udo.yml:1:1: 'debug' is from the original Udo: it has no effect, use the option -v (advice)",
        "udo.yml:2:9: slack.url is a secret, and this file will be read by many: write ${env:NAME} (advice)",
        "udo.yml:3:1: 'cloud_init' is from the original Udo: it is called cloud_init_pre now (advice)",
    ]


def test_no_file_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check") == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert run("check", "-c", "nowhere.yml") == 2
    assert "nowhere.yml: there is no such file" in capsys.readouterr().err


def test_further_words_are_refused() -> None:
    assert run("check", "prod") == 2


def test_it_imports_none_of_the_heavy_libraries(tmp_path: Path) -> None:
    (tmp_path / "udo.yml").write_text(GOOD)
    code = (
        "import sys\nfrom udo.cli import main\n"
        "try: main(['check'])\nexcept SystemExit: pass\n"
        "print(*sorted({'boto3', 'botocore', 'paramiko', 'moto', 'rich'}.intersection(sys.modules)))"
    )
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=30)
    assert told.stdout.splitlines()[-1] == ""


ACTING = """region: us-west-2
clusters:
  prod:
    roles:
      webapp:
        scaling_policies: {up: {AdjustmentType: ChangeInCapacity}}
        scheduled_actions:
          night: {Recurrence: '0 1 * * *'}
          day: {Recurrence: '0 8 * * *', MinSize: '${ssm:/size}'}
        lifecycle_hooks: {drain: {DefaultResult: STOP}}
        max_instance_lifetime: 5m
      worker:
        lifecycle_hooks: {drain: {DefaultResult: ABANDON, HeartbeatTimeout: 7201}}
"""


def test_what_acts_on_a_group_is_looked_through_for_what_aws_would_refuse(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # Every mistake of a key is reported at once but of one whose values are kept in AWS, which is left to --online.
    (tmp_path / "udo.yml").write_text(ACTING.replace("MinSize: '${ssm:/size}'", "MinSize: 1"))
    assert run("check") == 2
    assert [line.partition(" of ")[0] for line in capsys.readouterr().err.splitlines()] == [
        "udo.yml:6:28: scaling_policies.up",
        "udo.yml:8:11: scheduled_actions.night",
        "udo.yml:10:27: lifecycle_hooks.drain",
        "udo.yml:11:9: max_instance_lifetime",
        "udo.yml:13:27: lifecycle_hooks.drain",
    ]
    (tmp_path / "udo.yml").write_text(ACTING)
    assert run("check") == 2
    assert "scheduled_actions" not in capsys.readouterr().err
