"""The nodes. Models and what they take come from the server; nothing of a model is written down here."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from .client import GreenroomFailed, Server, known_models
from .media import audio_of, images_of, mp4_of, png_of, video_of, wav_of

if TYPE_CHECKING:
    from collections.abc import Callable

_NO_MODEL = "the server's own"
# By what is sent: how a socket's value becomes a file of it.
_FILES: dict[str, tuple[Callable[[Any], bytes], str, str]] = {
    "audio": (wav_of, "input.wav", "audio/wav"),
    "image": (png_of, "input.png", "image/png"),
    "video": (mp4_of, "input.mp4", "video/mp4"),
}
_OPTIONS = "More inputs of the model, as a JSON object{}; the server's page at / lists them all."
_SERVER = "Address of the server; GREENROOM_SERVER, or http://127.0.0.1:7860, if empty."


class GreenroomNode(ABC):
    """What the nodes share.

    task: of the models that a node offers.  sockets: inputs that carry sound or pictures.  needed: those of them that
    must be connected.  widgets: more inputs, which go to models that have one of the name.  example: of options.
    """

    task: ClassVar[str]
    text: ClassVar[bool] = True
    sockets: ClassVar[dict[str, str]] = {}
    needed: ClassVar[frozenset[str]] = frozenset()
    widgets: ClassVar[dict[str, tuple[Any, ...]]] = {}
    example: ClassVar[str] = "{}"
    CATEGORY = "greenroom"
    FUNCTION = "run"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, dict[str, Any]]:  # noqa: N802 - ComfyUI's name
        """What ComfyUI draws."""
        models = [model["id"] for model in known_models() if model["task"] == cls.task]
        text = {"text": ("STRING", {"multiline": True, "default": ""})} if cls.text else {}
        needed = {name: (kind,) for name, kind in cls.sockets.items() if name in cls.needed}
        options = _OPTIONS.format("" if cls.example == "{}" else f" such as {cls.example}")
        return {
            "required": {
                "model": ([*models, _NO_MODEL],),
                **text,
                **needed,
                "seed": ("INT", {"default": 0, "min": 0, "max": 2**31 - 1}),
            },
            "optional": {
                **{name: (kind,) for name, kind in cls.sockets.items() if name not in cls.needed},
                **cls.widgets,
                "options": ("STRING", {"multiline": True, "default": "{}", "tooltip": options}),
                "server": ("STRING", {"default": "", "tooltip": _SERVER}),
            },
        }

    @classmethod
    def VALIDATE_INPUTS(  # noqa: N802 - ComfyUI's name
        cls, model: str | None = None, options: str | None = None
    ) -> bool | str:
        """A model that is not in the list may be another server's: whether it is there, that one says.

        None stands for what another node will give.
        """
        try:
            is_object = isinstance(json.loads(options or "{}"), dict)
        except ValueError:
            is_object = False
        if not is_object:
            return f"options must be a JSON object such as {cls.example}"
        return "model is empty" if model == "" else True

    def run(
        self, model: str, seed: int, text: str = "", options: str = "{}", server: str = "", **more: Any
    ) -> tuple[Any, ...]:
        """One job on the server; what it made, as the node's outputs."""
        from comfy.model_management import throw_exception_if_processing_interrupted
        from comfy.utils import ProgressBar

        asked = Server.of(server)
        chosen = self._chosen(asked, model)
        fields = chosen["inputs"]["properties"]
        given = {name: value for name, value in (("text", text), ("prompt", text), ("seed", seed)) if name in fields}
        if "format" in fields and "wav" in fields["format"].get("enum", ()):
            given["format"] = "wav"
        given |= {name: more[name] for name in self.widgets if more.get(name) and name in fields}
        media = {name: more[name] for name in self.sockets if more.get(name) is not None}
        inputs = {**given, **self._uploaded(asked, chosen, media), **json.loads(options or "{}")}
        bar = ProgressBar(100)
        job = asked.run(
            chosen["id"],
            inputs,
            lambda share: bar.update_absolute(round(share * 100), 100),
            throw_exception_if_processing_interrupted,
        )
        return self.outputs(asked, job, more)

    @abstractmethod
    def outputs(self, server: Server, job: dict[str, Any], given: dict[str, Any]) -> tuple[Any, ...]:
        """The files of a job as what the sockets carry. given: what the node was given beside its text."""

    def _chosen(self, server: Server, name: str) -> dict[str, Any]:
        models = [model for model in server.models() if model["task"] == self.task]
        found = next((model for model in models if name in (model["id"], _NO_MODEL)), None)
        if found is not None:
            return found
        if not models:
            raise GreenroomFailed(
                f"{server.address} serves no model for {self.task}; start one that does: greenroom models lists all"
            )
        served = ", ".join(model["id"] for model in models)
        raise GreenroomFailed(f"{server.address} serves no {name} for {self.task}; of this kind it serves {served}")

    def _uploaded(self, server: Server, model: dict[str, Any], media: dict[str, Any]) -> dict[str, str]:
        """Each socket's value, uploaded, by the model's name for a file of its format."""
        named: dict[str, str] = {}
        for socket, value in media.items():
            kinds = _kinds(self.sockets[socket], value)
            field, kind = _field(model, kinds, taken=named)
            make, file, media_type = _FILES[kind]
            named[field] = server.upload(file, make(value), media_type)
        return named


def _kinds(socket: str, value: Any) -> tuple[str, ...]:
    """What a socket's value may be sent as, the fittest first. Several pictures are a video, and so may one be."""
    if socket == "IMAGE":
        return ("image", "video") if len(value) == 1 else ("video", "image")
    return (socket.lower(),)


