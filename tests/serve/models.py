"""Models that do little, or do it badly: what workers, jobs and routes are tried with.

A worker imports them as ``tests.serve.models:Name``, so its PYTHONPATH holds the root of the repository.
"""

from __future__ import annotations

import errno
import logging
import os
import signal
import sys
import threading
import time
import zlib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from greenroom.errors import Cancelled, GreenroomError
from greenroom.inputs import Input, Inputs
from greenroom.models.model import Generated, MadeFile, Model, Work
from greenroom.recipes.inputs.seedvr2 import RestoreFileInputs

# Names a folder where Crasher, Flaky and BadLoad count their attempts, which outlive the process, and where tests make
# marks that others wait for.
MARKS = "GREENROOM_TEST_MARKS"
MB = 1_000_000


class NoInputs(Inputs):
    """Nothing is asked."""


class TextInputs(Inputs):
    """A text to give back."""

    text: Annotated[str, Input("What to give back.")] = ""


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


class TimesInputs(Inputs):
    """Work that fails first."""

    times: Annotated[int, Input("How many attempts fail.", ge=0)] = 1


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


class PartsInputs(Inputs):
    """Work in parts, each of which outlives the process that did it."""

    parts: Annotated[int, Input("How many.", ge=1)] = 4
    part_s: Annotated[float, Input("How long each takes.", ge=0, unit="s")] = 0.02
    waits_at: Annotated[int | None, Input("Wait for the mark behind so many parts.", ge=0)] = None
    dies_at: Annotated[int | None, Input("The first attempt kills its process behind so many parts.", ge=0)] = None
    fails_at: Annotated[int | None, Input("The first attempt fails behind so many, and may be tried again.", ge=0)] = (
        None
    )
    dies_always_at: Annotated[int | None, Input("Every attempt kills its process behind so many parts.", ge=0)] = None
    short_at: Annotated[int | None, Input("Runs out of memory behind so many, unless planned small.", ge=0)] = None


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


Then = Literal["finish", "hold", "sleep", "stream", "speak", "shrink", "fail", "lose", "die"]


class PartyInputs(Inputs):
    """Who is to be there, and what to do then."""

    guests: Annotated[int, Input("How many must be inside at once.", ge=1)] = 1
    patience_s: Annotated[float, Input("How long to wait for them.", ge=0, unit="s")] = 60.0
    then: Annotated[Then, Input("What to do when they are there.")] = "finish"
    label: Annotated[str, Input("Comes back with the result.")] = ""


class TryAgain(GreenroomError):
    """A failure that another attempt may not meet."""

    code = "try-again"
    retryable = True


class _Plain(Model):
    """Loads at once and keeps nothing."""

    @classmethod
    def load(cls, device: str) -> Self:
        return cls()


class Noop(_Plain):
    """Gives its inputs back."""

    inputs = TextInputs

    def generate(self, inputs: TextInputs, work: Work) -> Generated:
        return Generated({"echo": inputs.model_dump()})


class Choosy(_Plain):
    """Takes an input of every kind, and gives them back."""

    inputs = AllInputs

    def generate(self, inputs: AllInputs, work: Work) -> Generated:
        return Generated(inputs.model_dump())


class NoopFile(_Plain):
    """Writes a file of zeros."""

    inputs = SizeInputs

    def generate(self, inputs: SizeInputs, work: Work) -> Generated:
        path = work.folder / "zeros.bin"
        path.write_bytes(bytes(inputs.size))
        return Generated({"size": inputs.size}, (MadeFile(path, "application/octet-stream"),))


class Sleeper(_Plain):
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


class Stubborn(_Plain):
    """Never looks whether it should stop."""

    inputs = SecondsInputs

    def generate(self, inputs: SecondsInputs, work: Work) -> Generated:
        work.step("deaf", 0, 1)
        time.sleep(inputs.seconds)
        return Generated({"pid": os.getpid()})


