"""Receives the ends of videos, and fetches the finished ones. Needs nothing but Python."""

import base64
import hmac
import json
import os
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.request import urlretrieve

KEY = base64.b64decode(os.environ["SORA_MCP_WEBHOOK_SECRET"].removeprefix("whsec_"))
seen = set()


class Receiver(BaseHTTPRequestHandler):
    """Takes what is signed with the secret, not long ago."""

    def do_POST(self):
        """Answer, then act: the server waits for 15 s, and asks again."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        genuine = self.is_genuine(body)
        self.send_response(204 if genuine else 400)
        self.end_headers()
        if genuine and self.headers["webhook-id"] not in seen:  # it may come more than once
            seen.add(self.headers["webhook-id"])
            take(json.loads(body))

    def is_genuine(self, body):
        """Whether the server sent this, and not somebody who has overheard it."""
        message_id = self.headers.get("webhook-id", "")
        sent_at = self.headers.get("webhook-timestamp", "0")
        content = f"{message_id}.{sent_at}.".encode() + body
        signature = "v1," + base64.b64encode(hmac.digest(KEY, content, "sha256")).decode()
        given = self.headers.get("webhook-signature", "")
        same = hmac.compare_digest(given.encode(), signature.encode())
        return same and abs(time.time() - int(sent_at)) < 300


def take(event):
    """Save a finished video beside this program."""
    video = event["data"]
    if event["type"] == "video.completed" and "files" in video:
        urlretrieve(video["files"][0]["url"], f"{video['video_id']}.mp4")  # noqa: S310  # a signed address
    print(event["type"], video["video_id"], video["status"], flush=True)


HTTPServer(("127.0.0.1", 5678), Receiver).serve_forever()
