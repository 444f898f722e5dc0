"""The difference as it is read: user data as lines, its parts apart, secrets never shown."""

from __future__ import annotations

import base64
import gzip
import json
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from email.mime.text import MIMEText
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from udo.change.codec import plan_from_json, plan_to_json
from udo.change.masking import masked
from udo.change.plan import Difference, Plan
from udo.launch.differences import differences, short
from udo.launch.readable import changed
from udo.output.text import difference_lines

SECRET = "hunter2Xq"


def encoded(data: str | bytes) -> str:
    return base64.b64encode(data.encode() if isinstance(data, str) else data).decode()


def lines(old: str | bytes | None, new: str | bytes | None) -> list[str]:
    return list(changed(*(None if side is None else encoded(side) for side in (old, new))).lines)


def multipart(*parts: tuple[str, str, str]) -> bytes:
    whole = MIMEMultipart(boundary="==")
    for kind, name, text in parts:
        part = MIMEText(text, kind, "utf-8")
        part.add_header("Content-Disposition", "attachment", filename=name)
        whole.attach(part)
    return whole.as_bytes()


def test_user_data_is_a_line_diff_with_a_little_context() -> None:
    old = "#!/bin/sh\none\ntwo\nthree\nfour\nfive\nsix\n"
    assert lines(old, old.replace("four", "4")) == ["@@ line 3 @@", " two", " three", "-four", "+4", " five", " six"]


def test_zipped_user_data_is_read_unzipped() -> None:
    assert lines(gzip.compress(b"a\nb\n"), gzip.compress(b"a\nc\n")) == ["@@ line 1 @@", " a", "-b", "+c"]


def test_the_same_text_packed_otherwise_is_told_as_that() -> None:
    assert lines("a\n", gzip.compress(b"a\n")) == ["the same content, packed differently"]


def test_what_unzips_to_more_than_can_be_read_is_told_by_its_size() -> None:
    told = lines(gzip.compress(b"\0" * 50_000_000), "a\n")
    assert len(told) == 1
    assert told[0].startswith("binary, 48,")


def test_parts_of_a_multipart_are_compared_one_by_one() -> None:
    config = ("cloud-config", "cloud.cfg", "#cloud-config\nruncmd: [ls]\n")
    old = multipart(config, ("x-shellscript", "boot.sh", "#!/bin/sh\nfrüh\n"))
    new = multipart(config, ("x-shellscript", "boot.sh", "#!/bin/sh\nspät\n"))
    assert lines(old, new) == [
        "text/x-shellscript boot.sh:",
        "@@ line 1 @@",
        " #!/bin/sh",
        "-früh",
        "+spät",
    ]


def test_a_multipart_that_becomes_a_plain_script_is_told_part_by_part() -> None:
    old = "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: text/x-a\n\na\n--x--\n"
    told = lines(old, "b\n")
    assert told[:2] == ["text/x-a:", "@@ line 1 @@"]
    assert told[-3:] == ["the whole:", "@@ line 1 @@", "+b"]


def test_parts_in_another_order_are_named() -> None:
    one, two = ("x-shellscript", "1.sh", "a\n"), ("x-shellscript", "2.sh", "b\n")
    assert lines(multipart(one, two), multipart(two, one)) == [
        "the order of the parts: text/x-shellscript 1.sh, text/x-shellscript 2.sh"
        " -> text/x-shellscript 2.sh, text/x-shellscript 1.sh"
    ]


def test_a_part_that_is_no_text_is_told_by_size_and_hash() -> None:
    def packed(data: bytes) -> bytes:
        whole, part = MIMEMultipart(boundary="=="), MIMENonMultipart("application", "octet-stream")
        part.set_payload(base64.b64encode(data).decode())
        part["Content-Transfer-Encoding"] = "base64"
        whole.attach(part)
        return whole.as_bytes()

    assert lines(packed(b"\x00\xff"), packed(b"\x00\xfe\x01")) == [
        "application/octet-stream:",
        "binary, 2 bytes (06eb7d6a) -> binary, 3 bytes (2f193e0f)",
    ]


def test_user_data_that_comes_or_goes_is_shown_whole() -> None:
    assert lines(None, "a\n") == ["@@ line 1 @@", "+a"]
    assert lines("a", None) == ["@@ line 1 @@", "-a", "-\\ no newline at the end"]


def test_a_last_newline_and_a_carriage_return_are_differences_that_can_be_seen() -> None:
    assert lines("a\n", "a") == ["@@ line 1 @@", " a", "+\\ no newline at the end"]
    (found,) = differences({"UserData": encoded("a\n")}, {"UserData": encoded("a\r\n")})
    assert list(difference_lines([found]))[1:] == ["      @@ line 1 @@", "      -a", "      +a\\x0d"]


def test_a_changed_secret_shows_as_changed_and_neither_value_is_shown() -> None:
    assert lines("a\nexport PASSWORD=one\nb\n", "a\nexport PASSWORD=two\nb\n") == [
        "@@ line 1 @@",
        " a",
        "~export PASSWORD=**** -> **** (changed)",
        " b",
    ]