class Crasher(_Plain):
    """Kills its own process for the first attempts."""

    inputs = TimesInputs

    def generate(self, inputs: TimesInputs, work: Work) -> Generated:
        attempt = count("crasher")
        if attempt <= inputs.times:
            os.kill(os.getpid(), signal.SIGKILL)
        return Generated({"attempt": attempt})


class OutOfMem(_Plain):
    """Fits only by its smaller plan."""

    inputs = NoInputs
    has_smaller_plan = True

    def generate(self, inputs: NoInputs, work: Work) -> Generated:
        if not work.small:
            (work.folder / "half.bin").write_bytes(b"half")
            raise MemoryError
        return Generated({"small": True, "left": sorted(path.name for path in work.folder.iterdir())})


class TooLarge(_Plain):
    """Never fits."""

    inputs = NoInputs
    memory = 5 * MB

    def generate(self, inputs: NoInputs, work: Work) -> Generated:
        raise MemoryError


class Flaky(_Plain):
    """Fails in a way that another attempt may not meet, for the first attempts."""

    inputs = TimesInputs

    def generate(self, inputs: TimesInputs, work: Work) -> Generated:
        attempt = count("flaky")
        if attempt <= inputs.times:
            raise TryAgain(f"attempt {attempt} failed", mend="try again")
        return Generated({"attempt": attempt})


class Broken(_Plain):
    """Meets a mistake of its own, whose words hold a path."""

    inputs = TextInputs

    def generate(self, inputs: TextInputs, work: Work) -> Generated:
        raise ValueError(f"/secret/place {inputs.text}")


class Unruly(_Plain):
    """Does what no model may do: ``object``, ``outside`` or ``exit``."""

    inputs = TextInputs

    def generate(self, inputs: TextInputs, work: Work) -> Generated:
        if inputs.text == "exit":
            sys.exit(3)
        if inputs.text == "object":
            return Generated({"made": object()})
        outside = work.folder.parent / "outside.txt"
        outside.write_text("not here")
        return Generated({}, (MadeFile(outside, "text/plain"),))


class StickyCuda(_Plain):
    """Loses its device, as torch says it."""

    inputs = NoInputs

    def generate(self, inputs: NoInputs, work: Work) -> Generated:
        raise RuntimeError("CUDA error: an illegal memory access was encountered")


class Streamer(_Plain):
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


class Speaker(_Plain):
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


class Party(_Plain):
    """Does four requests at once: each waits until so many are inside, then does its own."""

    inputs = PartyInputs
    concurrency = 4
    streams = True
    has_smaller_plan = True

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside: list[_Guest] = []

    def generate(self, inputs: PartyInputs, work: Work) -> Generated:
        guest = _Guest()
        with self._changed:
            self._inside.append(guest)
            for each in self._inside:
                each.met = max(each.met, len(self._inside))
            self._changed.notify_all()
        try:
            if not work.small:
                self._meet(guest, inputs, work)
            self._do(inputs, work)
        finally:
            with self._changed:
                self._inside.remove(guest)
        path = work.folder / "label.txt"
        path.write_text(inputs.label)
        output = {"label": inputs.label, "met": guest.met, "small": work.small, "pid": os.getpid()}
        return Generated({**output, "thread": threading.get_ident()}, (MadeFile(path, "text/plain"),))

    def _meet(self, guest: _Guest, inputs: PartyInputs, work: Work) -> None:
        until = time.monotonic() + inputs.patience_s
        while guest.met < inputs.guests and time.monotonic() < until:
            work.step("arriving", guest.met, inputs.guests)
            with self._changed:
                self._changed.wait(0.01)
        work.step("together", guest.met, inputs.guests)

    def _do(self, inputs: PartyInputs, work: Work) -> None:
        match inputs.then:
            case "hold":
                while not is_there("open"):
                    work.step("holding", 0, 1)
                    time.sleep(0.01)
            case "sleep":
                time.sleep(600)
            case "stream" if work.hand_on:
                for place in range(200):
                    work.hand_on(f"{inputs.label}-{place} ".encode() * 1000)
            case "speak":
                for place in range(20):
                    print(inputs.label, end=f" {place}\n")
                    logging.getLogger("party").warning("%s %d", inputs.label, place)
                print(inputs.label, end=" leaves")
            case "shrink" if not work.small:
                raise MemoryError
            case "fail":
                raise ValueError(inputs.label)
            case "lose":
                raise RuntimeError("CUDA error: an illegal memory access was encountered")
            case "die":
                os.kill(os.getpid(), signal.SIGKILL)


