"""Secrets that user data hides in base64 are not shown, however short they are and whatever they stand in."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from udo.change.masking import masked
from udo.change.user_data import parts
from udo.launch.readable import changed

OLD, NEW = "DB_PASSWORD=hunter2Xq\n", "DB_PASSWORD=sesame9Zk\n"


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def shown(old: str, new: str) -> str:
    return "\n".join(changed(b64(old), b64(new)).lines)


def single(secret: str) -> str:
    return f"Content-Type: text/x-shellscript\nMIME-Version: 1.0\nContent-Transfer-Encoding: base64\n\n{b64(secret)}\n"


def multipart(secret: str) -> str:
    part = f"--=\nContent-Type: text/x-shellscript\nContent-Transfer-Encoding: base64\n\n{b64(secret)}\n--=--\n"
    return f'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="="\n\n{part}'


@pytest.mark.parametrize(
    "form", [single, multipart, lambda text: f"From nobody Mon Jan  5 09:00:00 2026\n{multipart(text)}"]
)
def test_what_cloud_init_reads_as_mime_is_taken_apart(form: Any) -> None:
    told = shown(form(OLD), form(NEW))
    assert "~DB_PASSWORD=**** -> **** (changed)" in told
    for secret in (OLD, NEW):
        assert b64(secret)[:12] not in told
    assert parts(b64(form(OLD)))[0].name.startswith("text/x-shellscript")


def test_a_script_that_writes_a_mail_is_no_mail() -> None:
    script = "#!/bin/sh\nsendmail -t <<EOF\nMIME-Version: 1.0\nEOF\n"
    assert [part.name for part in parts(b64(script))] == [""]


FILES = """\
#cloud-config
write_files:
- path: /etc/one
  encoding: {encoding}
  content: {value}
  owner: root
- content: |
    plain text
  path: /etc/two
- content: |
    {value}
  path: /etc/three
  encoding: "{encoding}"
- {{path: /etc/four, encoding: {encoding}, content: {value}, owner: root}}
- path: /etc/five
  content: !!binary |
    {value}
"""


@pytest.mark.parametrize("encoding", ["b64", "base64", "gz+b64", "gzip+base64"])
def test_encoded_content_of_files_is_not_shown_and_plain_content_is(encoding: str) -> None:
    value = b64("hunter2")
    text = FILES.format(encoding=encoding, value=value).splitlines()
    told = masked(text)
    assert len(told) == len(text)
    assert value not in "\n".join(told)
    assert [told[7], told[5], told[2]] == ["    plain text", "  owner: root", "- path: /etc/one"]
    assert told[4] == "  content: ****"
    assert [line for line in told if "path:" in line and "four" not in line] == [
        line for line in text if "path:" in line and "four" not in line
    ]


@pytest.mark.parametrize(
    "line",
    [
        "echo {} | base64 -d > /etc/app.env",
        "base64 --decode <<< {} > /etc/app.env",
        "base64 -di > /etc/app.env <<'EOF'\n{}\nEOF\necho done",
        "printf %s {} | openssl base64 -d -A >> /etc/app.env",
    ],
)
def test_what_a_shell_decodes_is_not_shown(line: str) -> None:
    value = b64("hunter2")
    told = "\n".join(masked(line.format(value).splitlines()))
    assert value not in told
    assert "****" in told
    assert told.endswith("echo done") == ("done" in line)
    assert masked(["base64 -w0 /etc/hosts", "echo aGVsbG8= again"]) == ["base64 -w0 /etc/hosts", "echo aGVsbG8= again"]
