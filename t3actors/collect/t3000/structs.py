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
from collections.abc import Iterable
from typing import Any

from t3actors.collect.t3000.given import Given
from t3actors.collect.t3000.meaning import PREFIXES
from t3actors.collect.t3000.panel_answer import Points, points_of
from t3actors.errors import BadResponse
from t3actors.points import Kind, Rules

INPUT = struct.Struct("<21s9si12B")
OUTPUT = struct.Struct("<19s2B9si11B")
VARIABLE = struct.Struct("<21s9si5B")

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
        ("inputs", Kind.INPUT, _inputs(_whole(inputs, INPUT, "inputs"), doubtful)),
        ("outputs", Kind.OUTPUT, _outputs(_whole(outputs, OUTPUT, "outputs"), doubtful)),
        ("variables", Kind.VARIABLE, _variables(_whole(variables or b"", VARIABLE, "variables"), doubtful)),
    ]
    told = []
    if doubtful:
        ids = ", ".join(doubtful[:_TOLD]) + (", ..." if len(doubtful) > _TOLD else "")
        told.append(f"the texts of {len(doubtful)} points are not UTF-8 and were read as Windows-1252: {ids}")
    return points_of(lists, told, rules, before, raw=True)


def _whole(octets: bytes, layout: struct.Struct, name: str) -> Iterable[tuple[Any, ...]]:
    if len(octets) % layout.size:
        raise BadResponse(f"{name} are {len(octets)} octets; allowed: a multiple of {layout.size}", raw=octets[:64])
    return layout.iter_unpack(octets)


def _inputs(rows: Iterable[tuple[Any, ...]], doubtful: list[str]) -> list[Given]:
    found = []
    for place, row in enumerate(rows):
        description, label, value, _, decom, _, _, control, manual, analog, sign, _, high, low, code = row
        id_ = f"{PREFIXES[Kind.INPUT]}{place + 1}"
        given = Given(
            id=id_,
            index=place,
            type="INPUT",
            description=_text(description, id_, doubtful),
            label=_text(label, id_, doubtful),
            value=value,
            decom=decom,
            control=control,
            auto_manual=manual,
            digital_analog=analog,
            calibration_sign=sign,
            calibration_h=high,
            calibration_l=low,
            range=code,
        )
        found.append(given)
    return found


def _outputs(rows: Iterable[tuple[Any, ...]], doubtful: list[str]) -> list[Given]:
    found = []
    for place, row in enumerate(rows):
        description, low, high, label, value, manual, analog, switch, control, _, decom, code, *_ = row
        id_ = f"{PREFIXES[Kind.OUTPUT]}{place + 1}"
        given = Given(
            id=id_,
            index=place,
            type="OUTPUT",
            description=_text(description, id_, doubtful),
            low_voltage=low,
            high_voltage=high,
            label=_text(label, id_, doubtful),
            value=value,
            auto_manual=manual,
            digital_analog=analog,
            hw_switch_status=switch,
            control=control,
            decom=decom,
            range=code,
        )
        found.append(given)
    return found


def _variables(rows: Iterable[tuple[Any, ...]], doubtful: list[str]) -> list[Given]:
    found = []
    for place, (description, label, value, manual, analog, control, unused, code) in enumerate(rows):
        id_ = f"{PREFIXES[Kind.VARIABLE]}{place + 1}"
        given = Given(
            id=id_,
            index=place,
            type="VARIABLE",
            description=_text(description, id_, doubtful),
            label=_text(label, id_, doubtful),
            value=value,
            auto_manual=manual,
            digital_analog=analog,
            control=control,
            unused=unused,
            range=code,
        )
        found.append(given)
    return found


def _text(field: bytes, id_: str, doubtful: list[str]) -> str:
    octets, nul, _ = field.partition(b"\0")
    try:
        return codecs.utf_8_decode(octets, "strict", bool(nul))[0]  # a full field may end within a character
    except UnicodeDecodeError:
        if id_ not in doubtful[-1:]:
            doubtful.append(id_)
        return octets.decode(_CODE_PAGE, "replace")
