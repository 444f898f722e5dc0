"""The programs Udo is measured against: installed where missing, and how each runs a command on hosts."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from measuring import Candidate

FOLDER = Path(__file__).parents[2] / ".venv-peers"
FANOUT = "32"
# Program -> the package of Debian or Ubuntu it comes in.
_SYSTEM = {
    "pdsh": "pdsh",
    "clush": "clustershell",
    "parallel-ssh": "pssh",
    "parallel-scp": "pssh",
    "xargs": "findutils",
    "ssh": "openssh-client",
}
# The same key exchange for all, host keys checked by all, nothing written, nothing of the operator's read.
_SSH_CONFIG = """\
Host *
  Port {port}
  User {user}
  IdentityFile {key}
  IdentitiesOnly yes
  IdentityAgent none
  UserKnownHostsFile {known}
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking yes
  UpdateHostKeys no
  KexAlgorithms curve25519-sha256
  LogLevel ERROR
"""


def aws() -> str:
    """The AWS command line."""
    return _python("aws", "awscli")


def looking() -> dict[str, str]:
    """By name what else tells how groups stand; the Python is one that has boto3."""
    found = {
        "aws": aws(),
        "ansible-inventory": _python("ansible-inventory", "ansible", "ansible_collections/amazon/aws"),
    }
    _python("python", "boto3", "boto3")
    return found | {"python": str(FOLDER / "bin" / "python")}


def fan_outs(folder: Path, targets: Sequence[Any], command: str) -> Iterator[Candidate]:
    """Every peer there is, made to run a command on all these hosts; what cannot be installed is named and left out."""
    config, hosts = _reach(folder, targets)
    names, option = ",".join(target.address for target in targets), f"-F {config}"
    env = {"HOME": str(folder), "PDSH_SSH_ARGS_APPEND": option}
    lines = {
        "pdsh": ("pdsh", "-R", "ssh", "-f", FANOUT, "-w", names, command),
        "clush": ("clush", "-w", names, "-f", FANOUT, "-o", option, command),
        "parallel-ssh": ("parallel-ssh", "-h", str(hosts), "-p", FANOUT, "-i", "-x", option, command),
        "xargs": ("xargs", "-a", str(hosts), "-P", FANOUT, "-I{}", "ssh", "-F", str(config), "{}", command),
    }
    for name, line in lines.items():
        if _installed(name):
            yield Candidate(name, (line,), env, folder)
    yield _ansible(folder, hosts, config, command)


def copies(folder: Path, targets: Sequence[Any], source: Path) -> Iterator[Candidate]:
    """Every peer there is, made to copy a file or folder into the login's home of all these hosts."""
    config, hosts = _reach(folder, targets)
    names, option = ",".join(target.address for target in targets), f"-F {config}"
    lines = {
        "parallel-scp": ("parallel-scp", "-r", "-h", str(hosts), "-p", FANOUT, "-x", option, str(source), "."),
        "clush": ("clush", "-w", names, "-f", FANOUT, "-o", option, "--copy", str(source), "--dest", "./"),
    }
    for name, line in lines.items():
        if _installed(name):
            yield Candidate(name, (line,), {"HOME": str(folder)}, folder)


def _reach(folder: Path, targets: Sequence[Any]) -> tuple[Path, Path]:
    """A configuration of ssh and a list of hosts."""
    first = targets[0]
    config, hosts = folder / "ssh_config", folder / "hosts.list"
    known = first.known_hosts[0]
    config.write_text(_SSH_CONFIG.format(port=first.port, user=first.user, key=first.key, known=known))
    hosts.write_text("".join(f"{target.address}\n" for target in targets))
    return config, hosts


def _ansible(folder: Path, hosts: Path, config: Path, command: str) -> Candidate:
    # `raw` is what costs least: it wants no Python at the other end. The connection is not kept for a next run.
    env = {
        "HOME": str(folder),
        "ANSIBLE_HOST_KEY_CHECKING": "True",
        "ANSIBLE_SSH_ARGS": f"-F {config} -o ControlMaster=no",
        "ANSIBLE_LOCALHOST_WARNING": "False",
        "LC_ALL": "C.UTF-8",
    }
    line = (_python("ansible", "ansible-core"), "all", "-i", str(hosts), "-f", FANOUT, "-m", "raw", "-a", command)
    return Candidate("ansible", (line,), env, folder)


def _python(program: str, package: str, module: str = "") -> str:
    """A program of a package of PyPI's, in an environment of the peers' own; with a module, where that is there too."""
    there = not module or any(FOLDER.glob(f"lib/python3*/site-packages/{module}"))
    if not there or not (FOLDER / "bin" / program).exists():
        print(f"installing {package} into {FOLDER.name} (once)", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", str(FOLDER)], check=True)
        pip = [str(FOLDER / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", package]
        subprocess.run(pip, check=True)
    return str(FOLDER / "bin" / program)


def _installed(program: str) -> bool:
    package = _SYSTEM[program]
    if not shutil.which(program) and shutil.which("apt-get"):
        print(f"installing {package} (once)", file=sys.stderr)
        become = [] if os.getuid() == 0 else ["sudo", "-n"]
        install = ["apt-get", "-qq", "install", "-y", "--no-install-recommends", package]
        for line in (["apt-get", "-qq", "update"], install):
            subprocess.run([*become, *line], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False)
    if not shutil.which(program):
        print(f"{program} is not there and cannot be installed: not compared", file=sys.stderr)
    return shutil.which(program) is not None
