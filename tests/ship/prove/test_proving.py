"""A folder is proven: what serves passes, and each way of failing is named with its file and line."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import time
from dataclasses import replace
from pathlib import Path

import pytest

from greenroom.errors import ExtraMissing, GreenroomError
from greenroom.findings import Finding
from greenroom.progress import silent
from greenroom.ship.prove import proving, trying
from greenroom.ship.prove.engine import Engine
from greenroom.ship.prove.proof import Proof
from greenroom.ship.prove.proving import prove
from greenroom.ship.prove.scenarios import SCENARIOS, Scenario, chosen
from greenroom.ship.prove.trying import Limits, Proving
from tests.ship.prove.conftest import Script

QUICK = Limits(start=60.0, stop=60, look=0.02)
ONE = chosen(["no-network"])

# Serves /readyz and one sentence as greenroom does, and ends with 0 on SIGTERM.
SERVER = """#!/bin/sh
exec @PYTHON@ -c '
import http.server, io, os, signal, sys, wave
def sound(loudness):
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1); out.setsampwidth(2); out.setframerate(8000)
        out.writeframes((loudness).to_bytes(2, "little", signed=True) * 80)
    return file.getvalue()
class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self, body):
        self.send_response(200); self.send_header("Content-Length", str(len(body))); self.end_headers()
        self.wfile.write(body)
    def do_GET(self): self.answer(b"{}")
    def do_POST(self): self.answer(sound(9000))
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
port = int(os.environ.get("PORT", @PORT@))
http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
'
"""


def _proven(folder: Path, engine: Engine, image: Path, *scenarios: Scenario, limits: Limits = QUICK) -> Proof:
    return prove(Proving(folder, engine, scenarios or ONE, image=str(image), limits=limits), silent)


def _finding(folder: Path, engine: Engine, image: Path) -> Finding:
    return _proven(folder, engine, image).findings[0]


def _record(folder: Path, port: int, **changes: object) -> None:
    said = {"model": "voice-joe", "weights": "volume", "environment": "baked", "port": port, "fetches": False}
    (folder / "image.json").write_text(json.dumps({**said, "driver": None, "gpus": [], "schema": 1, **changes}))


def test_a_server_that_ends_in_order_is_proven(folder: Path, engine: Engine, script: Script) -> None:
    proof = _proven(folder, engine, script(SERVER))
    assert proof.passed
    (trial,) = proof.trials
    assert trial.outcome == "listened"
    assert [step.name for step in trial.steps] == ["start", "port", "stop"]


def test_an_image_of_ours_is_spoken_to_in_each_scenario_and_the_second_start_finds_what_the_first_left(
    folder: Path, engine: Engine, script: Script, port: int, tmp_path: Path
) -> None:
    _record(folder, port)
    noted = tmp_path / "noted"
    image = script(SERVER.replace("#!/bin/sh\n", f'#!/bin/sh\necho "$OPTIONS" >>{noted}\n'))
    proof = _proven(folder, engine, image, *chosen(["full-volume", "old-driver"]))
    assert proof.findings == ()
    assert [trial.scenario for trial in proof.trials] == ["empty-volume", "full-volume", "old-driver"]
    assert {trial.outcome for trial in proof.trials} == {"served"}
    assert [step.name for step in proof.trials[0].steps] == ["start", "port", "ready", "sentence", "stop"]
    first, second, other = (json.loads(line)["--volume"] for line in noted.read_text().splitlines())
    assert first == second
    assert any(place.endswith("/data-empty-volume:/data") for place in second)
    assert any(place.endswith("/data-old-driver:/data") for place in other)


def test_a_script_that_lost_its_last_line_serves_nothing(folder: Path, engine: Engine, script: Script) -> None:
    """The failure that cost 69 commits: the line that starts the server never got into the script."""
    found = _finding(folder, engine, script("#!/bin/sh\necho starting speech server\n"))
    assert found.code == "port-absent"
    assert "ended with 0 before anything listened" in found.message
    assert found.place == "Dockerfile:4"


class OnceListening:
    """A clock for who waits for a start: it stands still until something listens on a port of this machine."""

    def __init__(self, port: int) -> None:
        self._port, self._now = port, 0.0

    def monotonic(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        time.sleep(0.02)
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._port)):
            self._now += seconds


def test_another_port_is_named(
    folder: Path, engine: Engine, script: Script, port: int, other_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trying, "time", OnceListening(other_port))
    other = SERVER.replace('os.environ.get("PORT", @PORT@)', str(other_port))
    proof = _proven(folder, engine, script(other), limits=Limits(start=1.0, stop=1, look=0.5))
    found = proof.findings[0]
    assert found.code == "port-absent"
    assert f"nothing listens on {port} after 1 s; it listens on " in found.message
    assert str(other_port) in found.message


def test_a_start_that_is_late_is_waited_for_once(folder: Path, engine: Engine, script: Script) -> None:
    late = script("#!/bin/sh\nexec sleep 60\n")
    proof = _proven(folder, engine, late, *SCENARIOS, limits=Limits(start=0.5, stop=1, look=0.02))
    assert [trial.outcome for trial in proof.trials] == ["failed", "untried", "untried", "untried"]
    assert proof.trials[1].words == "empty-volume was late already"
    assert proof.findings[0].message.startswith("empty-volume: nothing listens on ")


def test_what_fails_alike_is_found_once(folder: Path, engine: Engine, script: Script) -> None:
    proof = _proven(folder, engine, script("#!/bin/sh\nexit 7\n"), *chosen(["read-only", "no-network"]))
    (found,) = (one for one in proof.findings if one.code == "start-failed")
    assert found.message.startswith("read-only, no-network: it ended with 7")


def test_what_says_nothing_of_an_image_of_others_is_not_tried(folder: Path, engine: Engine, script: Script) -> None:
    image = script(SERVER)
    proof = _proven(folder, engine, image, *chosen(["no-network", "low-disk", "old-driver"]))
    assert [trial.scenario for trial in proof.trials] == ["no-network"]
    with pytest.raises(GreenroomError, match="low-disk shows nothing"):
        _proven(folder, engine, image, *chosen(["low-disk"]))


def test_folders_of_one_name_have_images_of_their_own(tmp_path: Path) -> None:
    names = {proving._tag(tmp_path / parent / "Ein Bild!") for parent in ("a", "b")}
    assert len(names) == 2
    assert all(re.fullmatch(r"localhost/greenroom-proof:Ein-Bild--[0-9a-f]{8}", name) for name in names)


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("#!/bin/sh\nset -e\nnosuchprogram\n", "start.sh:3", "nosuchprogram: not found"),
        ("#!/bin/bash\n\nset -e\nnosuchprogram\n", "start.sh:4", "nosuchprogram: command not found"),
        (
            "#!/bin/sh\nexec @PYTHON@ $(dirname $0)/app.py\n",
            "app.py:2",
            "ModuleNotFoundError: No module named 'nothing'",
        ),
        (
            '#!/bin/sh\nw=/w\nfail() { printf "start.sh: error: %s\\n mend: %s\\n" "$1" "$2" >&2; exit 1; }\n'
            'fail "the volume at $w takes no files" "give it away"\n',
            "start.sh:4",
            "the volume at /w takes no files",
        ),
        (
            '#!/bin/sh\nsay() { echo "start.sh: $1" >&2; }\nsay "fetching weights"\n'
            "printf 'error: no room\\n mend: free some\\n' >&2; exit 1\n",
            "start.sh:4",
            "no room",
        ),
        ("#!/bin/sh\necho gone >&2\nexit 7\n", "Dockerfile:4", "it ended with 7: gone"),
        ("#!/bin/sh\nkill -9 $$\n", "Dockerfile:4", "it was killed (137)"),
    ],
)
def test_what_ends_early_is_found_at_its_line(
    folder: Path, engine: Engine, script: Script, text: str, place: str, words: str
) -> None:
    (folder / "app.py").write_text("import sys\nimport nothing\n")
    found = _finding(folder, engine, script(text))
    assert found.place == place
    assert words in found.message
    assert found.mend


def test_a_script_that_may_not_run_is_named(folder: Path, engine: Engine, script: Script) -> None:
    path = script("#!/bin/sh\r\nexec true\r\n")
    path.chmod(0o644)
    found = _finding(folder, engine, path)
    assert found.code == "not-started"
    assert found.place == "start.sh:1"
    assert "CR LF" in found.message


def test_a_server_that_ignores_sigterm_is_named(folder: Path, engine: Engine, script: Script) -> None:
    deaf = SERVER.replace("lambda *_: sys.exit(0)", "signal.SIG_IGN")
    found = _proven(folder, engine, script(deaf), limits=replace(QUICK, stop=1)).findings[0]
    assert found.code == "stop-ignored"
    assert "SIGTERM did not end it within 1 s" in found.message


def test_a_server_of_ours_must_end_with_0(folder: Path, engine: Engine, script: Script, port: int) -> None:
    _record(folder, port)
    found = _finding(folder, engine, script(SERVER.replace("sys.exit(0)", "sys.exit(3)")))
    assert "after SIGTERM it ended with 3" in found.message


@pytest.mark.parametrize("spoken", ["sound(0)", "sound(-3)", 'b"RIFF....WAVE" + bytes(99)', 'b"{}"'])
def test_silence_and_noise_of_the_last_bits_are_no_speech(
    folder: Path, engine: Engine, script: Script, port: int, spoken: str
) -> None:
    _record(folder, port)
    assert _finding(folder, engine, script(SERVER.replace("sound(9000)", spoken))).code == "no-speech"


def test_a_server_that_dies_of_its_first_sentence_is_not_said_to_ignore_sigterm(
    folder: Path, engine: Engine, script: Script, port: int
) -> None:
    _record(folder, port)
    dying = "self.answer(sound(9000)); os._exit(4)"
    # It may take a while to die: looked at for so long that a machine may stand still meanwhile.
    limits = replace(QUICK, look=0.6)
    image = script(SERVER.replace("self.answer(sound(9000))", dying))
    found = _proven(folder, engine, image, limits=limits).findings[0]
    assert found.code == "start-failed"
    assert "it ended with 4" in found.message


def test_what_never_gets_ready_says_why(
    folder: Path, engine: Engine, script: Script, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trying, "time", OnceListening(port))
    _record(folder, port)
    never = SERVER.replace('do_GET(self): self.answer(b"{}")', "do_GET(self): self.send_error(503)")
    found = _proven(folder, engine, script(never), limits=Limits(start=1.0, stop=1, look=0.5)).findings[0]
    assert found.code == "not-ready"


def test_an_image_for_gpus_must_refuse_an_old_driver(folder: Path, engine: Engine, script: Script, port: int) -> None:
    _record(folder, port, driver="525", gpus=["NVIDIA L4"])
    (old,) = chosen(["old-driver"])
    proof = _proven(folder, engine, script(SERVER), old)
    assert [found.code for found in proof.findings] == ["driver-not-checked"]
    said = "printf 'start.sh: error: the NVIDIA driver is 410.48\\n mend: another host\\n'; exit 1"
    proof = _proven(folder, engine, script(f"#!/bin/sh\n{said}\n"), old)
    assert proof.passed
    assert proof.trials[0].outcome == "refused"
    assert proof.trials[0].words == "the NVIDIA driver is 410.48"


def test_a_disk_without_room_may_be_refused_in_words_alone(
    folder: Path, engine: Engine, script: Script, port: int
) -> None:
    _record(folder, port)
    (low,) = chosen(["low-disk"])
    assert _proven(folder, engine, script("#!/bin/sh\necho 'error: no room\n mend: free some'; exit 1\n"), low).passed
    assert not _proven(folder, engine, script("#!/bin/sh\nexit 1\n"), low).passed


def test_a_model_without_its_weights_is_rehearsed(folder: Path, engine: Engine, script: Script, port: int) -> None:
    _record(folder, port, model="f5tts-v1-base", fetches=True)
    rehearsing = '#!/bin/sh\n[ "$*" = "rehearse f5tts-v1-base --tiny --device cpu" ]\n'
    proof = _proven(folder, engine, script(rehearsing))
    assert proof.passed
    assert proof.trials[0].outcome == "rehearsed"


def test_a_thin_image_is_filled_before_anything_else(folder: Path, engine: Engine, script: Script, port: int) -> None:
    _record(folder, port, environment="volume")
    proof = _proven(folder, engine, script(SERVER))
    assert [trial.scenario for trial in proof.trials] == ["empty-volume", "no-network"]


def test_a_failure_is_told_where_diagnosis_is_not_installed(
    folder: Path, engine: Engine, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    from greenroom.diagnose import shell

    def missing(_: object) -> None:
        raise ExtraMissing("the reader of build recipes", "ship")

    monkeypatch.setattr(shell, "parse", missing)
    assert [found.code for found in _proven(folder, engine, script("#!/bin/sh\n")).findings] == ["port-absent"]


def test_no_container_is_left(folder: Path, engine: Engine, script: Script, tmp_path: Path) -> None:
    """Also when the proof is stopped in its midst."""

    def stop(stage: str, done: float, total: float) -> None:
        raise KeyboardInterrupt

    image = str(script(SERVER))
    with pytest.raises(KeyboardInterrupt):
        prove(Proving(folder, engine, ONE, image=image, limits=QUICK), stop)
    _proven(folder, engine, Path(image))
    for known in (tmp_path / "containers").glob("*.json"):
        assert not Path(f"/proc/{json.loads(known.read_text())['pid']}/exe").exists()


def test_what_cannot_be_proven_is_said(folder: Path, engine: Engine, script: Script) -> None:
    asked = Proving(folder, engine, ONE, image="/nothing/here", limits=QUICK)
    with pytest.raises(GreenroomError, match="the engine has no image"):
        prove(asked, silent)
    with pytest.raises(GreenroomError, match="there is no Dockerfile"):
        prove(replace(asked, folder=Path("/nothing")), silent)


def test_without_a_port_nothing_can_be_waited_for(folder: Path, engine: Engine, script: Script) -> None:
    (folder / "Dockerfile").write_text('FROM debian:12\nCMD ["/start.sh"]\n')
    with pytest.raises(GreenroomError, match="which port"):
        _proven(folder, engine, script(SERVER))


def test_scenarios_are_chosen_by_name() -> None:
    assert chosen([]) == SCENARIOS
    assert [one.name for one in chosen(["low-disk", "empty-volume"])] == ["empty-volume", "low-disk"]
    with pytest.raises(GreenroomError, match="there is no scenario"):
        chosen(["flood"])
