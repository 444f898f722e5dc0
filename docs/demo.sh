#!/usr/bin/env bash
# A tour of Udo on an AWS of its own: each line after a $ is run as it is shown. `make demo` has made the environment.
# Time runs twice as fast there, or as fast as the first word says: a deployment is still seen to move.
set -euo pipefail

speed=${1:-2}
here=$(cd "$(dirname "$0")/.." && pwd)
tour=$(mktemp -d "${TMPDIR:-/tmp}/udo-demo.XXXXXX")
# Nothing of the visitor's own Udo or AWS is used, nor left changed.
for name in "${!UDO_@}" "${!AWS_@}"; do unset "$name"; done
export XDG_STATE_HOME="$tour/state"
cp "$here/udo.example.yml" "$tour/udo.yml"
cd "$tour"

leave() {
    udo sandbox stop >/dev/null 2>&1 || true
    rm -rf "$tour"
}
trap leave EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

bold='' dim='' plain=''
if [ -t 1 ]; then bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m'; fi

chapter() { printf '\n%s%s%s\n' "$dim" "$1" "$plain"; }
run() {
    printf '\n%s$ %s%s\n' "$bold" "$1" "$plain"
    eval "$1"
}

chapter "Udo runs an application on AWS Auto Scaling groups. Here are two clusters, stage and prod, with two roles
each: four groups, described in one file. First, an AWS on this machine that holds them:"
run "udo sandbox start --speed $speed"
chapter "From now on this shell talks to that AWS; so would the aws command line, boto3 or Terraform."
run 'eval "$(udo sandbox env)"'
run 'udo status'

chapter "prod webapp still launches an older image than udo.yml asks for. What would Udo do about it?"
run 'udo updatelc prod webapp --dry-run'
chapter "The copy of the launch configuration differs in nothing but the image. Go:"
run 'udo updatelc prod webapp'
chapter "Again, nothing is left to do. Running instances were not touched; the next ones will be new."
run 'udo updatelc prod webapp'
run 'udo versions prod webapp'

chapter "Now a deployment by CodeDeploy, followed to its end:"
run 'udo deploy stage worker 740800d7e4cc3e6e5a3b2c1d0f9e8d7c6b5a4938'

chapter "And a command on every instance of a group at once, over ssh, with host keys checked:"
run 'udo ssh stage webapp "uptime"'
run 'udo ssh stage webapp "echo \$(hostname) is \$UDO_INSTANCE_ID"'

chapter "What all this has done:"
run 'udo status'
run 'udo instances prod webapp'
run 'udo history'

chapter "That was the tour; its AWS is stopped now. For one to keep and play with:

    . .venv/bin/activate
    udo sandbox start               # the world of your udo.yml, or of the bundled example
    udo --sandbox status            # any command, on the sandbox
    eval \"\$(udo sandbox env)\"       # or every command, and any other AWS client, in this shell
    udo sandbox stop"
