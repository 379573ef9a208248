"""Between ComfyUI's AUDIO, IMAGE and VIDEO and the files of a server. ComfyUI brings PyAV and torch."""

from __future__ import annotations

import io
import itertools
import wave
from fractions import Fraction
from typing import Any

import av
import torch

_FULL_SCALE = 32_767
_FRAME_RATE = Fraction(25)


def wav_of(audio: dict[str, Any]) -> bytes:
    """AUDIO, ``{"waveform": [batch, channels, samples], "sample_rate"}``, as a WAV file of 16 bits; its first sound."""
    waveform = audio["waveform"][0].detach().cpu().float()
    samples = (waveform.clamp(-1, 1) * _FULL_SCALE).round().to(torch.int16)
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(samples.shape[0])
        out.setsampwidth(2)
        out.setframerate(int(audio["sample_rate"]))
        out.writeframes(samples.T.contiguous().numpy().tobytes())
    return file.getvalue()


def audio_of(content: bytes) -> dict[str, Any]:
    """AUDIO from any file with sound."""
    with av.open(io.BytesIO(content), "r") as container:
        stream = container.streams.audio[0]
        resampler = av.AudioResampler(format="fltp", layout=stream.layout, rate=stream.rate)
        parts = [
            torch.from_numpy(done.to_ndarray().copy())
            for frame in (*container.decode(stream), None)
            for done in resampler.resample(frame)
        ]
        rate = int(stream.rate)
    return {"waveform": torch.cat(parts, dim=1).unsqueeze(0), "sample_rate": rate}


def png_of(image: torch.Tensor) -> bytes:
    """The first picture of IMAGE, [batch, height, width, 3] from 0 to 1."""
    file = io.BytesIO()
    with av.open(file, "w", format="image2pipe") as container:
        pixels = _pixels(image[:1])[0]
        stream = container.add_stream("png", rate=1)
        stream.height, stream.width, stream.pix_fmt = pixels.shape[0], pixels.shape[1], "rgb24"
        container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels.numpy(), format="rgb24")))
        container.mux(stream.encode(None))
    return file.getvalue()


def mp4_of(video: Any) -> bytes:
    """VIDEO as a file, or the pictures of IMAGE one after another."""
    file = io.BytesIO()
    if hasattr(video, "save_to"):
        video.save_to(file)
        return file.getvalue()
    with av.open(file, "w", format="mp4") as container:
        frames = _pixels(video)
        stream = container.add_stream("libx264", rate=_FRAME_RATE, options={"crf": "12"})
        # The codec takes even sizes.
        stream.height, stream.width = frames.shape[1] // 2 * 2, frames.shape[2] // 2 * 2
        stream.pix_fmt = "yuv420p"
        for pixels in frames[:, : stream.height, : stream.width]:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels.contiguous().numpy(), format="rgb24")))
        container.mux(stream.encode(None))
    return file.getvalue()


def images_of(content: bytes, most: int | None = None) -> torch.Tensor:
    """IMAGE from a picture, or from the pictures of a video. most: so many of them, the first; None is all."""
    with av.open(io.BytesIO(content), "r") as container:
        chosen = itertools.islice(container.decode(video=0), most)
        frames = [torch.from_numpy(frame.to_ndarray(format="rgb24")) for frame in chosen]
    return torch.stack(frames).float() / 255


def video_of(content: bytes) -> Any:
    """VIDEO as ComfyUI has it."""
    from comfy_api.input_impl import VideoFromFile

    return VideoFromFile(io.BytesIO(content))


def _pixels(image: torch.Tensor) -> torch.Tensor:
    return (image.detach().cpu().float().clamp(0, 1) * 255).round().to(torch.uint8)[..., :3]