class _Guest:
    """One who is inside. met: the most who were there at once, itself included."""

    met = 0


class HeavyParty(Party):
    """Takes 60 MB of its device, and can sleep."""

    memory = 60 * MB
    sleeps = True

    def sleep(self) -> None:
        if self._inside:
            raise AssertionError("sent to sleep at work")

    def wake(self) -> None:
        pass


class Chatty(_Plain):
    """Prints, logs and writes past Python."""

    inputs = TextInputs

    def generate(self, inputs: TextInputs, work: Work) -> Generated:
        print(f"printed {inputs.text}")
        print(f"complained {inputs.text}", file=sys.stderr)
        logging.getLogger("chatty").warning("logged %s", inputs.text)
        os.write(1, f"wrote {inputs.text}\n".encode())
        return Generated({"said": inputs.text})


class BadLoad(_Plain):
    """Does not load before its weights are there: a file among the marks."""

    inputs = NoInputs

    @classmethod
    def load(cls, device: str) -> Self:
        if not Path(os.environ.get(MARKS, os.devnull), "weights").exists():
            raise GreenroomError("the weights are not there", mend="greenroom weights pull")
        return cls()

    def generate(self, inputs: NoInputs, work: Work) -> Generated:
        return Generated({})


class Quitter(_Plain):
    """Stops without being told to."""

    inputs = NoInputs

    def generate(self, inputs: NoInputs, work: Work) -> Generated:
        raise Cancelled


class DiesLoading(_Plain):
    """Kills its own process while it loads."""

    inputs = NoInputs

    @classmethod
    def load(cls, device: str) -> Self:
        os.kill(os.getpid(), signal.SIGKILL)
        return cls()

    def generate(self, inputs: NoInputs, work: Work) -> Generated:
        raise AssertionError("it never loaded")


class SlowLoad(_Plain):
    """Loads once the mark ``loads`` is there, and is warm once ``warms`` is."""

    inputs = NoInputs

    @classmethod
    def load(cls, device: str) -> Self:
        wait_for("loads")
        return cls()

    def warm_up(self, work: Work) -> None:
        wait_for("warms")

    def generate(self, inputs: NoInputs, work: Work) -> Generated:
        return Generated({})


class Gated(_Plain):
    """Loads once it is let: a file among the marks."""

    inputs = NoInputs

    @classmethod
    def load(cls, device: str) -> Self:
        wait_for("open")
        return cls()

    def generate(self, inputs: NoInputs, work: Work) -> Generated:
        return Generated({})


class TakesMedia(_Plain):
    """Reads the recording that it is given."""

    inputs = MediaInputs

    def generate(self, inputs: MediaInputs, work: Work) -> Generated:
        path = Path(inputs.sound)
        return Generated({"size": len(path.read_bytes()), "name": path.name})


class Mirror(_Plain):
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


class Keeper(_Plain):
    """Goes on where an earlier attempt ended; says what it found and what it did."""

    inputs = PartsInputs
    has_smaller_plan = True

    def generate(self, inputs: PartsInputs, work: Work) -> Generated:
        if work.kept is None:
            return Generated({"kept": False})
        found = sorted(path.name for path in work.kept.iterdir() if path.suffix == ".part")
        first = count("keeper") == 1
        done = []
        for place in range(inputs.parts):
            work.step("working", place, inputs.parts)
            while place == inputs.waits_at and not is_there("open"):
                work.step("waiting", place, inputs.parts)
                time.sleep(0.01)
            if first and place == inputs.dies_at:
                os.kill(os.getpid(), signal.SIGKILL)
            if place == inputs.dies_always_at:
                os.kill(os.getpid(), signal.SIGKILL)
            if first and place == inputs.fails_at:
                raise TryAgain("it did not work", mend="try again")
            if place == inputs.short_at and not work.small:
                raise MemoryError
            if f"{place}.part" not in found:
                time.sleep(inputs.part_s)
                (work.kept / f"{place}.half").write_text("done")
                (work.kept / f"{place}.half").rename(work.kept / f"{place}.part")
                done.append(f"{place}.part")
        return Generated({"found": found, "done": done, "small": work.small})


