"""Frames to restored frames on one device: a shot encoded, restored in one step, decoded, brought back to its colours.

>>> engine = Engine.load(PUBLISHED["seedvr2-3b"], Files(transformer, vae, prompt), "cuda:0")
>>> shot = Shot(len(frames), Framing.whole(Size(720, 1280)), Seeded(666))
>>> for pixels in engine.restore(lambda start, stop: frames[start:stop], shot, way):
...     out.write(pixels, ...)

Frames are handed on while later ones are still decoded. Of a shot there is the latent in memory, and as much besides as
the way through the networks says (``Way``), however long the shot is. A picture is a shot of one frame.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from greenroom.errors import InputInvalid
from greenroom.models.landing import landed
from greenroom.models.seedvr2.architecture import FAMILY
from greenroom.models.seedvr2.colours.methods import FRAME_BY_FRAME, METHODS
from greenroom.models.seedvr2.frames.postprocess import to_whole
from greenroom.models.seedvr2.frames.preprocess import padded
from greenroom.models.seedvr2.frames.spans import joined, regrouped
from greenroom.models.seedvr2.nadit.checkpoint import load_transformer
from greenroom.models.seedvr2.nadit.embedding import load_embedding
from greenroom.models.seedvr2.nadit.sampling import Sampler
from greenroom.models.seedvr2.planning.costs import Networks, vae_bytes
from greenroom.models.seedvr2.planning.way import OVERLAP_OF_TILES, TOGETHER
from greenroom.models.seedvr2.vae.checkpoint import load_vae
from greenroom.models.seedvr2.vae.streaming import decoding, encoding
from greenroom.models.seedvr2.vae.tiling import Tiles, decoding_tiled, encode_tiled
from greenroom.models.seedvr2.vae.vae import posterior
from greenroom.nn.parking import Parking
from greenroom.nn.quantised import QuantisedLinear
from greenroom.progress import Step, silent
from greenroom.runtime.rooms import pinned, require_bfloat16, room_beside

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from greenroom.models.seedvr2.architecture import Architecture
    from greenroom.models.seedvr2.draws import Draws, Purpose
    from greenroom.models.seedvr2.engines import Files
    from greenroom.models.seedvr2.frames.framing import Framing
    from greenroom.models.seedvr2.nadit.transformer import NaDiT
    from greenroom.models.seedvr2.planning.way import Way
    from greenroom.models.seedvr2.vae.vae import VideoVAE
    from greenroom.runtime.rooms import Room

Pixels = NDArray[np.unsignedinteger[Any]]
"""A frame, (height, width, 3): uint8, or uint16 with white at 65 535."""

Read = Callable[[int, int], Iterable[NDArray[Any]]]
"""Frames as ``Pixels``, or real numbers with white at 1: those of a shot from one until before another.

