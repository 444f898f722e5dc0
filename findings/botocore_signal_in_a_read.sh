#!/usr/bin/env bash
# botocore 1.44.5: an Exception that a signal handler raises while an answer is awaited never reaches the caller. In the
# retry modes standard and adaptive the request is sent again and the program goes on as if nobody had asked it to stop;
# in legacy mode it comes out as botocore's HTTPClientError.
#
# Python runs a signal handler in the main thread, wherever that is: here within urllib3, waiting for the answer.
# botocore wraps every Exception from there in HTTPClientError, which two of its three modes take for a lost connection.
# Only what is no Exception (KeyboardInterrupt, SystemExit, a BaseException of one's own) comes out as itself.
#
# Seen (botocore 1.44.5, Python 3.11):
#   legacy: Exception: HTTPClientError after 1 request
#   standard: Exception: answered after 2 requests, nothing raised
#   adaptive: Exception: answered after 2 requests, nothing raised
#   standard: BaseException: StopAtOnce after 1 request
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check botocore==1.44.5
cat > "$folder/program.py" <<'PY'
import http.server, os, signal, threading, time
import botocore.session
from botocore.config import Config

asked = []


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        asked.append(self.path)
        self.rfile.read(int(self.headers["Content-Length"]))
        if len(asked) == 1:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(1)
        body = b'{"Parameter": {"Name": "/shop", "Value": "1"}}'
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            pass

    def log_message(self, *words):
        pass


class Stop(Exception):
    pass


class StopAtOnce(BaseException):
    pass


def stopping(kind):
    def arrived(number, frame):
        raise kind
    return arrived


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
session = botocore.session.Session()
session.set_credentials("AKIAEXAMPLEEXAMPLE12", "none")
for mode, kind in (("legacy", Stop), ("standard", Stop), ("adaptive", Stop), ("standard", StopAtOnce)):
    signal.signal(signal.SIGTERM, stopping(kind))
    client = session.create_client(
        "ssm", region_name="us-west-2", endpoint_url=f"http://127.0.0.1:{server.server_port}",
        config=Config(retries={"mode": mode, "total_max_attempts": 3}),
    )
    asked.clear()
    try:
        client.get_parameter(Name="/shop")
        told = f"answered after {len(asked)} requests, nothing raised"
    except BaseException as error:
        told = f"{type(error).__name__} after {len(asked)} request"
    print(f"{mode}: {kind.__mro__[1].__name__}: {told}", flush=True)
os._exit(0)
PY
env -u AWS_PROFILE AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null AWS_EC2_METADATA_DISABLED=true no_proxy='*' \
    "$folder/env/bin/python" "$folder/program.py" | tee "$folder/seen"
diff - "$folder/seen" <<'SEEN'
legacy: Exception: HTTPClientError after 1 request
standard: Exception: answered after 2 requests, nothing raised
adaptive: Exception: answered after 2 requests, nothing raised
standard: BaseException: StopAtOnce after 1 request
SEEN
