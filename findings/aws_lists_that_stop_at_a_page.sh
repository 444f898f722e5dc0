#!/usr/bin/env bash
# awscli 1.46.3: two listings of Auto Scaling end at their first page, with exit 0 and without a word.
#
# The command line follows the pages of a listing by itself, as far as botocore has a paginator for it. For
# DescribeInstanceRefreshes and DescribeTrafficSources, which AWS cuts into pages of 50, botocore has none: what is shown is
# the first page, told from a whole answer only by the NextToken at its end, which --query takes away. Whoever looks there
# for a refresh that still needs a template version, or for the target groups of a group, does not see them all.
#
# Seen (awscli 1.46.3; a server on this machine that answers each listing in two pages):
#   describe-policies           2 requests: one two
#   describe-traffic-sources    1 requests: one
#   describe-instance-refreshes 1 requests: one
set -euo pipefail
folder=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check 'awscli==1.46.3'
cat > "$folder/server.py" <<'PY'
import pathlib
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs

ROWS = {
    "DescribePolicies": "<ScalingPolicies><member><PolicyName>{}</PolicyName></member></ScalingPolicies>",
    "DescribeTrafficSources": "<TrafficSources><member><Identifier>{}</Identifier></member></TrafficSources>",
    "DescribeInstanceRefreshes": "<InstanceRefreshes><member><InstanceRefreshId>{}</InstanceRefreshId></member></InstanceRefreshes>",
}


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        asked = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        name = asked["Action"][0]
        with open(sys.argv[1] + "/asked", "a") as file:
            file.write(name + "\n")
        page = ROWS[name].format("two") if "NextToken" in asked else ROWS[name].format("one") + "<NextToken>n</NextToken>"
        body = f"<{name}Response><{name}Result>{page}</{name}Result></{name}Response>".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass


server = HTTPServer(("127.0.0.1", 0), Handler)
pathlib.Path(sys.argv[1], "port").write_text(str(server.server_port))
server.serve_forever()
PY
python3 "$folder/server.py" "$folder" &
server=$!
until [ -s "$folder/port" ]; do sleep 0.1; done
ask() {
    : > "$folder/asked"
    names=$(env -u AWS_PROFILE AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null AWS_EC2_METADATA_DISABLED=true \
        AWS_ACCESS_KEY_ID=AKIAEXAMPLEEXAMPLE12 AWS_SECRET_ACCESS_KEY=none NO_PROXY=127.0.0.1 \
        "$folder/env/bin/aws" autoscaling "$1" --auto-scaling-group-name shop --query "$2" --output text \
        --region us-east-1 --endpoint-url "http://127.0.0.1:$(cat "$folder/port")" | tr '\t\n' '  ')
    printf '%-28s%s requests: %s\n' "$1" "$(wc -l < "$folder/asked" | tr -d ' ')" "$(echo $names)"
}
{
    ask describe-policies 'ScalingPolicies[].PolicyName'
    ask describe-traffic-sources 'TrafficSources[].Identifier'
    ask describe-instance-refreshes 'InstanceRefreshes[].InstanceRefreshId'
} | tee "$folder/seen"
diff - "$folder/seen" <<'SEEN'
describe-policies           2 requests: one two
describe-traffic-sources    1 requests: one
describe-instance-refreshes 1 requests: one
SEEN
