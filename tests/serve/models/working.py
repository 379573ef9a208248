"""Models that do little, and that well: they echo, sleep, stream, tell, and look at media."""

from __future__ import annotations

import logging
import os
import sys
import time
import zlib
from pathlib import Path
from typing import Annotated, Any, Literal

from greenroom.errors import GreenroomError
from greenroom.inputs import Input, Inputs
from greenroom.models.model import Generated, MadeFile, Work
from greenroom.recipes.inputs.seedvr2 import RestoreFileInputs
from tests.serve.models.common import (
    MARKS,
    Plain,
    TextInputs,
    is_there,
)


class SizeInputs(Inputs):
    """How much to make."""

    size: Annotated[int, Input("How much to write.", ge=0, unit="B")] = 1000


class StepsInputs(Inputs):
    """Work of some steps."""

    steps: Annotated[int, Input("How many steps.", ge=1)] = 10
    step_s: Annotated[float, Input("How long each takes.", ge=0, unit="s")] = 0.02
    to_mark: Annotated[bool, Input("End once the mark is there, whichever step that is.")] = False
    label: Annotated[str, Input("Comes back with the result.")] = ""


class SecondsInputs(Inputs):
    """Work that sees no cancel."""

    seconds: Annotated[float, Input("How long it takes.", ge=0, unit="s")] = 1.0


class ChunksInputs(Inputs):
    """A result in parts."""

    chunks: Annotated[int, Input("How many parts.", ge=1)] = 5
    size: Annotated[int, Input("The size of each.", ge=1, unit="B")] = 1000
    pause_s: Annotated[float, Input("How long each takes.", ge=0, unit="s")] = 0.02
    waits_at: Annotated[int | None, Input("Wait for the mark behind so many parts.", ge=0)] = None


class SpeechInputs(Inputs):
    """A text, as whoever speaks takes it."""

    text: Annotated[str, Input("What to say.", min_length=1)]
    format: Annotated[Literal["pcm"], Input("As what.")] = "pcm"


class MediaInputs(Inputs):
    """A recording."""

    sound: Annotated[str, Input("A recording.", min_length=1, media="audio")]


class PictureInputs(Inputs):
    """A video."""

    video: Annotated[str, Input("A video.", min_length=1, media="video")]
    prompt: Annotated[str, Input("Comes back with the result.", max_length=200)] = ""
    hold: Annotated[bool, Input("Wait for the mark before the end.")] = False


Saying = Literal["plan", "progress", "words", "no object", "no json", "too long", "too often"]


class SayingInputs(Inputs):
    """What to tell and show before the end."""

    say: Annotated[Saying, Input("What to tell.")] = "plan"
    shows: Annotated[int, Input("How often to show a picture.", ge=0)] = 1
    names: Annotated[int, Input("Under how many names.", ge=1)] = 1
    outside: Annotated[bool, Input("Show a file that lies elsewhere.")] = False
    hold: Annotated[bool, Input("Wait for the mark before the end.")] = False
    fails: Annotated[bool, Input("Fail then.")] = False


class RestoringInputs(RestoreFileInputs):
    """What a restoring model is asked for, and when to end."""

    hold: Annotated[bool, Input("Wait for the mark before the end.")] = False


class AllInputs(Inputs):
    """An input of every kind."""

    words: Annotated[str, Input("Some words.", min_length=1, max_length=20)]
    count: Annotated[int, Input("How many.", ge=1, le=10)] = 1
    amount: Annotated[float, Input("How much.", gt=0, le=1)] = 0.5
    exact: bool = False
    choice: Annotated[Literal["one", "two"], Input("Which.")] = "one"
    seed: Annotated[int | None, Input("A seed.", ge=0, le=2**31 - 1)] = None


class Noop(Plain):
    """Gives its inputs back."""

    inputs = TextInputs

    def generate(self, inputs: TextInputs, work: Work) -> Generated:
        return Generated({"echo": inputs.model_dump()})


class Choosy(Plain):
    """Takes an input of every kind, and gives them back."""

    inputs = AllInputs

    def generate(self, inputs: AllInputs, work: Work) -> Generated:
        return Generated(inputs.model_dump())


class NoopFile(Plain):
    """Writes a file of zeros."""

    inputs = SizeInputs

    def generate(self, inputs: SizeInputs, work: Work) -> Generated:
        path = work.folder / "zeros.bin"
        path.write_bytes(bytes(inputs.size))
        return Generated({"size": inputs.size}, (MadeFile(path, "application/octet-stream"),))


class Sleeper(Plain):
    """Sleeps step by step; writes how far it came."""

    inputs = StepsInputs

    def generate(self, inputs: StepsInputs, work: Work) -> Generated:
        for step in range(inputs.steps):
            work.step("sleeping", step, inputs.steps)
            if inputs.to_mark and is_there("open"):
                break
            time.sleep(inputs.step_s)
        work.step("sleeping", inputs.steps, inputs.steps)
        path = work.folder / "slept.txt"
        path.write_text(f"{inputs.steps} steps")
        output = {"steps": inputs.steps, "label": inputs.label, "pid": os.getpid()}
        return Generated(output, (MadeFile(path, "text/plain"),))


