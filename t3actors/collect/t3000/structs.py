"""T3000's points as they lie in its memory: packed structs, decoded to the same points and readings as its answers. Pure.

    bytes  input                       output                      variable
    0      description 21              description 19, low and     description 21
                                       high voltage (tenths)
    21     label 9                     label 9                     label 9
    30     value, int32 little-endian, in thousandths, in all three
    34     filter, decom, sub_id,      auto_manual,                auto_manual,
           sub_product, control,       digital_analog,             digital_analog,
           auto_manual,                hw_switch_status, control,  control, unused,
           digital_analog,             digital_control, decom,     range
           calibration_sign,           range, sub_id,
           sub_number, calibration_h,  sub_product, sub_number,
           calibration_l, range        pwm_period
    in all 46                          45                          39

A text ends at its first NUL or where its field ends, and is in the code page of whoever wrote it: UTF-8 is tried first, then
Windows-1252, which is told in one line. The structs do not say which panel they belong to.

Source: T3000/CM5/ud_str.h, pack(1): Str_in_point, Str_out_point, Str_variable_point. Not verified on a live T3000.
"""

from __future__ import annotations

import codecs
import struct
from typing import NamedTuple

from t3actors.collect.t3000.given import Given
from t3actors.collect.t3000.meaning import PREFIXES
from t3actors.collect.t3000.panel_answer import Points, points_of
from t3actors.errors import BadResponse
from t3actors.points import Kind, Rules


class Layout(NamedTuple):
    """One kind of struct: what each of its fields is called in `Given`, "" for one that is not used."""

    kind: Kind
    names: tuple[str, ...]
    form: struct.Struct

    @property
    def size(self) -> int:
        """How many octets it has."""
        return self.form.size


def _layout(kind: Kind, *fields: str) -> Layout:
    """Read fields such as "label:9s", in their order; of an octet the name alone."""
    named = [field.partition(":") for field in fields]
    form = struct.Struct("<" + "".join(code or "B" for _, _, code in named))
    return Layout(kind, tuple(name for name, _, _ in named), form)


INPUT = _layout(
    Kind.INPUT, "description:21s", "label:9s", "value:i", "", "decom", "", "", "control", "auto_manual", "digital_analog",
    "calibration_sign", "", "calibration_h", "calibration_l", "range",
)  # fmt: skip
OUTPUT = _layout(
    Kind.OUTPUT, "description:19s", "low_voltage", "high_voltage", "label:9s", "value:i", "auto_manual", "digital_analog",
    "hw_switch_status", "control", "", "decom", "range", "", "", "", "",
)  # fmt: skip
VARIABLE = _layout(
    Kind.VARIABLE,
    "description:21s",
    "label:9s",
    "value:i",
    "auto_manual",
    "digital_analog",
    "control",
    "unused",
    "range",
)

_CODE_PAGE = "cp1252"
_TOLD = 5  # ids named where a text was not UTF-8


def decode_structs(
    inputs: bytes, outputs: bytes, variables: bytes | None, rules: Rules, before: Points | None = None
) -> Points:
    """Decode arrays of structs; point n lies at place n - 1. `before`: the last result, used again where nothing changed.

    **Raises**: BadResponse for an array that does not end where a struct does.
    """
    doubtful: list[str] = []
    lists = [
        ("inputs", Kind.INPUT, _givens(INPUT, inputs, doubtful)),
        ("outputs", Kind.OUTPUT, _givens(OUTPUT, outputs, doubtful)),
        ("variables", Kind.VARIABLE, _givens(VARIABLE, variables or b"", doubtful)),
    ]
    told = []
    if doubtful:
        ids = ", ".join(doubtful[:_TOLD]) + (", ..." if len(doubtful) > _TOLD else "")
        told.append(f"the texts of {len(doubtful)} points are not UTF-8 and were read as Windows-1252: {ids}")
    return points_of(lists, told, rules, before, raw=True)


def _givens(layout: Layout, octets: bytes, doubtful: list[str]) -> list[Given]:
    if len(octets) % layout.size:
        name = f"{layout.kind.value}s"
        raise BadResponse(f"{name} are {len(octets)} octets; allowed: a multiple of {layout.size}", raw=octets[:64])
    found = []
    for place, row in enumerate(layout.form.iter_unpack(octets)):
        fields = dict(zip(layout.names, row, strict=True))
        fields.pop("", None)
        id_ = f"{PREFIXES[layout.kind]}{place + 1}"
        for name in ("description", "label"):
            fields[name] = _text(fields[name], id_, doubtful)
        found.append(Given(id=id_, index=place, type=layout.kind.name, **fields))
    return found


def _text(field: bytes, id_: str, doubtful: list[str]) -> str:
    octets, nul, _ = field.partition(b"\0")
    try:
        return codecs.utf_8_decode(octets, "strict", bool(nul))[0]  # a full field may end within a character
    except UnicodeDecodeError:
        if id_ not in doubtful[-1:]:
            doubtful.append(id_)
        return octets.decode(_CODE_PAGE, "replace")
