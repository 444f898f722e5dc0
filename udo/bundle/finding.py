"""What is found in a bundle before it is sent: where it stands, what will happen, what to do about it."""

from __future__ import annotations

from typing import Literal

from udo.bundle.appspec import AGENT
from udo.bundle.failure import NOWHERE, Failed, Place, brief
from udo.frozen import frozen

Level = Literal["error", "warning"]
ERROR: Level = "error"
WARNING: Level = "warning"


@frozen
class Finding:
    """One thing found: an error is sure to fail with the agent whose behaviour is known, a warning may surprise.

    `file` is the appspec or another file of the bundle; lines and columns count from 1, 0 for a file as a whole.
    """

    level: Level
    message: str
    remedy: str
    at: Place = NOWHERE
    file: str = ""

    def __str__(self) -> str:
        return f"{self.message}; {self.remedy}" if self.remedy else self.message


def failing(event: str, error: Failed) -> Finding:
    """What is sure to fail, and at which event."""
    return Finding(ERROR, f"{event} fails with agent {AGENT}: {brief(error.message)}", remedy_for(error), error.at)


def surprising(message: str, remedy: str, at: Place = NOWHERE, file: str = "") -> Finding:
    """What succeeds, or depends on the host, and is not what it looks like."""
    return Finding(WARNING, message, remedy, at, file)


# What the agent's words begin with or hold -> what to do.
_REMEDIES = (
    ("invalid version value", "write version: 0.0, without quotes"),
    ("unsupported operating system", "write os: linux"),
    ("file was empty", "write version: 0.0, os: linux, files and hooks"),
    ("no location value", "name the script: location: scripts/x.sh"),
    ("invalid timeout value", "give whole seconds above zero, or leave it out (3600)"),
    ("no source file", "add source"),
    ("only a source file", "add destination, the folder it goes to"),
    ("invalid file_exists_behavior", "one of DISALLOW, OVERWRITE, RETAIN, in capitals"),
    ("length of a permissions mode", 'write three or four octal digits, as in "0644"'),
    ("permissions mode", 'write the mode in quotes, as in "0644"'),
    ("object type not supported", "type is a list of file and directory"),
    ("no object value", "add object, the path it is for"),
    ("base acl entry", "set owner, group and others by mode"),
    ("Invalid acl entry", "u:NAME:rwx, g:NAME:rwx or m::rwx, with d: before it for folders"),
    ("access control list (ACL) named", "the last part is made of r, w, x or one octal digit"),
    ("invalid context type", "add type to the context"),
    ("a context without a range", "add range, such as s0"),
    ("two source files", "leave one of them out, or send it elsewhere"),
    ("mkdir command more than once", "a file and a folder go to one place: rename one"),
    ("already exists at the location", "a file and a folder go to one place: rename one"),
    ("specified more than once", "name each object in one entry of permissions only"),
    ("with an invalid pattern", "leave pattern out for a single file"),
    ("the except parameter", "leave except out for a single file"),
    ("the -d parameter", "give default entries (d:) to folders only: type: [directory]"),
    ("Unknown alias", "write it out: Ruby 3.1 and newer refuse aliases"),
    ("unspecified class", "write it in quotes"),
    ("cannot start any token", "indent with blanks, not with tabs"),
    ("control characters", "save it as UTF-8 without a byte order mark"),
    ("octet", "save it as UTF-8"),
    ("lies outside of the bundle", "keep everything within the bundle"),
    ("leads nowhere", "put what it leads to into the bundle, or leave its mode out"),
    ("ends in CRLF", "save it with LF"),
    ("is split at its blank", "name it without blanks"),
    ("is a folder", "name a script in it"),
    ("is no file", "put the script itself into the bundle"),
    ("is a number, not a name", "write the name"),
    ("is no map", "write keys and values below it"),
    ("is no list", "begin each entry with -"),
    ("is no number", "give whole seconds"),
    ("is no text", "write it in quotes"),
    ("illegal/malformed utf-8", "give files names in UTF-8"),
    ("null byte", "write the name without \\0"),
    ("too long", "give it a shorter name"),
    ("stack level", "lay them flatter"),
    ("nested deeper", "an appspec has five levels at most"),
    ("No such file or directory", "is it in the bundle, by this very name?"),
    ("File exists @ dir_s_mkdir", "write the path in full: the agent knows no ~"),
    ("user ", "write the path in full: the agent knows no ~"),
)


def remedy_for(error: Failed) -> str:
    """What to do about a failure."""
    return next((remedy for words, remedy in _REMEDIES if words in error.message), "see the documentation of appspecs")
