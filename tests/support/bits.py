"""Strings of bits that the frameworks of IAB have: TC strings and headers of GPP strings, valid or not."""

from collections.abc import Iterable

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def base64url(bits: str) -> str:
    """Return the text for these bits, which are filled up with zeros."""
    padded = bits + "0" * (-len(bits) % 6)
    return "".join(LETTERS[int(padded[at : at + 6], 2)] for at in range(0, len(padded), 6))


def bit_field(most: int, vendors: Iterable[int]) -> str:
    """Return MaxVendorId, IsRangeEncoding and a bit for each vendor."""
    granted = set(vendors)
    return f"{most:016b}0" + "".join("1" if vendor in granted else "0" for vendor in range(1, most + 1))


def ranges(most: int, *entries: int | tuple[int, int], count: int | None = None) -> str:
    """Return MaxVendorId, IsRangeEncoding, NumEntries and the entries, each a vendor or its first and last one."""
    said = len(entries) if count is None else count
    written = (f"0{e:016b}" if isinstance(e, int) else f"1{e[0]:016b}{e[1]:016b}" for e in entries)
    return f"{most:016b}1{said:012b}" + "".join(written)


def tc(vendors: str, purposes: Iterable[int] = (1,), disclosed: str | None = None, version: int = 2) -> str:
    """Return a TC string with these purposes and this vendor section, and with the disclosed vendors if there are any."""
    granted = set(purposes)
    bits = "".join("1" if purpose in granted else "0" for purpose in range(1, 25))
    core = base64url(f"{version:06b}{'01' * 73}{bits}{'0' * 37}{vendors}")
    return core if disclosed is None else f"{core}.{base64url(f'001{disclosed}')}"


def fibonacci(number: int) -> str:
    """Return the Fibonacci code of a number from 1, which ends with `11`."""
    values = [1, 2]
    while values[-1] < number:
        values.append(values[-1] + values[-2])
    bits = ""
    for value in reversed(values):
        bits = ("1" if value <= number else "0" if bits else "") + bits
        number -= value if value <= number else 0
    return bits + "1"


def gpp_header(*items: int | tuple[int, int], count: int | None = None, start: str = "000011000001") -> str:
    """Return a header for section IDs: offsets to the previous one, or pairs of an offset and a number of others."""
    said = len(items) if count is None else count
    written = (
        "0" + fibonacci(item) if isinstance(item, int) else "1" + fibonacci(item[0]) + fibonacci(item[1])
        for item in items
    )
    return base64url(f"{start}{said:012b}" + "".join(written))