def test_a_changed_private_key_is_told_once_not_line_by_line() -> None:
    def key(body: str) -> str:
        return f"-----BEGIN RSA PRIVATE KEY-----\n{body}1\n{body}2\n{body}3\n-----END RSA PRIVATE KEY-----\n"

    told = lines(key("old"), key("new"))
    assert "~**** -> **** (changed)" in told
    assert len(told) == 4
    assert "old" not in str(told)


KEY = "-----BEGIN OPENSSH PRIVATE KEY-----"


@pytest.mark.parametrize(
    "text",
    [
        f"PASSWORD={SECRET}",
        f"export DB_PASSWORD='{SECRET} and {SECRET}'",
        f'export DB_PASSWORD="a"\'b\'"{SECRET}"',
        f"DB_PASS=a;b&{SECRET}",
        f"  api_token: {SECRET} word {SECRET}",
        f'{{"user": "u", "password": "{SECRET}", "x": 1}}',
        f'curl -d \'{{"secret":"{SECRET}"}}\' https://x',
        f'echo "{{\\"token\\": \\"{SECRET}\\"}}"',
        f"run --db-password {SECRET} --verbose",
        f"run --token={SECRET}",
        f"curl 'https://x/y?token={SECRET}&z=1'",
        f"git clone https://user:{SECRET}@example.com/x",
        f"git clone https://{SECRET}0123456789@example.com/x",
        f"postgres://app:{SECRET}@db/x",
        f"curl -H 'Authorization: Basic {SECRET}1=' https://x",
        f"curl -H 'Authorization: {SECRET}'",
        f"curl -u admin:{SECRET} https://x",
        f"sshpass -p {SECRET} ssh x",
        f"mysql -u root -p{SECRET} db",
        f"echo 'root:{SECRET}' | chpasswd",
        f"echo root:{SECRET} | sudo chpasswd",
        f"chpasswd <<< root:{SECRET}",
        f"machine x login y password {SECRET}",
        f"<DbPassword>{SECRET}</DbPassword>",
        f"x = AKIA{SECRET.upper()}ABCDEFGH",
        f"aws_secret_access_key = {SECRET}",
        f"PASSWORD=$(echo {SECRET})",
        f"${{TOKEN:-{SECRET}}}",
        f"chpasswd:\n  list: |\n    root:{SECRET}\nhostname: x",
        f"password: >-\n  {SECRET}\n  {SECRET}\nuser: x",
        f"tokens:\n- {SECRET}\n- {SECRET}\nuser: x",
        f'PASSWORD="first\nand {SECRET}\nlast" run',
        f"cat > key <<EOF\n{KEY}\n{SECRET}\n{SECRET}\n-----END OPENSSH PRIVATE KEY-----\nEOF",
        f'KEY_FILE="{KEY}\\n{SECRET}\\n-----END OPENSSH PRIVATE KEY-----"',
        f"{KEY}\n{SECRET}",
        f"x ghp_{SECRET}{SECRET}",
        f"eyJhbGciOiJIUzI1NiJ9.{SECRET}.{SECRET}",
        f"https://hooks.slack.com/services/T0/B0/{SECRET}",
        f"root:$6$salt${SECRET}",
        f"content: {encoded(SECRET * 12)}",
    ],
)
def test_a_secret_is_masked(text: str) -> None:
    shown = masked(text.split("\n"))
    assert SECRET.lower() not in "\n".join(shown).lower()
    assert "****" in "\n".join(shown)
    assert len(shown) == len(text.split("\n"))


@pytest.mark.parametrize(
    "text",
    [
        "#!/bin/bash\n\nset -euo pipefail",
        "yum install -y shop-base",
        "export UDO_CLUSTER=prod",
        "TOKEN=$(curl -X PUT http://169.254.169.254/latest/api/other)",
        'export PASSWORD="$DB_PASSWORD"',
        "echo 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 x | sha256sum --check",
        "git checkout 740800d5d3c9b1d8a5e7a7c0a5b0c9a1d2e3f4a5",
        "/opt/releases/shop-2026.11.21/bin/start --port 8080",
        "https://packages.example.com/shop/signing.key",
        "ssh-rsa public, -----BEGIN PUBLIC KEY-----",
        "docker run -u 1000:1000 -p 80:8080 shop",
        "COMPASS=north; bypass=1; passing the baton",
        "password:\n",
    ],
)
def test_what_is_no_secret_is_left_to_read(text: str) -> None:
    assert masked(text.split("\n")) == text.split("\n")


def test_what_follows_a_secret_is_shown_again() -> None:
    shown = masked(f"{KEY}\nx\n-----END OPENSSH PRIVATE KEY-----\nls\npassword:\n  a\n  b\nls".split("\n"))
    assert [shown[3], shown[7]] == ["ls", "ls"]
    assert masked([f'run --token "{SECRET}" --verbose']) == ["run --token **** --verbose"]
    assert masked([f"curl 'https://x?token={SECRET}&z=1'"]) == ["curl 'https://x?token=****&z=1'"]


