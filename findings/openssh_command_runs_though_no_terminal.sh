#!/usr/bin/env bash
# OpenSSH 9.2p1 (Debian 1:9.2p1-2+deb12u10): `ssh -tt HOST COMMAND` to a server that gives no terminal exits with 255, as if nobody had
# been reached; the command runs all the same, to its end.
#
# ssh asks for the terminal and for the command in one go, and when the first is refused it leaves with 255 and without a word of
# what the command says. The server (sshd with `PermitTTY no` too) has begun it by then. 255 is also what ssh exits with where
# there is no connection, so that whoever tries again on 255 runs the command twice.
#
# Seen (OpenSSH 9.2p1, a server of paramiko 5.1.0; what the command did, what ssh printed, its exit status):
#   ssh HOST COMMAND, no terminal is asked for: the command ran to its end, "out", 7
#   ssh -tt HOST COMMAND, a terminal is given: the command ran to its end, "out", 7
#   ssh -tt HOST COMMAND, a terminal is refused: the command ran to its end, "", 255
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check paramiko==5.1.0
cd "$folder"
apt-get -qq download openssh-client=1:9.2p1-2+deb12u10 2>/dev/null
dpkg -x openssh-client_*.deb unpacked
unpacked/usr/bin/ssh-keygen -q -t ed25519 -N '' -f key
cat > program.py <<'PY'
import logging, socket, subprocess, threading
import paramiko

logging.disable()
KEY = paramiko.Ed25519Key.from_private_key_file("key")


class Server(paramiko.ServerInterface):
    def __init__(self, gives_terminals):
        self.gives_terminals, self.ran = gives_terminals, threading.Event()

    def check_channel_request(self, kind, number):
        return paramiko.OPEN_SUCCEEDED

    def check_auth_publickey(self, user, key):
        return paramiko.AUTH_SUCCESSFUL if key == KEY else paramiko.AUTH_FAILED

    def get_allowed_auths(self, user):
        return "publickey"

    def check_channel_pty_request(self, *words):
        return self.gives_terminals

    def check_channel_exec_request(self, channel, command):
        # What a shell would do: it runs, whoever listens.
        threading.Timer(0.5, self.run, [channel, command]).start()
        return True

    def run(self, channel, command):
        subprocess.run(command, shell=True, check=True)
        self.ran.set()
        try:
            channel.sendall(b"out\n")
            channel.send_exit_status(7)
            channel.close()
        except OSError:
            pass


def case(options, gives_terminals):
    server = Server(gives_terminals)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        words = ["unpacked/usr/bin/ssh", "-F", "none", "-q", "-i", "key", "-o", "IdentityAgent=none", *options, "-p"]
        words += [str(listening.getsockname()[1]), "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"]
        client = subprocess.Popen(
            [*words, "me@127.0.0.1", "true"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        transport = paramiko.Transport(listening.accept()[0])
        transport.add_server_key(KEY)
        transport.start_server(server=server)
        said = client.communicate()[0].decode().strip()
        ran = "ran to its end" if server.ran.wait(10) else "did not run"
        transport.close()
    told = "no terminal is asked for" if not options else f"a terminal is {'given' if gives_terminals else 'refused'}"
    print(f'{" ".join(["ssh", *options, "HOST COMMAND"])}, {told}: the command {ran}, "{said}", {client.returncode}')


case([], False)
case(["-tt"], True)
case(["-tt"], False)
PY
env/bin/python program.py | tee seen
diff - seen <<'SEEN'
ssh HOST COMMAND, no terminal is asked for: the command ran to its end, "out", 7
ssh -tt HOST COMMAND, a terminal is given: the command ran to its end, "out", 7
ssh -tt HOST COMMAND, a terminal is refused: the command ran to its end, "", 255
SEEN
