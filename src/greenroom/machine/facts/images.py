"""Tags of the image nvidia/cuda."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from greenroom.machine.facts.fact import Fact, fact, strings, table

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class CudaImage:
    """One CUDA release: how its tags call cuDNN, and for which Ubuntus there are devel images with it."""

    cuda: str
    cudnn: str
    ubuntus: tuple[str, ...]

    def tags(self) -> tuple[str, ...]:
        """Its devel tags: ``12.8.1-cudnn-devel-ubuntu24.04``."""
        return tuple(f"{self.cuda}-{self.cudnn}-devel-ubuntu{ubuntu}" for ubuntu in self.ubuntus)


def cuda_images() -> Fact[tuple[CudaImage, ...]]:
    """All that are known, oldest first."""
    return fact(table("images")["cudnn_devel_tags"], _images)


def rules() -> tuple[Fact[str], ...]:
    """How tags are formed, in sentences."""
    return tuple(fact(said, str) for said in table("images")["rules"])


def _images(value: Mapping[str, Any]) -> tuple[CudaImage, ...]:
    return tuple(CudaImage(cuda, said["cudnn_part"], strings(said["ubuntu"])) for cuda, said in value.items())
