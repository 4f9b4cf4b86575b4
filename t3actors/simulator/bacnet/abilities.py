"""What a simulated device can do, and the presets that differ in it: pure data, refused when wrong."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from t3actors.simulator.bacnet.apdu import APDU_SIZES
from t3actors.simulator.bacnet.tags import DBCS, LATIN_1, UCS_2, UCS_4, UTF_8
from t3actors.simulator.bacnet.words import Confirmed, Segmentation, Unconfirmed

LONGEST_SERVICES = 41  # bits of BACnetServicesSupported, as of revision 14
UNCONFIRMED_BITS = {Unconfirmed.I_AM: 26, Unconfirmed.COV_NOTIFICATION: 28, Unconfirmed.WHO_IS: 34}
READ_RANGE_BIT = 35
LYING = 255  # not a character set: Latin-1 bytes under the name of UTF-8


@dataclass(frozen=True, slots=True)
class Abilities:
    """One device's limits.

    **Raises**: ValueError.
    """

    max_apdu: int = 1476
    segmentation: Segmentation = Segmentation.BOTH
    window: int = 4  # segments it proposes to send between two acknowledgements
    rpm: bool = True
    cov_slots: int = 100  # 0: no COV at all
    private_transfer: bool = False
    temco_like: bool = False  # 1-based objects named IN, OUT, VAR; digital points as binary objects
    factor: int = 1  # what present values are multiplied by
    first_instance: int = 1
    character_sets: tuple[int, ...] = (UTF_8,)  # of object names, in turn

    def __post_init__(self) -> None:
        if self.max_apdu not in APDU_SIZES:
            raise ValueError(f"max_apdu: saw {self.max_apdu}, allowed are {', '.join(map(str, APDU_SIZES))}")
        if not 1 <= self.window <= 127:
            raise ValueError(f"window: saw {self.window}, allowed is 1 to 127 segments")
        if self.cov_slots < 0:
            raise ValueError(f"cov_slots: saw {self.cov_slots}, allowed is 0 or more")

    @property
    def services(self) -> list[bool]:
        """The bits of Protocol_Services_Supported."""
        bits = [False] * LONGEST_SERVICES
        bits[Confirmed.READ_PROPERTY] = bits[READ_RANGE_BIT] = True
        bits[Confirmed.READ_PROPERTY_MULTIPLE] = self.rpm
        bits[Confirmed.SUBSCRIBE_COV] = self.cov_slots > 0
        bits[Confirmed.PRIVATE_TRANSFER] = self.private_transfer
        for bit in UNCONFIRMED_BITS.values():
            bits[bit] = True
        return bits


class Preset(StrEnum):
    """Devices as they are met in the field."""

    T3000 = "t3000"  # a Temco panel: 480 bytes, no segmentation, 20 COV slots
    T3000_X1000 = "t3000_x1000"  # the same, with present values in thousandths
    GENERIC = "generic"  # another vendor's, with every kind of object, counted from 0
    APDU_50 = "apdu_50"
    APDU_128 = "apdu_128"
    APDU_206 = "apdu_206"
    APDU_480 = "apdu_480"
    NO_SEGMENTATION = "no_segmentation"
    TRANSMIT_ONLY = "transmit_only"
    RECEIVE_ONLY = "receive_only"
    NO_RPM = "no_rpm"
    NO_COV = "no_cov"
    FEW_COV = "few_cov"
    LARGE = "large"  # 1,000 points
    ODD_TEXT = "odd_text"  # names in every character set, and one that lies about its own


_TEMCO = Abilities(
    max_apdu=480, segmentation=Segmentation.NONE, cov_slots=20, private_transfer=True, temco_like=True
)  # fmt: skip
ABILITIES: dict[Preset, Abilities] = {
    Preset.T3000: _TEMCO,
    Preset.T3000_X1000: Abilities(
        max_apdu=480, segmentation=Segmentation.NONE, cov_slots=20, private_transfer=True, temco_like=True, factor=1000
    ),
    Preset.GENERIC: Abilities(first_instance=0),
    Preset.APDU_50: Abilities(max_apdu=50, segmentation=Segmentation.NONE),
    Preset.APDU_128: Abilities(max_apdu=128),
    Preset.APDU_206: Abilities(max_apdu=206, segmentation=Segmentation.NONE),
    Preset.APDU_480: Abilities(max_apdu=480),
    Preset.NO_SEGMENTATION: Abilities(segmentation=Segmentation.NONE),
    Preset.TRANSMIT_ONLY: Abilities(max_apdu=206, segmentation=Segmentation.TRANSMIT),
    Preset.RECEIVE_ONLY: Abilities(max_apdu=480, segmentation=Segmentation.RECEIVE),
    Preset.NO_RPM: Abilities(max_apdu=480, segmentation=Segmentation.NONE, rpm=False),
    Preset.NO_COV: Abilities(cov_slots=0),
    Preset.FEW_COV: Abilities(cov_slots=20),
    Preset.LARGE: Abilities(),
    Preset.ODD_TEXT: Abilities(character_sets=(UTF_8, LATIN_1, UCS_2, UCS_4, DBCS, LYING)),
}
LARGE_POINTS = (400, 300, 300)
