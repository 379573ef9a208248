"""Latents of a sound from features: a denoiser along its schedule, on a GPU as one graph a step.

Samples, and windows of a long clip, go on together, as many rows at once as are asked for: the weights are read, and on
a GPU a graph is started, once for all of them.
"""

from __future__ import annotations

import weakref
from collections import Counter, OrderedDict
from dataclasses import dataclass
from functools import partial
from math import ceil
from typing import TYPE_CHECKING

import torch

from greenroom.models.foley.mmdit.blending import Blend
from greenroom.models.foley.mmdit.course import Course
from greenroom.models.foley.mmdit.denoising import Denoising
from greenroom.models.foley.mmdit.fixed import conditions, fix, stacked
from greenroom.models.foley.mmdit.limits import KEPT, KEPT_OF_A_CLIP, TEXT_ROOM
from greenroom.models.foley.mmdit.schedule import sigmas
from greenroom.models.foley.mmdit.windows import evenly
from greenroom.progress import Step, silent
from greenroom.runtime.abreast import Abreast
from greenroom.runtime.graphs import Pool, Recorded

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from torch import Tensor

    from greenroom.models.foley.mmdit.blending import Row
    from greenroom.models.foley.mmdit.fixed import Features, Fixed
    from greenroom.models.foley.mmdit.transformer import MMDiT
    from greenroom.models.foley.mmdit.windows import Window
    from greenroom.nn.streaming import Streaming

_TOGETHER = 6  # rows of each condition


class _Prepared:
    """A request, and its step as a graph; None where graphs are off.

    streaming: of the blocks, whose weights lie where they did when it was recorded.
    """

    def __init__(self, denoising: Denoising, graph: Recorded[None] | None, held: Fixed, streaming: Streaming) -> None:
        self.denoising = denoising
        self._graph = graph
        self._held = weakref.ref(held)
        self._streaming = streaming
        self._generation = streaming.generation

    @property
    def holds(self) -> bool:
        """Whether weights are still read from the same memory."""
        return self._generation == self._streaming.generation

    def hold(self, fixed: Fixed) -> None:
        """Have the memory of its graph be a request's, of its shapes. Nothing is copied if it is already."""
        if self._held() is not fixed:
            self.denoising.fixed.take(fixed)
            self._held = weakref.ref(fixed)

    def advance(self) -> None:
        """Go a step, kernel by kernel where the graph does not hold any more."""
        if self._graph is None or not self.holds:
            self.denoising.advance()
        else:
            self._streaming.ready()
            self._graph.replay()


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A window of a clip. features: of the clip, those that fall into it, and of its section's texts."""

    window: Window
    features: Features


@dataclass(frozen=True, slots=True, eq=False)
class _Group:
    """Rows that go on together. copy: which of the graphs of its shapes is its own."""

    rows: Sequence[Row]
    fixed: Fixed
    copy: int = 0


