"""Groups of a served AWS whose instances are real sshd, and `udo ssh` as a process of its own on them."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sshd_farm import Farm, public_key

from udo.ssh import Target

# With UDO_WHOLE_FARM as many hosts and bytes as the promises speak of, otherwise as many as a second allows.
WHOLE = bool(os.environ.get("UDO_WHOLE_FARM"))
HOSTS = 300 if WHOLE else 50
_CONFIGURATION = """\
region: us-west-2
availability_zones: [us-west-2a]
ami: ami-0123456789abcdef0
instance_type: t3.small
scale_policy: {{min_size: 0, max_size: 400, desired: {count}}}
clusters: {{prod: {{roles: {{web: {{}}}}}}}}
ssh: {{port: {port}, user: {user}, key: {key}, known_hosts: [{known}], config: none}}
"""


@dataclass
class Ended:
    """What a process of `udo ssh` left."""

    exit: int
    stdout: bytes
    stderr: str

    @property
    def document(self) -> Any:
        """Its JSON document; `-o json`."""
        return json.loads(self.stdout)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """A row of its JSON document per host."""
        return list(self.document["data"]["hosts"])

    def outcomes(self) -> Counter[str]:
        """How many hosts ended in which way; no host may be there twice."""
        ids = [row["instance_id"] for row in self.rows]
        assert len(set(ids)) == len(ids)
        return Counter(row["outcome"] for row in self.rows)


@dataclass
class Fleet:
    """The group prod web, its instances by address; `port` is the one they are dialled at."""

    port: int
    ids: dict[str, str]
    known_hosts: Path
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, command: str, *options: str, shell: str = "", **settings: Any) -> subprocess.Popen[bytes]:
        """Begins `udo ssh` on the group; `shell` is what bash does with it, such as `ulimit -n 9; exec {}`."""
        argv = [sys.executable, "-m", "udo", "ssh", "prod", "web", command, *options]
        if shell:
            argv = ["bash", "-c", shell.format(shlex.join(argv))]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "start_new_session": True}
        self.running.append(subprocess.Popen(argv, **{**pipes, **settings}))
        return self.running[-1]

    def run(self, command: str, *options: str, shell: str = "") -> Ended:
        """`udo ssh` on the group, to its end."""
        return ended(self.start(command, *options, shell=shell))

    def copy(self, *words: str) -> Ended:
        """`udo cp` on the group, to its end."""
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        self.running.append(subprocess.Popen([sys.executable, "-m", "udo", "cp", "prod", "web", *words], **pipes))
        return ended(self.running[-1])

    def stop(self) -> None:
        """Ends what still runs."""
        for one in self.running:
            one.kill()
            one.wait(10)
            for stream in (one.stdout, one.stderr):
                if stream:
                    stream.close()


def ended(process: subprocess.Popen[bytes]) -> Ended:
    """Waits for a process and takes what it says."""
    out, err = process.communicate(timeout=120)
    return Ended(process.returncode, out, err.decode())


Serve = Callable[[Sequence[str], int], Sequence[Target]]


def prepared(world: Any, farm: Farm, count: int, port: int, serve: Serve | None = None) -> Fleet:
    """A group of `count` instances and ./udo.yml for it; `serve` starts their servers, good ones by default."""
    from udo.config import load

    path, known = Path("udo.yml"), Path("known_hosts")
    login = {"user": farm.target("", 0).user, "key": farm.login_key, "known": known.absolute()}
    path.write_text(_CONFIGURATION.format(count=count, port=port, **login))
    world.seed(load(path, {}))
    ids = {str(one.private_ip): str(one.id) for one in world.instances()}
    (serve or farm.at)(sorted(ids), port)
    key = public_key(farm.host_key).text
    known.write_text("".join(f"[{address}]:{port} {key}\n" for address in ids))
    return Fleet(port, ids, known)