def _field(model: dict[str, Any], kinds: tuple[str, ...], taken: dict[str, str]) -> tuple[str, str]:
    """The model's name for a file that may be of these kinds, and which of them to send."""
    free = {name: schema for name, schema in model["inputs"]["properties"].items() if name not in taken}
    for kind in kinds:
        for name, schema in free.items():
            if kind in str(schema.get("format", "")).split("-or-"):
                return name, kind
    raise GreenroomFailed(f"{model['id']} takes no {' or '.join(kinds)}")


def _first(server: Server, job: dict[str, Any], kind: str) -> bytes | None:
    """The first file of a kind, such as ``audio/``."""
    found = next((made for made in job["artifacts"] if made["media_type"].startswith(kind)), None)
    return None if found is None else server.fetch(found)


def _needed(server: Server, job: dict[str, Any], kind: str) -> bytes:
    content = _first(server, job, kind)
    if content is None:
        raise GreenroomFailed(f"{job['model']} made no file of the kind {kind}*")
    return content


class Speak(GreenroomNode):
    """Text to speech, with captions."""

    DESCRIPTION = "Says a text with a voice of a greenroom server."
    task = "speech"
    sockets: ClassVar[dict[str, str]] = {"reference": "AUDIO"}
    example = '{"speed": 1.1}'
    RETURN_TYPES = ("AUDIO", "STRING")
    RETURN_NAMES = ("audio", "captions")

    def outputs(self, server: Server, job: dict[str, Any], given: dict[str, Any]) -> tuple[Any, ...]:
        """The sound, and its captions as text."""
        captions = _first(server, job, "text/") or b""
        return audio_of(_needed(server, job, "audio/")), captions.decode()


class Foley(GreenroomNode):
    """Sound for a silent video."""

    DESCRIPTION = "Makes the sound of a video, as the text describes it."
    task = "sound-for-video"
    sockets: ClassVar[dict[str, str]] = {"video": "VIDEO"}
    needed = frozenset({"video"})
    RETURN_TYPES = ("VIDEO", "AUDIO")
    RETURN_NAMES = ("video", "audio")

    def outputs(self, server: Server, job: dict[str, Any], given: dict[str, Any]) -> tuple[Any, ...]:
        """The video with its sound, and the sound alone."""
        video = _needed(server, job, "video/")
        return video_of(video), audio_of(_first(server, job, "audio/") or video)


class Restore(GreenroomNode):
    """A video or pictures, restored and enlarged."""

    DESCRIPTION = "Restores a video, pictures that are one, or a single picture."
    task = "video-restoration"
    text = False
    sockets: ClassVar[dict[str, str]] = {"video": "VIDEO", "images": "IMAGE"}
    widgets: ClassVar[dict[str, tuple[Any, ...]]] = {
        "height": ("INT", {"default": 0, "min": 0, "max": 16_384, "tooltip": "Of the result; 0 is the source's own."}),
        "frames": ("BOOLEAN", {"default": True, "tooltip": "All pictures as IMAGE; a long video has too many: off."}),
    }
    example = '{"colour": "lab"}'
    RETURN_TYPES = ("VIDEO", "IMAGE", "IMAGE")
    RETURN_NAMES = ("video", "images", "preview")

    def run(
        self, model: str, seed: int, text: str = "", options: str = "{}", server: str = "", **more: Any
    ) -> tuple[Any, ...]:
        """One restoration. Raises GreenroomFailed where there is nothing to restore, or two things."""
        if sum(more.get(socket) is not None for socket in self.sockets) != 1:
            raise GreenroomFailed("connect video or images, one of them")
        return super().run(model, seed, text, options, server, **more)

    def outputs(self, server: Server, job: dict[str, Any], given: dict[str, Any]) -> tuple[Any, ...]:
        """The video, its pictures, and before beside after. Of a picture there is no video."""
        shown = next((each for each in job["previews"] if each["media_type"].startswith("image/")), None)
        preview = None if shown is None else images_of(server.fetch(shown))
        content = server.fetch(job["artifacts"][0])
        if job["artifacts"][0]["media_type"].startswith("image/"):
            return None, images_of(content), preview
        return video_of(content), images_of(content, most=None if given.get("frames", True) else 1), preview


class Animate(GreenroomNode):
    """A person in a picture moves as the one in a video."""

    DESCRIPTION = "Lets the person of a picture move as the one of a video does."
    task = "person-animation"
    sockets: ClassVar[dict[str, str]] = {"image": "IMAGE", "motion": "VIDEO"}
    needed = frozenset({"image", "motion"})
    RETURN_TYPES = ("VIDEO", "IMAGE")
    RETURN_NAMES = ("video", "images")

    def outputs(self, server: Server, job: dict[str, Any], given: dict[str, Any]) -> tuple[Any, ...]:
        """The video, and its pictures."""
        video = _needed(server, job, "video/")
        return video_of(video), images_of(video)


NODE_CLASS_MAPPINGS = {
    "GreenroomSpeak": Speak,
    "GreenroomFoley": Foley,
    "GreenroomRestore": Restore,
    "GreenroomAnimate": Animate,
}
NODE_DISPLAY_NAME_MAPPINGS = {
    "GreenroomSpeak": "Speak (greenroom)",
    "GreenroomFoley": "Foley (greenroom)",
    "GreenroomRestore": "Restore (greenroom)",
    "GreenroomAnimate": "Animate (greenroom)",
}
