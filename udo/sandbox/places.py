"""Where commands of an instance run: a folder of its own on this machine, with programs that stand for its own."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from udo.sandbox.daemon import MARK
from udo.sandbox.shell import Place

if TYPE_CHECKING:
    from udo.sandbox.world import World

_HOSTNAME = "#!/bin/sh\necho {name}\n"
# Whoever is asked for is there, at home in the folder of the instance. Source: getent(1).
_GETENT = """\
#!/bin/sh
[ "$1 $#" = "passwd 2" ] || {{ PATH=${{PATH#*:}} exec getent "$@"; }}
echo "$2:x:1000:1000::"{home}":/bin/sh"
"""
# Every user of an instance is the one who runs the sandbox: this only says who it is.
# Source: util-linux, runuser(1).
_RUNUSER = """\
#!/bin/sh
user= command= shell=/bin/sh login=
while [ $# -gt 0 ]; do
  case $1 in
    -u | --user) user=$2 direct=1; shift 2 ;;
    --user=*) user=${{1#*=}} direct=1; shift ;;
    -c | --command) command=$2; shift 2 ;;
    -s | --shell) shell=$2; shift 2 ;;
    - | -l | --login) login=1; shift ;;
    --) shift; break ;;
    -*) echo "runuser: the sandbox does not know the option $1" >&2; exit 1 ;;
    *) [ -n "$user" ] && break; user=$1; shift ;;
  esac
done
[ -n "$user" ] || {{ echo "runuser: no user" >&2; exit 1; }}
USER=$user LOGNAME=$user HOME={home}
export USER LOGNAME HOME
[ -z "$login" ] || cd "$HOME"
[ -z "$direct" ] || {{ [ $# -gt 0 ] || {{ echo "runuser: no command was specified" >&2; exit 1; }}; exec "$@"; }}
SHELL=$shell; export SHELL
[ -z "$command" ] || exec "$shell" -c "$command" "$@"
exec "$shell" "$@"
"""


def place(world: World, root: Path, instance: Any, user: str = "ec2-user") -> Place:
    """Where commands of an instance run: its own folder under `root`, as its user's home, on a machine of its own
    name."""
    folder = root / instance.id
    programs = folder / ".bin"
    if not programs.exists():
        programs.mkdir(parents=True, mode=0o700, exist_ok=True)
        _program(programs / "hostname", _HOSTNAME.format(name=instance.private_dns_name))
        _program(programs / "getent", _GETENT.format(home=shlex.quote(str(folder))))
        _program(programs / "runuser", _RUNUSER.format(home=shlex.quote(str(folder))))
    return Place(folder, _environment(world, instance, user, folder, programs))


def _program(file: Path, script: str) -> None:
    file.write_text(script, encoding="utf-8")
    file.chmod(0o700)


def _environment(world: World, instance: Any, user: str, folder: Path, programs: Path) -> dict[str, str]:
    tags = {tag["key"]: tag["value"] for tag in instance.get_tags()}
    cluster, role = world.roles.get(tags.get("aws:autoscaling:groupName", ""), ("", ""))
    known = {"UDO_CLUSTER": cluster, "UDO_ROLE": role}
    return {
        "PATH": f"{programs}:{os.environ.get('PATH', os.defpath)}",
        "HOME": str(folder),
        "USER": user,
        "LOGNAME": user,
        "SHELL": "/bin/sh",
        "LANG": os.environ.get("LANG", "C.UTF-8"),
        "HOSTNAME": instance.private_dns_name,
        "PS1": f"[{user}@{instance.private_dns_name.partition('.')[0]} \\W]\\$ ",
        "UDO_INSTANCE_ID": instance.id,
        MARK: str(folder.parent.parent),
        **{name: value for name, value in known.items() if value},
    }
