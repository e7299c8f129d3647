"""Receives webhooks and prints those that are genuine. FRAMEHOUSE_WEBHOOK_SECRET holds the endpoint's secret (two by a
comma while one replaces the other). Put it behind something that ends TLS.

python receive_webhook.py [port]
"""

import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from framehouse import webhooks

SECRETS = os.environ["FRAMEHOUSE_WEBHOOK_SECRET"].split(",")
MOST_BYTES = 1024 * 1024
seen: set[str] = set()  # a real receiver keeps these where they survive: every event may come more than once


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > MOST_BYTES:
            return self.answer(413)
        try:
            event = webhooks.verify(self.rfile.read(int(length)), self.headers, SECRETS)
        except webhooks.WebhookVerificationError as error:
            print(f"refused: {error}", flush=True)
            return self.answer(400)
        if event.id not in seen:
            seen.add(event.id)
            print(event.type, event.sequence, event.data.get("id"), event.data.get("status"), flush=True)
        return self.answer(204)

    def answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 8080), Receiver)
    print(f"listening on port {server.server_port}", flush=True)
    server.serve_forever()