Asked twice for each: to restore them, and for their colours, where the result has something of these.
"""

NO_COLOUR = "none"


@dataclass(frozen=True, slots=True)
class Shot:
    """What is to be made of a run of frames without a cut.

    frames: how many.  colour: one of ``METHODS``, or "none".  strength: how far the result goes from the resized
    source, 0, to what the networks made, 1.  wide: uint16 with white at 65 535 comes out, and not uint8.
    """

    frames: int
    framing: Framing
    draws: Draws
    colour: str = "wavelet"
    strength: float = 1.0
    wide: bool = False


class Engine:
    """Both networks and the prompt on one device. Used by one thread at a time.

    prompt: (length, text_in), encoded.
    """

    def __init__(self, transformer: NaDiT, vae: VideoVAE, prompt: Tensor) -> None:
        self._transformer = transformer
        self._vae = vae
        self._prompt = prompt
        self._sampler = Sampler(transformer, prompt)
        self._parking = Parking(transformer)
        self._weights: int = sum(weight.nbytes for weight in transformer.state_dict().values())

    @classmethod
    def load(cls, architecture: Architecture, files: Files, device: str = "cpu", *, small: bool = False) -> Self:
        """Load both networks: in bfloat16 on a GPU, in float32 elsewhere.

        small: weights that are stored in eight bits or less stay so. Raises WeightsUnreadable, WeightsUnfit,
        BFloat16Missing.
        """
        target = torch.device(device)
        if target.type == "cuda":
            require_bfloat16(device, FAMILY)
            torch.cuda.set_device(target)  # kernels of ours go to the process's own device, which is this one
        transformer = load_transformer(files.transformer, architecture, device=target, small=small)
        vae = load_vae(files.vae, device=target)
        return cls(transformer, vae, load_embedding(files.prompt, architecture, device=target))

    def networks(self, name: str) -> Networks:
        """What a plan counts on. name: of the model."""
        network, vae = self._transformer, self._vae
        return Networks(
            name,
            network.architecture,
            transformer=self._weights,
            vae=vae_bytes(vae.dtype.itemsize),
            text=len(self._prompt),
            itemsize=network.dtype.itemsize,
            config=vae.config,
            small=any(isinstance(module, QuantisedLinear) for module in network.modules()),
        )

    def room(self) -> Room:
        """What a plan may take: of the device and of the host, what this engine has there included."""
        return room_beside(str(self._vae.device), self._taken, self.held)

    @property
    def held(self) -> int:
        """Bytes of the host that stay taken between two clips, and that the next one takes again."""
        return max(self._parking.held, pinned())

    @property
    def _taken(self) -> int:
        """Bytes of both networks on their device, as a plan counts them."""
        return self._weights + vae_bytes(self._vae.dtype.itemsize)

    def restore(
        self, read: Read, shot: Shot, way: Way, step: Step = silent, *, first: int = 0
    ) -> Generator[Pixels, None, None]:
        """The restored frames, one after another, each as soon as it is there.

        first: the window of the way with whose first frame they begin. Where windows fade into each other, the one
        before is computed too, so that its frames are those of the whole shot.  All frames of a window are handed on
        before the next one is begun.

        Raises InputInvalid for frames that are not those of the shot, FramesNotFinite, what ``read`` raises and what
        ``step`` raises, which is called for every frame and every block.
        """
        spans = list(way.spans(shot.frames))
        begun = max(0, first - 1) if way.overlap else first
        windows = [(stop - start, self._window(read, shot, way, (start, stop), step)) for start, stop in spans[begun:]]
        for number, pieces in enumerate(joined(windows, way.overlap), begun):
            if number < first:
                for _ in pieces:
                    pass
            else:
                yield from self.finished(pieces, shot)

    def _window(self, read: Read, shot: Shot, way: Way, span: tuple[int, int], step: Step) -> Iterator[Tensor]:
        """The frames of one window, float32 in about -1..1, in pieces."""
        latent = self.encode(read, shot, way, span, step)
        restored = self.sample(latent, shot, way, span[0], step)
        del latent
        yield from self.decode(restored, read, shot, way, span, step)

    @torch.inference_mode()
    def encode(self, read: Read, shot: Shot, way: Way, span: tuple[int, int], step: Step = silent) -> Tensor:
        """The latent of a window: float32 (time, height / 8, width / 8, channels), on the device."""
        self._park(way)
        if way.tile is None:
            pieces = self._moments(read, shot, way, span, step)
        else:
            pieces = self._moments_tiled(read, shot, way, span, step)
        parts: list[Tensor] = []
        config = self._vae.config
        for moments in pieces:
            first = span[0] + config.time * sum(map(len, parts))
            drawn = self._drawn(shot, "posterior", first, (*moments.shape[:3], config.latent))
            parts.append(posterior(moments.float(), config, drawn))
        return torch.cat(parts)

    @torch.inference_mode()
    def sample(self, latent: Tensor, shot: Shot, way: Way, first: int = 0, step: Step = silent) -> Tensor:
        """The latent of the restored frames. latent: from ``encode``.  first: frame of the shot at which it begins."""
        frames, height, width, channels = latent.shape
        noise = self._drawn(shot, "noise", first, (frames, height, width, channels))
        layers = len(self._transformer.layers)
        return self._sampled(latent, noise, way, lambda layer: step("restoring", layer, layers))

    @torch.inference_mode()
    def decode(
        self, latent: Tensor, read: Read, shot: Shot, way: Way, span: tuple[int, int], step: Step = silent
    ) -> Iterator[Tensor]:
        """The frames of a restored latent, float32 (frames, height, width, 3) in about -1..1, in pieces."""
        config = self._vae.config
        if way.tile is None:
            pieces = self._frames(latent / config.scale, shot, way)
        else:
            pieces = self._joined(latent / config.scale, shot, way, lambda _: step("decoding", span[0], shot.frames))
        contents = self._content(pieces, shot, span, step)
        if shot.colour == NO_COLOUR and shot.strength == 1:  # nothing of the source is in it
            yield from contents
            return
        source = self._source(read, shot, span)
        for content in contents:
            style = torch.cat([next(source) for _ in content])
            yield _coloured(content, style, shot)

    def _moments(self, read: Read, shot: Shot, way: Way, span: tuple[int, int], step: Step) -> Iterator[Tensor]:
        """Of whole frames of a window, a slice at a time."""
        return encoding(self._vae, self._inner(read, shot, span, step), way.encode)

    def _moments_tiled(self, read: Read, shot: Shot, way: Way, span: tuple[int, int], step: Step) -> Iterator[Tensor]:
        """The same in squares, which takes all frames at once: they are on the host."""
        inner = shot.framing.inner
        count = len(padded(span[1] - span[0]))
        whole = torch.empty(count, inner.height, inner.width, 3, dtype=self._vae.dtype)
        for place, frame in enumerate(self._inner(read, shot, span, step)):
            whole[place : place + 1] = frame  # one too many goes nowhere, and is refused behind the last
        with _stepping([self._vae.encoder.mid_block], lambda _: step("encoding", span[1], shot.frames)):
            moments = encode_tiled(self._vae, whole, _tiles(way), way.encode)
        yield from torch.split(moments, way.encode.latents)

    def _drawn(self, shot: Shot, purpose: Purpose, first: int, shape: tuple[int, int, int, int]) -> Tensor:
        """Normal numbers on the device. They come a latent frame at a time, so that the host never has all of them."""
        drawn = torch.empty(shape, device=self._vae.device)
        for place, frame in enumerate(drawn):
            of_frame = shot.draws.normal(purpose, first + self._vae.config.time * place, (1, *shape[1:]))
            frame.copy_(_sent(of_frame[0].numpy(), drawn.device))
        return drawn

    def _sampled(self, latent: Tensor, noise: Tensor, way: Way, told: Callable[[int], None]) -> Tensor:
        """The latent of the restored frames. told: called with a block's number before it runs."""
        self._parking.come_back()
        with _stepping(self._transformer.layers, told):
            restored = self._sampler.restore(latent, noise, way.work)
        self._park(way)
        return restored

    def _frames(self, latent: Tensor, shot: Shot, way: Way) -> Iterator[Tensor]:
        """What a latent, not scaled for the transformer, is decoded to as a whole, in pieces."""
        return decoding(self._vae, latent, way.decode)

    def _joined(self, latent: Tensor, shot: Shot, way: Way, told: Callable[[int], None]) -> Iterator[Tensor]:
        """The same in squares. told: called before each of them, again and again."""
        with _stepping([self._vae.decoder.mid_block], told):
            yield from decoding_tiled(self._vae, latent, _tiles(way), way.decode)

    def finished(self, pieces: Iterable[Tensor], shot: Shot) -> Iterator[Pixels]:
        """Frames of ``decode`` as files take them, on the host, one by one. Raises FramesNotFinite."""
        white = 65_535 if shot.wide else 255
        return landed((to_whole(piece, white=white), piece.isfinite().all()) for piece in pieces)

    def _content(self, pieces: Iterator[Tensor], shot: Shot, span: tuple[int, int], step: Step) -> Iterator[Tensor]:
        """Decoded frames in the groups in which their colours are matched, without those that only filled up."""
        cut = _first(_reported(pieces, span, shot.frames, step), span[1] - span[0])
        framed = (shot.framing.emptied(piece).float() for piece in cut)
        return framed if shot.colour in FRAME_BY_FRAME or shot.colour == NO_COLOUR else regrouped(framed, TOGETHER)

    def _inner(self, read: Read, shot: Shot, span: tuple[int, int], step: Step) -> Iterator[Tensor]:
        """The frames that the encoder takes, one by one, the last one repeated to 4n + 1."""
        count = span[1] - span[0]
        frame: Tensor | None = None
        for place, source in enumerate(self._source(read, shot, span)):
            step("encoding", span[0] + place, shot.frames)
            frame = shot.framing.filled(source).to(self._vae.dtype)
            yield frame
        if frame is not None:
            yield from [frame] * (len(padded(count)) - count)

    def _source(self, read: Read, shot: Shot, span: tuple[int, int]) -> Iterator[Tensor]:
        """The resized frames of the source, one by one: float32 (1, height, width, 3) in -1..1, on the device."""
        for pixels in checked(read, span):
            yield resized(pixels, shot.framing, self._vae.device)

    def _park(self, way: Way) -> None:
        """Have the transformer's weights where they are while the autoencoder works."""
        if way.parked:
            self._parking.leave()
        else:
            self._parking.stay()


