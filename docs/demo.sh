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
cp "$here/udo.example.template.yml" "$tour/"
printf '\nguards:\n  alarms: [shop-5xx]\n' >>"$tour/udo.yml"
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
chapter "To bring it to those that run is AWS's instance refresh. What will it do, and what will it meet?"
run 'udo refresh prod webapp --warmup 0 --dry-run'
chapter "And it is followed to its end, as it would be from any other machine:"
run 'udo refresh prod webapp --warmup 0 --yes'

chapter "Both at once, for a change that turns out bad: the refresh itself brings another instance type, and while AWS waits
whether it does well, an alarm goes off that udo.yml names under guards. The group is taken back to where it was:"
(
    for _ in {1..99}; do
        sleep 1
        if udo refresh stage webapp --status 2>&1 | grep 'bake time' >alarm.txt; then break; fi
    done
    exec udo sandbox alarm shop-5xx ALARM >alarm.txt 2>&1
) &
run 'udo updatelc stage webapp --set instance_type=t3.large --refresh --warmup 0 --bake 10m --yes || echo "exit $?"'
wait
run 'udo status stage webapp'
chapter "As long as it rings nothing else is changed, but for what goes back:"
run 'udo updatelc stage webapp --set instance_type=t3.large || echo "exit $?"'
run 'udo sandbox alarm shop-5xx OK'

chapter "Now a deployment by CodeDeploy, followed to its end:"
run 'udo deploy stage worker 740800d7e4cc3e6e5a3b2c1d0f9e8d7c6b5a4938'

chapter "The sandbox has CodeDeploy's agent on every instance: a bundle is really installed, and its hooks run, kept away
from this machine. Here is a little one. What does Udo say before it is sent?"
mkdir -p bundle/web bundle/scripts
echo 'Welcome to the shop' >bundle/web/index.html
cat >bundle/appspec.yml <<'END'
version: 0.0
os: linux
files:
  - source: web
    destination: /srv/shop
hooks:
  ValidateService:
    - location: scripts/validate.sh
      timeout: 60
END
cat >bundle/scripts/validate.sh <<'END'
#!/bin/sh
echo "looking at /srv/shop on $(hostname)"
grep Welcome /srv/shop/index.html
END
chmod +x bundle/scripts/validate.sh
cat >upload.py <<'END'
import sys, boto3
s3 = boto3.client("s3", region_name="us-east-1")
s3.create_bucket(Bucket="releases")
s3.upload_file(sys.argv[1], "releases", sys.argv[1])
END
run 'cat bundle/appspec.yml'
run 'udo check --bundle bundle'
chapter "Packed, uploaded by boto3 and deployed:"
run 'tar czf 1.tgz -C bundle . && python upload.py 1.tgz'
run 'udo deploy stage webapp s3://releases/1.tgz'
run 'udo ssh stage webapp "cat srv/shop/index.html"'
chapter "Now with a page that its own hook does not like. What went wrong, and where?"
run 'echo "under construction" > bundle/web/index.html'
run 'tar czf 2.tgz -C bundle . && python upload.py 2.tgz'
run 'udo deploy stage webapp s3://releases/2.tgz || echo "exit $?"'
chapter "The same again, at any time and on any machine, and the way back:"
run 'udo why stage webapp'
run 'udo rollback stage webapp --code'
run 'udo ssh stage webapp "cat srv/shop/index.html"'
chapter "And a mistake of the kind that only shows on the instance, seen before:"
run "sed -i 's/0.0/\"0.0\"/; s/ValidateService/ValidatService/' bundle/appspec.yml"
run 'udo check --bundle bundle || echo "exit $?"'

chapter "And a command on every instance of a group at once, over ssh, with host keys checked:"
run 'udo ssh stage webapp "uptime"'
run 'udo ssh stage webapp "echo \$(hostname) is \$UDO_INSTANCE_ID"'

chapter "An environment for a branch is a CloudFormation stack, from a template that somebody has approved:"
run 'udo stack create review --param branch=cart'
chapter "Another one, of an image that does not exist. Did it work, and why not?"
run "sed -i '/ImageId:/s/ami-.*/ami-0bad0bad0bad0bad0/; s/on_failure: delete/on_failure: rollback/' udo.yml"
run 'udo stack create review --param branch=pay >/dev/null 2>&1 || echo "exit $?"'
run 'udo stack events shop-review-pay'
run 'udo stack delete shop-review-pay --yes'
run 'udo stack list'

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
