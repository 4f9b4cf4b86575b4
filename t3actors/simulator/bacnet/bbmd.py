"""A BBMD's table of foreign devices (Annex J.5.2): pure, `now_s` is given."""

from __future__ import annotations

from t3actors.simulator.bacnet import bvll
from t3actors.simulator.bacnet.bvll import Address, BadLink

GRACE_S = 30.0  # J.5.2.3
MOST_FOREIGN = 128


class ForeignDevices:
    """Who registered, and until when."""

    def __init__(self) -> None:
        self._until_s: dict[Address, tuple[int, float]] = {}

    def addresses(self, now_s: float) -> list[Address]:
        """Give those whose registration still holds."""
        self._until_s = {address: kept for address, kept in self._until_s.items() if kept[1] > now_s}
        return list(self._until_s)

    def answer(self, function: int, content: bytes, origin: Address, now_s: float) -> bytes:
        """Answer one of the BBMD's own messages. **Raises**: BadLink."""
        if function not in bvll.REFUSALS:
            raise BadLink(f"saw the function {function}, which asks for nothing")
        present = self.addresses(now_s)
        if function == bvll.REGISTER_FOREIGN_DEVICE:
            if len(content) != 2:
                raise BadLink(f"a time to live has 2 bytes, saw {len(content)}")
            if origin not in present and len(present) >= MOST_FOREIGN:
                return bvll.encode_result(bvll.REFUSALS[function])
            ttl_s = int.from_bytes(content, "big")
            self._until_s[origin] = (ttl_s, now_s + ttl_s + GRACE_S)
            return bvll.encode_result(bvll.SUCCESS)
        if function == bvll.DELETE_FDT_ENTRY:
            gone = self._until_s.pop(bvll.decode_address(content), None)
            return bvll.encode_result(bvll.SUCCESS if gone else bvll.REFUSALS[function])
        if function == bvll.READ_FDT:
            return bvll.encode_link(bvll.READ_FDT_ACK, b"".join(self._entry(each, now_s) for each in present))
        if function == bvll.READ_BDT:
            return bvll.encode_link(bvll.READ_BDT_ACK, b"")
        return bvll.encode_result(bvll.REFUSALS[function])

    def _entry(self, address: Address, now_s: float) -> bytes:
        ttl_s, until_s = self._until_s[address]
        remaining_s = min(0xFFFF, round(until_s - now_s))
        return bvll.encode_address(address) + ttl_s.to_bytes(2, "big") + remaining_s.to_bytes(2, "big")
