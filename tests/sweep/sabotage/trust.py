"""Sabotages of whom ssh trusts, and of what is said before a login."""

from __future__ import annotations

from sabotage.mutant import Mutant

_ROW = "tests/ssh/test_ways_against_ssh.py::test_udo_trusts_whom_ssh_trusts_or_is_stricter_for_a_reason"

MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "a pin keeps a key that known_hosts has revoked",
        "ssh/trust.py",
        'path(target.instance_id)}", known.revoked, held=True))',
        'path(target.instance_id)}", held=True))',
        ("tests/ssh/test_trust.py::test_a_key_that_known_hosts_has_revoked_is_refused_wherever_else_it_is_known",),
    ),
    Mutant(
        "of several pinned keys the revoked one is trusted",
        "ssh/trust.py",
        "    keys = tuple(key for key in known.keys if key not in known.revoked)\n",
        "    keys = known.keys if set(known.keys) - set(known.revoked) else ()\n",
        ("tests/ssh/test_trust.py::test_a_revoked_key_of_the_console_is_not_pinned",),
    ),
    Mutant(
        "revocations of the name with the port only",
        "ssh/known_hosts.py",
        "for entries in found for entry in entries if entry.marker == REVOKED",
        "for entry in found[0] if entry.marker == REVOKED",
        (
            "tests/ssh/test_known_hosts.py::test_a_key_is_revoked_under_any_name_of_the_host_though_another_one_has_the_line",
        ),
    ),
    Mutant(
        "a pin is not compared with known_hosts",
        "ssh/trust.py",
        "for key in known.keys if key in pinned or key.kind not in kinds)",
        "for key in known.keys if key or key.kind not in kinds)",
        ("tests/ssh/test_trust.py::test_a_pin_and_a_line_that_contradict_each_other_trust_nobody",),
    ),
    Mutant(
        "a pin goes before the line of known_hosts",
        "ssh/trust.py",
        "    if known.keys:\n        return _agreed",
        "    if known.keys and not pinned:\n        return _agreed",
        (f"{_ROW}[paramiko-Port-pin right, line changed-accept-new]",),
    ),
    Mutant(
        "what goes through ssh is judged without ssh_config",
        "ssh/resolving.py",
        '            made = replace(there, via="openssh")',
        '            made = replace(target, via="openssh")',
        (f"{_ROW}[openssh-Port-changed-accept-new]",),
    ),
    Mutant(
        "HostKeyAlias is not looked up",
        "ssh/resolving.py",
        "known_as=alias or known_names(host, port)",
        "known_as=known_names(host, port)",
        (f"{_ROW}[openssh-HostKeyAlias-pin right, line changed-accept-new]",),
    ),
    Mutant(
        "known_hosts is asked for the address in place of HostName",
        "ssh/resolving.py",
        '    (host,) = answer.get("hostname", (target.address,))',
        "    host = target.address",
        (
            "tests/ssh/test_openssh.py::test_a_host_with_a_name_of_its_own_is_known_by_it_and_shares_no_answer_with_others",
        ),
    ),
    Mutant(
        "a literal HostName is shared between hosts",
        "ssh/resolving.py",
        'line.keyword in ("match", "hostname")',
        'line.keyword == "match"',
        (
            "tests/ssh/test_openssh.py::test_a_host_with_a_name_of_its_own_is_known_by_it_and_shares_no_answer_with_others",
        ),
    ),
    Mutant(
        "files with blanks are split",
        "ssh/resolving.py",
        '            names = [name for name in fitting or [value] if name != "none"]',
        '            names = [name for name in value.split() if name != "none"]',
        ("tests/ssh/test_openssh.py::test_known_hosts_files_are_told_apart_whatever_stands_in_their_names",),
    ),
    Mutant(
        "a KnownHostsCommand is passed over",
        "ssh/resolving.py",
        "left_to_ssh=_COMMAND in other",
        "left_to_ssh=False",
        (f"{_ROW}[login-KnownHostsCommand-pin right, line changed-accept-new]",),
    ),
    Mutant(
        "ssh is not given the files of the configuration",
        "ssh/login.py",
        "[str(own)] if known.held else [str(own), *target.known_hosts]",
        "[str(own)]",
        (f"{_ROW}[openssh-Port-right-strict]",),
    ),
    Mutant(
        "a certificate that is due is passed over by accept-new",
        "ssh/login.py",
        'not known.keys and not known.authority and options.host_keys == "accept-new"\n    own',
        'not known.keys and options.host_keys == "accept-new"\n    own',
        (f"{_ROW}[openssh-Port-authority-accept-new]",),
    ),
    Mutant(
        "ssh is not told which keys are revoked",
        "ssh/login.py",
        "for line in trusted + revoked)",
        "for line in trusted)",
        (f"{_ROW}[openssh-Port-only bare revoked-accept-new]",),
    ),
    Mutant(
        "no host keys for loopback where ssh_config says so",
        "ssh/login.py",
        '        "NoHostAuthenticationForLocalhost": "no",\n',
        "",
        (f"{_ROW}[openssh-this machine-changed-accept-new]",),
    ),
    Mutant(
        "a key that ssh accepted is not pinned",
        "ssh/openssh.py",
        "            pin_accepted(target, folder)\n",
        "            pass\n",
        (f"{_ROW}[openssh-Port-nothing-accept-new]",),
    ),
    Mutant(
        "a pin gives way to another key",
        "ssh/pins.py",
        "                if not before:\n",
        "                if keys:\n",
        ("tests/ssh/test_trust.py::test_a_pin_is_private_and_never_replaced",),
    ),
    Mutant(
        "a negated name of known_hosts counts",
        "ssh/known_hosts.py",
        'sign in entry.names for sign in "*?!")',
        'sign in entry.names for sign in "*?")',
        ("tests/ssh/test_known_hosts.py::test_a_line_speaks_of_the_hosts_its_names_cover",),
    ),
    Mutant(
        "known_hosts is read below HOME",
        "ssh/known_hosts.py",
        '    return home() / name[2:] if name.startswith("~/") else Path(name).expanduser()',
        "    return Path(name).expanduser()",
        ("tests/ssh/test_known_hosts.py::test_a_file_below_the_home_folder_is_the_one_of_the_account_as_for_ssh",),
    ),
    Mutant(
        "a banner is the command's first error",
        "ssh/preamble.py",
        "            if after:\n                self._emit(stream, after)",
        "            if before + after:\n                self._emit(stream, before + after)",
        ("tests/ssh/test_openssh.py::test_a_banner_is_not_said_by_the_command",),
    ),
    Mutant(
        "a banner ends the time for the login",
        "ssh/preamble.py",
        "        return len(self._held) < 2",
        "        return len(self._held) < 2 or any(self._held.values())",
        ("tests/ssh/test_openssh.py::test_a_banner_does_not_end_the_time_for_the_login",),
    ),
    Mutant(
        "ssh-config has a block for a host to be refused",
        "ssh/client_config.py",
        "        if isinstance(known, Refused):\n            notes",
        "        if isinstance(known, Refused) and (known := Knowledge()) and known.keys:\n            notes",
        ("tests/ssh/test_client_config.py::test_a_pin_that_is_revoked_or_contradicted_makes_no_block",),
    ),
)
