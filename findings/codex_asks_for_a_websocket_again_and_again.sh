#!/usr/bin/env bash
# What:   @openai/codex 0.171.0, `codex exec` with `openai_base_url` set to a server of one's own.
# Guess:  it posts to `/v1/responses`. If it tries something newer first, any 4xx sends it to plain HTTP.
# Seen:   its first request is `GET /v1/responses` with an upgrade to a WebSocket. 426 sends it to HTTP after one try; 404, as
#         a server answers that has no such route, is tried 7 times, with pauses that add up to some 6 s before each first
#         answer. A gateway that does without WebSockets should say 426 there.
# Exits non-zero when that changes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-fund --no-audit --prefix "$work" @openai/codex@0.171.0 > npm.log 2>&1
cat > seen.py <<'PY'
import os
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def upgrades(status):
    """How often a run asks for a WebSocket where that is answered with this status, before it posts."""
    seen = []

    class Server(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self):
            self.rfile.read(int(self.headers.get("content-length") or 0))
            seen.append((self.command, self.path, self.headers.get("upgrade")))
            self.send_response(status if self.command == "GET" else 400)
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"no")

        do_GET = do_POST = answer

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    server.handle_error = lambda *_: None  # the client ends its connections as it likes
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f'openai_base_url="http://127.0.0.1:{server.server_address[1]}/v1"'
    home = os.path.join(os.getcwd(), f"home-{status}")
    os.mkdir(home)
    subprocess.run(
        ["node_modules/.bin/codex", "exec", "--skip-git-repo-check", "-c", base, "hi"],
        env={**os.environ, "CODEX_API_KEY": "sk-any", "CODEX_HOME": home},
        stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=False,
    )
    server.shutdown()
    posts = [n for n, (method, path, _) in enumerate(seen) if method == "POST" and path == "/v1/responses"]
    assert posts, seen
    before = seen[: posts[0]]
    return sum(path == "/v1/responses" and (up or "").lower() == "websocket" for _, path, up in before)


found = {status: upgrades(status) for status in (426, 404)}
print("asked for a WebSocket before the first post:", found)
assert found[426] == 1, "426 is not taken at the first try"
assert found[404] > 3, "404 is taken for an answer"
print("as described")
PY
python3 seen.py
