"""A voice of one's own through the unmodified SDK: the recording comes by URL. The model is a tiny one."""

from __future__ import annotations

import base64
import http.server
import threading
from pathlib import Path

from tests.models.f5tts.recordings import TEXT, recorded
from tests.serve.runpod.platform import Platform, wait_for
from tests.serve.runpod.test_voice import seconds
from tests.serve.runpod.worker import Worker


class _OneFile(http.server.BaseHTTPRequestHandler):
    body = b""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "audio/wav")
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        return


def test_a_text_is_spoken_in_the_voice_of_an_address(tmp_path: Path) -> None:
    _OneFile.body = recorded(tmp_path).read_bytes()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _OneFile) as files:
        threading.Thread(target=files.serve_forever, args=(0.02,), daemon=True).start()
        asked = {
            "text": "Hello there.", "steps": 4, "seed": 1, "reference_text": TEXT,
            "reference": f"http://127.0.0.1:{files.server_port}/voice.wav",
        }  # fmt: skip
        with (
            Platform() as platform,
            Worker(platform, "tests.models.f5tts.tiny:TinyF5", tmp_path, GREENROOM_ALLOW_PRIVATE_URLS="1"),
        ):
            job = platform.run(asked)
            wrong = platform.run({**asked, "reference_text": "Quite another text, which nobody said."})
            wait_for(lambda: job.final and wrong.final, timeout_s=120)
        files.shutdown()
    assert job.status == "COMPLETED", job.error
    assert seconds(base64.b64decode(job.output["artifacts"][0]["data"])) > 0.7
    assert wrong.status == "FAILED"
    assert "reference-text-mismatch" in str(wrong.error)