@given(st.lists(st.text(st.characters(exclude_characters="\n", codec="utf-8"), max_size=60), max_size=12))
def test_masking_keeps_the_number_of_lines(text: list[str]) -> None:
    assert len(masked(text)) == len(text)


def test_masking_a_long_line_takes_no_long_time() -> None:
    for text in ("x" * 200_000, "pass" * 50_000, "token=" * 30_000, "a:" * 100_000, "://" * 60_000):
        masked([text])


def test_a_difference_is_one_line_in_a_step_and_keeps_its_lines_in_json() -> None:
    data = {"UserData": encoded("a\nb\n"), "ImageId": "ami-1"}, {"UserData": encoded("a\nc\n"), "ImageId": "ami-2"}
    found = differences(*data)
    assert [one.key for one in found] == ["ami", "user_data"]
    assert "\n" not in short(found)
    assert found[1].lines == ("@@ line 1 @@", " a", "-b", "+c")
    assert found[0].row() == {"key": "ami", "old": "ami-1", "new": "ami-2"}
    plan = Plan("updatelc", "prod web", (), differences=found)
    assert plan_from_json(json.loads(json.dumps(plan_to_json(plan)))) == plan


def test_what_comes_goes_and_changes_has_a_sign_of_its_own() -> None:
    found = [
        Difference("ami", "a", "b"),
        Difference("spot_price", "0.05", "none"),
        Difference("tenancy", "none", "host"),
    ]
    assert list(difference_lines(found)) == ["  ~ ami         a -> b", "  - spot_price  0.05", "  + tenancy     host"]


def test_the_lines_stand_below_their_key() -> None:
    found = [Difference("ami", "a", "b"), Difference("user_data", "1 byte", "2 bytes", ("-x", "+\x1b[31my"))]
    assert list(difference_lines(found)) == [
        "  ~ ami        a -> b",
        "  ~ user_data  1 byte -> 2 bytes",
        "      -x",
        "      +\\x1b[31my",
    ]


def test_devices_are_told_by_name_and_interfaces_by_their_number() -> None:
    old = {
        "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 8}}],
        "NetworkInterfaces": [{"DeviceIndex": 1, "Groups": ["sg-9"]}, {"DeviceIndex": 0, "Groups": ["sg-1"]}],
    }
    new = {
        "BlockDeviceMappings": [
            {"DeviceName": "/dev/sdb", "NoDevice": ""},
            {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 20}},
        ],
        "NetworkInterfaces": [{"DeviceIndex": 1, "Groups": ["sg-9"]}, {"DeviceIndex": 0, "Groups": ["sg-2"]}],
    }
    assert [short((one,)) for one in differences(old, new)] == [
        'block_device_mappings./dev/sdb.NoDevice none -> ""',
        "block_device_mappings./dev/xvda.Ebs.VolumeSize 8 -> 20",
        "security_groups sg-1 -> sg-2",
    ]


def test_tags_are_told_by_what_bears_them_and_their_keys() -> None:
    def tagged(*specifications: tuple[str, dict[str, str]]) -> dict[str, Any]:
        rows = [
            {"ResourceType": kind, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
            for kind, tags in specifications
        ]
        return {"TagSpecifications": rows}

    old = tagged(("instance", {"Name": "web", "team": "shop"}), ("volume", {"Name": "web"}))
    new = tagged(("volume", {"Name": ""}), ("instance", {"team": "shop", "Name": "worker"}))
    found = [(one.key, one.old, one.new) for one in differences(old, new)]
    assert found == [("tags.instance.Name", "web", "worker"), ("tags.volume.Name", "web", '""')]


def test_an_empty_list_and_none_are_the_same() -> None:
    assert differences({}, {"SecurityGroups": []}) == differences({"SecurityGroups": []}, {}) == ()
    (gone,) = differences({"SecurityGroups": ["sg-1"]}, {"SecurityGroups": []})
    assert gone == Difference("security_groups", "sg-1", "none")


def test_rows_of_one_name_are_told_by_their_place() -> None:
    old = {"NetworkInterfaces": [{"DeviceIndex": 1, "Groups": ["sg-1"]}, {"DeviceIndex": 1, "Groups": ["sg-2"]}]}
    new = {"NetworkInterfaces": [{"DeviceIndex": 1, "Groups": ["sg-3"]}, {"DeviceIndex": 1, "Groups": ["sg-2"]}]}
    assert [(one.old, one.new) for one in differences(old, new)] == [("sg-1", "sg-3")]


def test_what_moves_to_another_place_of_aws_is_one_difference_or_none() -> None:
    old = {"IamInstanceProfile": {"Arn": "arn:old"}, "SecurityGroupIds": ["sg-1"]}
    new = {
        "IamInstanceProfile": {"Name": "new"},
        "NetworkInterfaces": [{"DeviceIndex": 0, "Groups": ["sg-1"], "AssociatePublicIpAddress": False}],
    }
    assert differences(old, new) == (
        Difference("associate_public_ip_address", "none", "false"),
        Difference("iam_profile", "arn:old", "new"),
    )