class Sampler:
    """Denoises one request after another, for one thread at a time.

    graphs: steps are recorded, which is for CUDA alone; None for where the network is there. While blocks are streamed,
    a graph has their copies too.
    """

    def __init__(self, network: MMDiT, *, graphs: bool | None = None) -> None:
        self._network = network
        self._course = Course(network)
        self._pool = Pool() if (network.device.type == "cuda" if graphs is None else graphs) else None
        self._prepared: OrderedDict[Hashable, _Prepared] = OrderedDict()

    @torch.inference_mode()
    def sample(
        self,
        features: Features,
        noise: Tensor,
        *,
        steps: int = 50,
        guidance: float = 4.5,
        step: Step = silent,
        together: int = _TOGETHER,
    ) -> Tensor:
        """Latents: float32, as the noise is, on the device.

        noise: (samples, channels, length).  guidance: 1 or less for none.  step: told before and behind each step.
        together: samples that are denoised at once, at most. Raises InputInvalid.
        """
        given, samples = conditions(self._network, features, guidance), len(noise)
        room = _room([features]) if self._pool is not None else 0
        self._course.set(sigmas(steps))
        step("sampling", 0, steps)
        made: list[Tensor] = []
        abreast = Abreast(self._network.device)
        fixed: Fixed | None = None
        done = 0
        for own in torch.split(noise, evenly(samples, together)):
            if fixed is None or fixed.samples != len(own):
                fixed = fix(self._network, given, len(own), noise.shape[2], room, heard=fixed)
            prepared = self._prepare(fixed)
            prepared.denoising.begin(own, guidance)
            self._course.rewind()
            for behind in range(1, steps + 1):
                prepared.advance()
                abreast.started()
                step("sampling", (done * steps + len(own) * behind) / samples, steps)
            done += len(own)
            made.append(prepared.denoising.latents.clone())
        return torch.cat(made)

    @torch.inference_mode()
    def sample_parts(
        self,
        parts: Sequence[Part],
        noise: Tensor,
        *,
        steps: int = 50,
        guidance: float = 4.5,
        step: Step = silent,
        together: int = _TOGETHER,
    ) -> Tensor:
        """Latents of a clip in parts that overlap, as ``sample`` gives them; each step is one of the whole clip.

        parts: together all latents of the noise.  together: windows of samples that are denoised at once, at most.
        Raises InputInvalid.
        """
        self._course.set(sigmas(steps))
        groups = self._groups(parts, len(noise), guidance, together)
        blend = Blend([part.window for part in parts], [own.rows for own in groups], noise, self._network.device)
        graphs = len({(own.fixed.shapes, own.copy) for own in groups})
        if graphs > KEPT_OF_A_CLIP:
            self._keep(KEPT)
            prepared = [self._unrecorded(own.fixed) for own in groups]
        else:
            prepared = [self._prepare(own.fixed, own.copy, graphs) for own in groups]
        step("sampling", 0, steps)
        rows, abreast = len(parts) * len(noise), Abreast(self._network.device)
        for done in range(steps):
            behind = 0
            for place, (group, own) in enumerate(zip(groups, prepared, strict=True)):
                own.hold(group.fixed)
                own.denoising.begin(blend.rows(place), guidance)
                self._course.rewind(done)
                own.advance()
                blend.put(place, own.denoising.latents)
                abreast.started()
                behind += len(group.rows)
                step("sampling", done + behind / rows, steps)
            blend.blend()
        return blend.state()

    def forget(self) -> None:
        """Give back the memory of all graphs; they are recorded again when they are needed."""
        self._prepared.clear()

    def _groups(self, parts: Sequence[Part], samples: int, guidance: float, together: int) -> list[_Group]:
        """All windows of all samples, those of equal shapes together."""
        alike: dict[Hashable, list[Row]] = {}
        each = self._fixed(parts, guidance)
        for place, own in enumerate(each):
            alike.setdefault(own.shapes, []).extend((place, sample) for sample in range(samples))
        found = [
            rows[first : first + size]
            for rows in alike.values()
            for first, size in _pieces(evenly(len(rows), together))
        ]
        head_dim = self._network.architecture.head_dim
        fixed: list[Fixed] = []
        like: dict[tuple[int, ...], Fixed] = {}
        for rows in found:
            members = [each[place] for place, _ in rows]
            numbers = len(rows), members[0].length, len(members[0].visual)
            fixed.append(stacked(members, head_dim, like=like.get(numbers)))
            like.setdefault(numbers, fixed[-1])
        most = _copies([own.shapes for own in fixed])
        seen: Counter[Hashable] = Counter()
        groups: list[_Group] = []
        for rows, own in zip(found, fixed, strict=True):
            groups.append(_Group(rows, own, seen[own.shapes] % most[own.shapes]))
            seen[own.shapes] += 1
        return groups

    def _fixed(self, parts: Sequence[Part], guidance: float) -> list[Fixed]:
        """What stays of each part, for one sample; what is the same of several is there once."""
        sections = {part.window.section: part.features for part in parts}
        # Without room, windows of texts that differ in length could not go together.
        room = _room(list(sections.values())) if self._pool is not None or len(sections) > 1 else 0
        heard: dict[int, Fixed] = {}
        like: dict[tuple[int, ...], Fixed] = {}
        made: list[Fixed] = []
        for part in parts:
            features, section, length = part.features, part.window.section, part.window.length
            given = conditions(self._network, features, guidance)
            numbers = length, len(features.visual), len(features.text)
            made.append(fix(self._network, given, 1, length, room, like=like.get(numbers), heard=heard.get(section)))
            like.setdefault(numbers, made[-1])
            heard.setdefault(section, made[-1])
        return made

    def _prepare(self, fixed: Fixed, copy: int = 0, kept: int = KEPT) -> _Prepared:
        """A request's own memory, or that of the last one of its size. kept: graphs that are, at most, if more."""
        if self._pool is None:
            return self._unrecorded(fixed)
        name, kept = (*fixed.shapes, copy), max(kept, KEPT)
        own = self._prepared.get(name)
        if own is not None and own.holds:
            self._prepared.move_to_end(name)
            self._keep(kept)
            own.hold(fixed)
            return own
        del own  # or what does not hold any more would be there beside the next
        self._keep(kept - 1)
        # Its memory becomes that of later requests: nobody else's.
        denoising = Denoising(self._network, fixed.copied(), self._course)
        # Recording does a step: from zeros, at the first time of whatever schedule was there.
        self._course.rewind()
        streaming = self._network.streaming
        streaming.ready()  # what is made while a step is recorded is the graphs'
        graph = Recorded(partial(streaming.round, denoising.advance), self._pool)
        self._prepared[name] = _Prepared(denoising, graph, fixed, streaming)
        return self._prepared[name]

    def _unrecorded(self, fixed: Fixed) -> _Prepared:
        """A request's own memory, whose steps are started kernel by kernel."""
        return _Prepared(Denoising(self._network, fixed, self._course), None, fixed, self._network.streaming)

    def _keep(self, count: int) -> None:
        """Give up graphs that do not hold any more, and then until there are no more than so many, those that were not
        used for longest first."""
        for name in [name for name, own in self._prepared.items() if not own.holds]:
            del self._prepared[name]
        while len(self._prepared) > count:
            self._prepared.popitem(last=False)


def _pieces(sizes: Sequence[int]) -> list[tuple[int, int]]:
    """The first of each, and its size."""
    return [(sum(sizes[:place]), size) for place, size in enumerate(sizes)]


def _copies(shapes: Sequence[Hashable]) -> dict[Hashable, int]:
    """How many graphs groups of each shape have, all in all as many as a clip may have.

    With a graph of its own, what stays of a group is in its memory and nothing is copied at a step. Each shape has one
    at least, since it would be recorded again at every step.
    """
    counts = Counter(shapes)
    spare = max(0, KEPT_OF_A_CLIP - len(counts))
    copies = dict.fromkeys(counts, 1)
    for shape, count in counts.items():
        more = min(count - 1, spare)
        copies[shape] += more
        spare -= more
    return copies


def _room(texts: Sequence[Features]) -> int:
    """Tokens, for the longest of some texts."""
    return TEXT_ROOM * ceil(max(len(features.text) for features in texts) / TEXT_ROOM)
