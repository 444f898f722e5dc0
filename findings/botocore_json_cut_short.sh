#!/usr/bin/env bash
# botocore 1.44.5: an answer of a JSON service that was cut short is an empty answer, and no error.
#
# A server declares the whole length, sends the first 30 of them and closes the connection, as a proxy or a lost link does.
# For a service that speaks JSON (SSM, CodeDeploy) urllib3 raises no error, botocore finds that the body is no JSON,
# and returns what is also the answer "there is none": no exception, no second try. The same cut in an answer of a service that speaks
# XML (EC2) is an error. Whoever takes "no Parameter" for "it is not there" goes on as if it were not there.
#
# Seen (botocore 1.44.5, Python 3.11):
#   ssm GetParameter, cut short: ['ResponseMetadata'] after 1 request
#   ec2 DescribeVpcs, cut short: ResponseParserError after 1 request
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check botocore==1.44.5
cat > "$folder/program.py" <<'PY'
import http.server, threading
import botocore.session
from botocore.config import Config

BODIES = {
    "ssm": (b'{"Parameter": {"Name": "/shop/lock", "Value": "taken"}}', "application/x-amz-json-1.1"),
    "ec2": (b"<DescribeVpcsResponse><vpcSet><item><vpcId>vpc-1</vpcId></item></vpcSet></DescribeVpcsResponse>", "text/xml"),
}
asked = []


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        service = "ssm" if "X-Amz-Target" in self.headers else "ec2"
        asked.append(service)
        self.rfile.read(int(self.headers["Content-Length"]))
        body, kind = BODIES[service]
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:30])
        self.close_connection = True

    def log_message(self, *words):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
session = botocore.session.Session()
session.set_credentials("AKIAEXAMPLEEXAMPLE12", "none")
for service, operation, params in (("ssm", "GetParameter", {"Name": "/shop/lock"}), ("ec2", "DescribeVpcs", {})):
    client = session.create_client(
        service, region_name="us-west-2", endpoint_url=f"http://127.0.0.1:{server.server_port}",
        config=Config(retries={"mode": "standard", "total_max_attempts": 3}),
    )
    asked.clear()
    try:
        told = sorted(client._make_api_call(operation, params))
    except Exception as error:
        told = type(error).__name__
    print(f"{service} {operation}, cut short: {told} after {len(asked)} request{'s' * (len(asked) != 1)}")
PY
env -u AWS_PROFILE AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null AWS_EC2_METADATA_DISABLED=true no_proxy='*' \
    "$folder/env/bin/python" "$folder/program.py" | tee "$folder/seen"
diff - "$folder/seen" <<'SEEN'
ssm GetParameter, cut short: ['ResponseMetadata'] after 1 request
ec2 DescribeVpcs, cut short: ResponseParserError after 1 request
SEEN
