#!/usr/bin/env bash
# paramiko 5.1.0: a server's subsystem (its own SFTP server too) ends without an exit status, which to ssh is a broken connection.
#
# `ssh -s HOST sftp`, by which sshfs and others speak SFTP, exits with 255 after a conversation that went well, as it does
# where the host cannot be reached. sshd ends the same conversation with exit status 0. OpenSSH's sftp does not look. A
# server that wants to be told from one that broke down has to send the status itself, before its handler lets go of the channel.
#
# Seen (paramiko 5.1.0, OpenSSH 9.2p1; of a client that says hello, hears the answer, and hangs up):
#   paramiko's SFTP server: version 3, then exit status 255
#   with a status sent by hand: version 3, then exit status 0
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
    def check_channel_request(self, kind, number):
        return paramiko.OPEN_SUCCEEDED

    def check_auth_publickey(self, user, key):
        return paramiko.AUTH_SUCCESSFUL if key == KEY else paramiko.AUTH_FAILED

    def get_allowed_auths(self, user):
        return "publickey"


class WithStatus(paramiko.SFTPServer):
    def finish_subsystem(self):
        super().finish_subsystem()
        self.sock.send_exit_status(0)


def serve(listening, handler):
    while True:
        client, _ = listening.accept()
        transport = paramiko.Transport(client)
        transport.add_server_key(KEY)
        transport.set_subsystem_handler("sftp", handler)
        transport.start_server(server=Server())


for says, handler in (("paramiko's SFTP server", paramiko.SFTPServer), ("with a status sent by hand", WithStatus)):
    listening = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=serve, args=(listening, handler), daemon=True).start()
    words = ["unpacked/usr/bin/ssh", "-F", "none", "-q", "-i", "key", "-o", "IdentityAgent=none", "-s"]
    words += ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-p", str(listening.getsockname()[1])]
    with subprocess.Popen([*words, "me@127.0.0.1", "sftp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as client:
        # SSH_FXP_INIT, version 3; the answer has the same form.
        client.stdin.write(bytes([0, 0, 0, 5, 1, 0, 0, 0, 3]))
        client.stdin.flush()
        version = client.stdout.read(9)[-1]
        client.stdin.close()
        print(f"{says}: version {version}, then exit status {client.wait()}")
PY
env/bin/python program.py | tee seen
diff - seen <<'SEEN'
paramiko's SFTP server: version 3, then exit status 255
with a status sent by hand: version 3, then exit status 0
SEEN
