"""A model that gives its inputs back, so that what is measured is the way to it and back."""

from __future__ import annotations

from typing import Annotated, Self

from greenroom.inputs import Input, Inputs
from greenroom.models.model import Generated, Model, Work


class NoopInputs(Inputs):
    """A text to give back."""

    text: Annotated[str, Input("What to give back.")] = ""


class Noop(Model):
    """Gives its inputs back."""

    inputs = NoopInputs

    @classmethod
    def load(cls, device: str) -> Self:
        """Nothing to load."""
        return cls()

    def generate(self, inputs: NoopInputs, work: Work) -> Generated:
        """Give the text back."""
        return Generated({"text": inputs.text})
