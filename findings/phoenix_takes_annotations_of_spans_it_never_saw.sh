#!/usr/bin/env bash
# What:   arize-phoenix 20.26.1, started empty, and one annotation (`POST /v1/span_annotations`) and one of a trace
#         (`POST /v1/trace_annotations`) of ids that it has never seen, each sent with and without `sync=true`.
# Guess:  a 200 says that the annotation is kept; one whose span or trace is not there is refused.
# Seen:   without `sync` both are answered 200 with an empty list, `{"data":[]}`, as if there were nothing wrong; with `sync=true`
#         both are 404 and name the id. Whoever writes scores back soon after the answer, before the span was exported, learns only
#         with `sync=true` that there is something to try again. (What becomes of the first two later was not watched.)
# Exits non-zero when that changes.
set -euo pipefail
work=$(mktemp -d)
server=""
trap '[ -z "$server" ] || kill "$server"; rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q arize-phoenix==20.26.1
cat > free_ports.py <<'PY'
import socket

held = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
print(*(one.getsockname()[1] for one in held))
PY
read -r http grpc < <(venv/bin/python free_ports.py)
PHOENIX_WORKING_DIR="$work/data" PHOENIX_HOST=127.0.0.1 PHOENIX_PORT=$http PHOENIX_GRPC_PORT=$grpc \
  venv/bin/phoenix serve > server.log 2>&1 &
server=$!
cat > seen.py <<'PY'
import json
import sys
import time
import urllib.error
import urllib.request

base = f"http://127.0.0.1:{sys.argv[1]}"


def asked(path, body=None):
    request = urllib.request.Request(base + path, None if body is None else json.dumps(body).encode())
    request.add_header("content-type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


for _ in range(600):
    try:
        asked("/healthz")
        break
    except OSError:
        time.sleep(0.5)
seen = {}
for kind, name, value in (("span", "span_id", "00000000000000ab"), ("trace", "trace_id", "0" * 30 + "ab")):
    body = {"data": [{name: value, "name": "right", "annotator_kind": "LLM", "result": {"score": 1.0}}]}
    seen[f"{kind}, plain"] = asked(f"/v1/{kind}_annotations", body)
    seen[f"{kind}, sync"] = asked(f"/v1/{kind}_annotations?sync=true", body)
print(json.dumps(seen, indent=1))
for kind in ("span", "trace"):
    assert seen[f"{kind}, plain"] == (200, '{"data":[]}'), kind
    assert seen[f"{kind}, sync"][0] == 404, kind
PY
venv/bin/python seen.py "$http"