class Elsewhere(_Plain):
    """Is not to blame for its first attempts, whose words name a place of the machine."""

    inputs = TimesInputs

    def generate(self, inputs: TimesInputs, work: Work) -> Generated:
        if count("elsewhere") <= inputs.times:
            error = TryAgain(f"'{work.folder}/lock' is held by another", mend=f"wait for {work.folder}/lock")
            error.blameless = True
            raise error
        return Generated({})


class Mute(_Plain):
    """Says a step, and at its first attempt nothing more. silent_s: longer than a busy machine stands still."""

    inputs = NoInputs
    silent_s = 3.0

    def generate(self, inputs: NoInputs, work: Work) -> Generated:
        work.step("talking", 0, 1)
        if count("mute") == 1:
            time.sleep(600)
        return Generated({})


class DiskFull(_Plain):
    """Meets a disk without room, as the system says it."""

    inputs = NoInputs

    def generate(self, inputs: NoInputs, work: Work) -> Generated:
        raise OSError(errno.ENOSPC, "No space left on device", str(work.folder / "result.bin"))


class Teller(_Plain):
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


class Restorer(_Plain):
    """Enlarges a video by repeating its pixels, in the stages of a real restoration, sound included."""

    inputs = RestoringInputs
    timeout_s = 7200.0

    def generate(self, inputs: RestoringInputs, work: Work) -> Generated:
        from tests.serve.restoring import restore

        return restore(inputs, work, Path(os.environ[MARKS], "open"))


class _Weighty(_Plain):
    """Counts how often it loads, sleeps and wakes."""

    inputs = TextInputs
    sleeps = True

    def __init__(self) -> None:
        self.asleep = False
        self.woken = 0

    def generate(self, inputs: TextInputs, work: Work) -> Generated:
        if self.asleep:
            raise AssertionError("asked while asleep")
        return Generated({"woken": self.woken, "text": inputs.text})

    def sleep(self) -> None:
        self.asleep = True

    def wake(self) -> None:
        self.asleep = False
        self.woken += 1


class Heavy(_Weighty):
    """Takes 60 MB of its device."""

    memory = 60 * MB


class Light(_Weighty):
    """Takes 30 MB of its device."""

    memory = 30 * MB


class Sleepless(_Weighty):
    """Takes 40 MB of its device, and does not wake."""

    memory = 40 * MB

    def wake(self) -> None:
        raise RuntimeError("no")


class Middling(_Weighty):
    """Takes 40 MB of its device, and cannot sleep."""

    memory = 40 * MB
    sleeps = False


def a_picture(width: int) -> bytes:
    """A grey PNG, half as high as it is wide."""
    rows = (b"\0" + b"\x80" * width) * (width // 2)

    def part(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    head = width.to_bytes(4, "big") + (width // 2).to_bytes(4, "big") + bytes((8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", zlib.compress(rows)) + part(b"IEND", b"")


def is_there(mark: str) -> bool:
    """Whether a test has made a mark."""
    return Path(os.environ[MARKS], mark).exists()


def wait_for(mark: str) -> None:
    """Wait for a mark, deaf to all else."""
    while not is_there(mark):
        time.sleep(0.01)


def count(name: str) -> int:
    """Which attempt this is, from 1, over all processes of a test."""
    marks = Path(os.environ[MARKS])
    number = sum(1 for path in marks.iterdir() if path.name.startswith(f"{name}-")) + 1
    (marks / f"{name}-{number}").touch()
    return number
