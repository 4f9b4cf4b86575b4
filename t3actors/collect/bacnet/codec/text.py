"""Character strings in each of the standard's character sets. Pure; no bytes make it raise.

Text that is not what its set says is still text: it comes back as `DoubtfulText`, read as well as can be, and costs nothing but
itself. What the field sends most is Latin-1 labelled UTF-8, so that is how bytes are read which are not UTF-8, unless they
merely end within a character: a name cut to its 32 octets loses that character, no more.

Source: ANSI/ASHRAE 135, 20.2.9. The code pages are those of CPython's codecs.
"""

from __future__ import annotations

from collections.abc import Callable

UTF_8, DBCS, JIS_X_0208, UCS_4, UCS_2, LATIN_1 = range(6)  # 20.2.9: the first content octet

_CODE_PAGES: dict[int, str] = {
    **{
        page: f"cp{page}"
        for page in (
            *(437, 720, 737, 775, 850, 852, 855, 856, 857, 858, 860, 861, 862, 863, 864, 865, 866, 869, 874),
            *(932, 949, 950, 1250, 1251, 1252, 1253, 1254, 1255, 1256, 1257, 1258),
        )
    },
    936: "gbk",
    1361: "johab",
    20127: "ascii",
    28591: "latin-1",
    51949: "euc_kr",
    54936: "gb18030",
    65001: "utf-8",
}


class DoubtfulText(str):
    """Text whose bytes are not what its character set says: read as well as can be."""

    __slots__ = ()


def decode_text(content: bytes) -> str:
    """Give the text of a character string.

    **Shape**: `content` is everything behind the tag, beginning with the octet that names the character set; not empty.
    """
    charset, octets = content[0], content[1:]
    if charset == UTF_8:
        try:
            return octets.decode()
        except UnicodeDecodeError as error:
            cut = error.end == len(octets) and error.reason == "unexpected end of data"
            return DoubtfulText(octets.decode(errors="replace") if cut else octets.decode("latin-1"))
    decode = _DECODERS.get(charset)
    return DoubtfulText(octets.decode(errors="replace")) if decode is None else decode(octets)


def _by(codec: str) -> Callable[[bytes], str]:
    def decode(octets: bytes) -> str:
        try:
            return octets.decode(codec)
        except UnicodeDecodeError:
            return DoubtfulText(octets.decode(codec, errors="replace"))

    return decode


def _double_byte(octets: bytes) -> str:
    """Two octets name the code page; one that CPython does not know is read as ASCII."""
    codec = _CODE_PAGES.get(int.from_bytes(octets[:2], "big")) if len(octets) >= 2 else None
    if codec is None:
        return DoubtfulText(octets[2:].decode("ascii", errors="replace"))
    return _by(codec)(octets[2:])


def _japanese(octets: bytes) -> str:
    """Two octets a character as the set has it, or the same with the escapes of ISO-2022-JP, as some devices send it."""
    if b"\x1b" in octets:
        return _by("iso2022_jp")(octets)
    try:
        return (b"\x1b$B" + octets + b"\x1b(B").decode("iso2022_jp")
    except UnicodeDecodeError:
        pass
    try:
        return DoubtfulText(octets.decode("shift_jis"))
    except UnicodeDecodeError:
        return DoubtfulText(octets.decode("ascii", errors="replace"))


_DECODERS: dict[int, Callable[[bytes], str]] = {
    DBCS: _double_byte,
    JIS_X_0208: _japanese,
    UCS_4: _by("utf-32-be"),
    UCS_2: _by("utf-16-be"),  # a superset: the pairs of surrogates that UCS-2 has not are sent all the same
    LATIN_1: _by("latin-1"),
}
