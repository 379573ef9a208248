"""Weights that leave and come back."""

from __future__ import annotations

import torch

from greenroom.models.seedvr2.nadit.parking import Parking
from tests.models.seedvr2.networks import V2, network_of


def test_weights_leave_and_come_back_as_they_were() -> None:
    network = network_of(V2)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    parking = Parking(network)
    for _ in range(2):
        parking.leave()
        parking.leave()
        assert sum(tensor.numel() for tensor in network.state_dict().values()) == 0
        with torch.inference_mode():
            parking.come_back()
        parking.come_back()
        after = network.state_dict()
        assert all(torch.equal(after[name], tensor) for name, tensor in before.items())
    assert not any(parameter.is_inference() for parameter in network.parameters())
