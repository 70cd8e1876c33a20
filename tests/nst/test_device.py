"""Which device a run gets."""

import pytest
import torch

from nst.device import find_device
from nst.errors import DeviceError


def test_a_device_that_sums_no_float64_is_never_chosen_unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert find_device() == torch.device("cpu")


def test_a_gpu_is_chosen_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert find_device() == torch.device("cuda")


@pytest.mark.parametrize("name", ["meta", "tpu", "cuda:99", "", "cpu:x"])
def test_no_device_but_those_documented_is_accepted(name: str) -> None:
    with pytest.raises(DeviceError, match="no device"):
        find_device(name)
