"""Checkpoints: what goes in comes out, and nothing else does."""

import pytest
import torch
from torch import Tensor

from nst.checkpoint import Position, fingerprint, pack, unpack
from nst.errors import CheckpointError
from nst.images import Picture
from nst.options import StyleOptions

POSITION = Position(scale=1, iteration=17, done=5, evaluations=21, elapsed_seconds=0.1 + 0.2, losses=(0.1, 1e-30, 3.0))


def state() -> dict[str, Tensor]:
    return {
        "x": torch.rand(1, 3, 4, 5, generator=torch.Generator().manual_seed(0)),
        "numbers": torch.tensor([1e300, -0.0, float("nan")], dtype=torch.float64),
        "transposed": torch.arange(6.0).view(2, 3).T,
        "empty": torch.zeros(0),
    }


def picture(seed: int = 0, alpha: bool = False) -> Picture:
    generator = torch.Generator().manual_seed(seed)
    rgb = torch.rand(20, 30, 3, generator=generator).numpy()
    return Picture(rgb, torch.rand(20, 30, generator=generator).numpy() if alpha else None)


def test_what_is_packed_is_unpacked_to_the_last_bit() -> None:
    position, found = unpack(pack("run", POSITION, state()), "run")
    assert position == POSITION
    assert found.keys() == state().keys()
    for name, tensor in state().items():
        assert found[name].dtype == tensor.dtype
        assert found[name].numpy().tobytes() == tensor.contiguous().numpy().tobytes()


def test_a_run_that_has_not_begun_can_be_packed() -> None:
    assert unpack(pack("run", Position(), {}), "run") == (Position(), {})


def test_a_wrong_byte_anywhere_is_noticed() -> None:
    data = pack("run", POSITION, state())
    for offset in range(len(data)):
        damaged = bytearray(data)
        damaged[offset] ^= 0x10
        with pytest.raises(CheckpointError, match="damaged"):
            unpack(bytes(damaged), "run")


def test_a_checkpoint_cut_short_anywhere_is_noticed() -> None:
    data = pack("run", POSITION, state())
    for length in range(0, len(data), 7):
        with pytest.raises(CheckpointError, match="damaged"):
            unpack(data[:length], "run")


@pytest.mark.parametrize("data", [b"", b"\0" * 100, b"{}", bytes(range(256)), b"\xff" * 64])
def test_bytes_that_never_were_a_checkpoint_are_refused(data: bytes) -> None:
    with pytest.raises(CheckpointError) as caught:
        unpack(data, "run")
    assert caught.value.hint


def test_a_checkpoint_of_another_run_is_refused() -> None:
    with pytest.raises(CheckpointError, match="another run"):
        unpack(pack("run", POSITION, state()), "another")


def test_the_fingerprint_tells_everything_apart_that_changes_the_result() -> None:
    options = StyleOptions()
    runs = [
        (picture(), [picture(1)], options, "wavelet"),
        (picture(2), [picture(1)], options, "wavelet"),
        (picture(alpha=True), [picture(1)], options, "wavelet"),
        (picture(), [picture(2)], options, "wavelet"),
        (picture(), [picture(1), picture(2)], options, "wavelet"),
        (picture(), [picture(2), picture(1)], options, "wavelet"),
        (picture(), [picture(1)], options.replace(seed=1), "wavelet"),
        (picture(), [picture(1)], options.replace(history=11), "wavelet"),
        (picture(), [picture(1)], options, "vgg19"),
    ]
    assert len({fingerprint(*run) for run in runs}) == len(runs)


def test_frames_may_be_asked_for_later() -> None:
    few, many = (
        fingerprint(picture(), [picture(1)], StyleOptions(save_every=every), "wavelet") for every in (0, 1)
    )  # fmt: skip
    assert few == many


def test_entering_a_scale_counts_the_evaluations_of_the_one_before() -> None:
    entered = POSITION.entering(2, 6)
    assert entered == Position(scale=2, iteration=17, done=0, evaluations=27, elapsed_seconds=POSITION.elapsed_seconds)


def test_only_the_losses_that_the_plateau_rule_needs_are_kept() -> None:
    position = Position()
    for loss in range(30):
        position = position.after(0.5, float(loss))
    assert position.losses == tuple(float(loss) for loss in range(19, 30))
    assert (position.iteration, position.done, position.elapsed_seconds) == (30, 30, 15.0)