def checked(read: Read, span: tuple[int, int]) -> Iterator[NDArray[Any]]:
    """The frames of a span, as they are read. Raises InputInvalid for what is no frame, and for too few or many."""
    count = 0
    for pixels in read(*span):
        if pixels.ndim != 3 or pixels.shape[2] != 3:
            raise InputInvalid(
                f"a frame has the shape {list(pixels.shape)}", mend="give height, width and red, green and blue"
            )
        yield pixels
        count += 1
    if count != span[1] - span[0]:
        raise InputInvalid(
            f"{count} frames came of {span[1] - span[0]} from {span[0]} on", mend="give all frames of the shot"
        )


def resized(pixels: NDArray[Any], framing: Framing, device: torch.device) -> Tensor:
    """A frame in the size that is wanted: float32 (1, height, width, 3) in -1..1, on the device."""
    white = float(np.iinfo(pixels.dtype).max) if np.issubdtype(pixels.dtype, np.integer) else 1.0
    return framing.source(_sent(np.ascontiguousarray(pixels), device)[None], white)


def _sent(pixels: NDArray[Any], device: torch.device) -> Tensor:
    """A frame on the device. From ordinary memory a GPU would first finish all that it was told, and the host wait."""
    frame = torch.from_numpy(pixels)
    return frame.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else frame.to(device)


