"""The markers of a JPEG (ITU-T T.81, annex B), as far as Pillow does not tell what is behind them."""

_START_OF_SCAN = 0xDA
_WITHOUT_LENGTH = (0x00, 0x01, *range(0xD0, 0xD9))  # a stuffed byte, TEM, restarts, start of image


def components_of_first_scan(data: bytes) -> int:
    """How many of the colour components the first scan holds.

    Raises:
        ValueError, IndexError: there is no scan.
    """
    at = 0
    while True:
        at = data.index(0xFF, at)  # whatever stands between segments is skipped, as libjpeg does
        while data[at] == 0xFF:
            at += 1
        marker = data[at]
        at += 1
        if marker == _START_OF_SCAN:
            return data[at + 2]
        if marker not in _WITHOUT_LENGTH:
            at += int.from_bytes(data[at : at + 2], "big")