class Stubborn(Plain):
    """Never looks whether it should stop."""

    inputs = SecondsInputs

    def generate(self, inputs: SecondsInputs, work: Work) -> Generated:
        work.step("deaf", 0, 1)
        time.sleep(inputs.seconds)
        return Generated({"pid": os.getpid()})


class Streamer(Plain):
    """Hands on its result in parts."""

    inputs = ChunksInputs
    streams = True

    def generate(self, inputs: ChunksInputs, work: Work) -> Generated:
        for place in range(inputs.chunks):
            work.step("streaming", place, inputs.chunks)
            while place == inputs.waits_at and not is_there("open"):
                work.step("waiting", place, inputs.chunks)
                time.sleep(0.01)
            if work.hand_on:
                work.hand_on(bytes([place % 256]) * inputs.size)
            time.sleep(inputs.pause_s)
        work.step("streaming", inputs.chunks, inputs.chunks)
        return Generated({"chunks": inputs.chunks})


class Speaker(Plain):
    """Hands on half a second of sound, and the other half once the mark is there."""

    inputs = SpeechInputs
    streams = True

    @classmethod
    def stream_type(cls, inputs: SpeechInputs) -> str:
        return "audio/pcm"

    def generate(self, inputs: SpeechInputs, work: Work) -> Generated:
        for half in range(2):
            while half and not is_there("open"):
                work.step("waiting", half, 2)
                time.sleep(0.01)
            if work.hand_on:
                work.hand_on(bytes([half]) * 24_000)
        return Generated({"text": inputs.text})


class Chatty(Plain):
    """Prints, logs and writes past Python."""

    inputs = TextInputs

    def generate(self, inputs: TextInputs, work: Work) -> Generated:
        print(f"printed {inputs.text}")
        print(f"complained {inputs.text}", file=sys.stderr)
        logging.getLogger("chatty").warning("logged %s", inputs.text)
        os.write(1, f"wrote {inputs.text}\n".encode())
        return Generated({"said": inputs.text})


class TakesMedia(Plain):
    """Reads the recording that it is given."""

    inputs = MediaInputs

    def generate(self, inputs: MediaInputs, work: Work) -> Generated:
        path = Path(inputs.sound)
        return Generated({"size": len(path.read_bytes()), "name": path.name})


class Mirror(Plain):
    """Swaps the sides of a video."""

    inputs = PictureInputs

    def generate(self, inputs: PictureInputs, work: Work) -> Generated:
        import av

        path = work.folder / "mirrored.mp4"
        with av.open(inputs.video) as given, av.open(str(path), "w") as out:
            source = given.streams.video[0]
            stream = out.add_stream("mpeg4", rate=source.average_rate)
            stream.width, stream.height, stream.pix_fmt = source.width, source.height, "yuv420p"
            for number, frame in enumerate(given.decode(source)):
                work.step("mirroring", number, source.frames)
                picture = frame.to_ndarray(format="rgb24")[:, ::-1].copy()
                out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            out.mux(stream.encode(None))
        while inputs.hold and not is_there("open"):
            work.step("holding", 0, 1)
            time.sleep(0.02)
        return Generated({"prompt": inputs.prompt}, (MadeFile(path, "video/mp4"),))


class Teller(Plain):
    """Tells and shows before its end, in ways that are right and wrong."""

    inputs = SayingInputs

    def generate(self, inputs: SayingInputs, work: Work) -> Generated:
        said: dict[str, Any] = {"frames": 21, "seconds": 4.5, "notes": ["ü"]}
        match inputs.say:
            case "plan" | "progress":
                work.tell(inputs.say, said)
            case "words":
                work.tell("In words", said)
            case "no object":
                work.tell("plan", [1])  # type: ignore[arg-type]  # what a careless model does
            case "no json":
                work.tell("plan", {"folder": work.folder, "at": object()})
            case "too long":
                work.tell("plan", {"words": "x" * 40_000})
            case "too often":
                for number in range(1000):
                    work.tell("plan", {"number": number})
        for number in range(inputs.shows):
            path = (work.folder.parent if inputs.outside else work.folder) / f"preview-{number % inputs.names}.png"
            path.write_bytes(a_picture(16 + 2 * number))
            work.show(MadeFile(path, "image/png"))
            path.write_bytes(b"not any more")
        while inputs.hold and not is_there("open"):
            work.step("holding", 0, 1)
            time.sleep(0.01)
        if inputs.fails:
            raise GreenroomError("no", mend="ask for something else")
        path = work.folder / "result.txt"
        path.write_text("made")
        return Generated({}, (MadeFile(path, "text/plain"),))


class Restorer(Plain):
    """Enlarges a video by repeating its pixels, in the stages of a real restoration, sound included."""

    inputs = RestoringInputs
    timeout_s = 7200.0

    def generate(self, inputs: RestoringInputs, work: Work) -> Generated:
        from tests.serve.restoring import restore

        return restore(inputs, work, Path(os.environ[MARKS], "open"))


def a_picture(width: int) -> bytes:
    """A grey PNG, half as high as it is wide."""
    rows = (b"\0" + b"\x80" * width) * (width // 2)

    def part(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    head = width.to_bytes(4, "big") + (width // 2).to_bytes(4, "big") + bytes((8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", zlib.compress(rows)) + part(b"IEND", b"")