def _coloured(content: Tensor, style: Tensor, shot: Shot) -> Tensor:
    """Restored frames with the colours of the source, and as much of the source as the strength leaves."""
    made = content
    if shot.colour != NO_COLOUR:
        planes = METHODS[shot.colour](content.permute(0, 3, 1, 2), style.permute(0, 3, 1, 2))
        made = planes.permute(0, 2, 3, 1)
    return made if shot.strength == 1 else torch.lerp(style, made, shot.strength)


def _reported(pieces: Iterator[Tensor], span: tuple[int, int], frames: int, step: Step) -> Iterator[Tensor]:
    place = span[0]
    for piece in pieces:
        step("decoding", place, frames)
        yield piece
        place += len(piece)


def _first(pieces: Iterator[Tensor], count: int) -> Iterator[Tensor]:
    """So many frames, and nothing asked for behind them."""
    for piece in pieces:
        yield piece[:count]
        count -= len(piece)
        if count <= 0:
            return


@contextmanager
def _stepping(modules: Sequence[nn.Module], told: Callable[[int], None]) -> Iterator[None]:
    """Have ``told`` called with a module's number before each of its runs: what it raises ends the work."""

    def before(number: int) -> Callable[[nn.Module, object], None]:
        def tell(_module: nn.Module, _given: object) -> None:
            told(number)

        return tell

    hooks = [module.register_forward_pre_hook(before(number)) for number, module in enumerate(modules)]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _tiles(way: Way) -> Tiles:
    return Tiles(way.tile or 0, OVERLAP_OF_TILES)
