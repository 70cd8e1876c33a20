"""A short run to test with, and what one wants to know of its events."""

from nst.events import Cancelled, Event, Finished, Progress
from nst.images import Picture
from nst.options import StyleOptions
from nst.transfer import Run, StyleTransfer
from tests.nst.pictures import painting, photo

#: Two scales, 48 and 96 px, with a few iterations in each.
SMALL = StyleOptions(size=96, backbone="wavelet", iterations=8, scales=2, plateau=0, save_every=3)


def start(engine: StyleTransfer, options: StyleOptions = SMALL) -> Run:
    return engine.start(photo(), [painting()], options)


def result(events: list[Event]) -> Picture:
    assert isinstance(events[-1], Finished | Cancelled)
    return events[-1].picture


def progress(events: list[Event]) -> list[Progress]:
    return [event for event in events if isinstance(event, Progress)]
