"""Sabotages of files that are copied."""

from __future__ import annotations

from sabotage.mutant import Mutant

_COPY = "tests/ssh/test_copy.py"
_KILLED = "tests/ssh/test_copy_killed.py"
_LIES = "tests/ssh/test_copy_lies.py"
_SERVERS = "tests/ssh/test_copy_servers.py"
_VERB = "tests/commands/test_cp.py"

MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "take a name with a slash from a host",
        "ssh/copy/names.py",
        ' or b"/" in name',
        "",
        (_LIES,),
    ),
    Mutant(
        "take one name twice from a host",
        "ssh/copy/listing.py",
        "if checked(name) in seen:",
        "if checked(name) in ():",
        (_LIES,),
    ),
    Mutant(
        "make links here that lead out",
        "ssh/copy/names.py",
        "        if depth < 0:\n            return False\n",
        "",
        (_LIES,),
    ),
    Mutant(
        "take more of a host than was asked for",
        "ssh/copy/take.py",
        "if not data or len(data) > count:",
        "if not data:",
        (_LIES,),
    ),
    Mutant(
        "keep the set-user-id bit of a host's file",
        "ssh/copy/take.py",
        "os.fchmod(handle, one.told.mode & 0o777)",
        "os.fchmod(handle, one.told.mode & 0o7777)",
        (_LIES,),
    ),
    Mutant(
        "follow a link here into another folder",
        "ssh/copy/take.py",
        "there = os.stat(name, dir_fd=where, follow_symlinks=False)",
        "there = os.stat(name, dir_fd=where)",
        (f"{_COPY}::test_a_link_here_is_not_followed_out_of_the_folder",),
    ),
    Mutant(
        "fill a folder there that is a link",
        "ssh/copy/put.py",
        "            elif there.is_folder:\n                self._held[entry.name]",
        "            elif there.is_folder or there.is_link:\n                self._held[entry.name]",
        (f"{_COPY}::test_a_link_there_is_replaced_and_a_folder_that_is_a_link_is_not_filled",),
    ),
    Mutant(
        "put a file that changed under its name there",
        "ssh/copy/tree.py",
        "if count != entry.size or (found.st_mtime_ns, found.st_size, found.st_ino) != entry.mark:",
        "if count != entry.size:",
        (f"{_COPY}::test_a_file_that_is_written_to_meanwhile_is_not_put_under_its_name",),
    ),
    Mutant(
        "write a file here under its own name at once",
        "ssh/copy/take.py",
        "temporary, made = self._names.new(), False",
        "temporary, made = name, False",
        (_COPY, "-k", "follow or grows or next or log"),
    ),
    Mutant(
        "leave the temporary file there after a failure",
        "ssh/copy/put.py",
        "            yield (self._sftp.ask(wire.REMOVE, wire.text(temporary)),)\n            yield from self._failed",
        "            yield from self._failed",
        (_KILLED, "-k", "full_disk_there or may_not_write"),
    ),
    Mutant(
        "leave the temporary file here after a failure",
        "ssh/copy/take.py",
        "            if made:\n",
        "            if not made:\n",
        (_KILLED, "-k", "full_disk_here"),
    ),
    Mutant(
        "go on where a disk is full",
        "ssh/copy/put.py",
        "return bool(told[4] * told[1] < entry.size or not told[7])",
        "return False",
        (_KILLED, "-k", "full_disk_there"),
    ),
    Mutant(
        "remove what other machines are copying",
        "ssh/copy/names.py",
        "return found[1] == self._machine and not _is_running(int(found[2]))",
        "return not _is_running(int(found[2]))",
        (_KILLED, "-k", "ours_have_left"),
    ),
    Mutant(
        "remove what runs of ours are copying just now",
        "ssh/copy/names.py",
        "return found[1] == self._machine and not _is_running(int(found[2]))",
        "return found[1] == self._machine",
        (_KILLED, "-k", "ours_have_left"),
    ),
    Mutant(
        "leave what killed runs have left",
        "ssh/copy/put.py",
        "        left = [name for name, told in found[:_SEARCHED] if self._names.is_left(name, told.mtime)]\n",
        "        left: list[bytes] = []\n",
        (_KILLED, "-k", "ours_have_left or moment"),
    ),
    Mutant(
        "take files of one size for the same",
        "ssh/copy/put.py",
        "return told is not None and told == self._tree.sum(entry)",
        "return told is not None",
        (f"{_VERB}::test_what_is_the_same_on_both_sides_is_not_sent_again",),
    ),
    Mutant(
        "send everything again",
        "ssh/copy/put.py",
        "return told is not None and told == self._tree.sum(entry)",
        "return False",
        (f"{_VERB}::test_what_is_the_same_on_both_sides_is_not_sent_again",),
    ),
    Mutant(
        "send as fast as each host can",
        "ssh/copy/pace.py",
        "        if self._limit is None:\n            return\n",
        "        return\n",
        (f"{_COPY}::test_all_hosts_share_one_pace",),
    ),
    Mutant(
        "copy as the login where sudo was asked for",
        "fanout/copy.py",
        "become = \"become='sudo -n --'; \" if sudo",
        'become = "become=; " if sudo',
        (_SERVERS, "-k", "sudo"),
    ),
    Mutant(
        "give files to nobody in particular",
        "ssh/copy/put.py",
        "return wire.settings(entry.mode, entry.times if self._copy.times else None, self._owner)",
        "return wire.settings(entry.mode, entry.times if self._copy.times else None)",
        (_SERVERS, "-k", "sudo"),
    ),
)
