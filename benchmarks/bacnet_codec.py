"""CPU to decode and to encode ReadPropertyMultiple for 50 points, present-value and status-flags, beside bacpypes3, in the same run.

    python benchmarks/bacnet_codec.py [rounds]

Each line is the best of the rounds, which take turns, so that a busy machine is busy for all of them.
"""

from __future__ import annotations

import struct
import sys
import time
from collections.abc import Callable

from bacpypes3.apdu import ComplexAckPDU, ReadPropertyMultipleACK, ReadPropertyMultipleRequest
from bacpypes3.basetypes import PropertyReference, ReadAccessSpecification
from bacpypes3.primitivedata import BitString, Real

from t3actors.collect.bacnet.codec.read_multiple import decode_results, encode_request
from t3actors.collect.bacnet.codec.tags import ObjectId
from t3actors.collect.bacnet.limits import Told, first
from t3actors.collect.bacnet.mapping import items
from t3actors.collect.bacnet.planning import plan
from t3actors.collect.bacnet.reading import readings
from t3actors.collect.bacnet.sizes import want

POINTS = 50
ANSWER = b"".join(
    b"\x0c"
    + struct.pack(">I", n)
    + b"\x1e\x29\x55\x4e\x44"
    + struct.pack(">f", n + 0.5)
    + b"\x4f\x29\x6f\x4e\x82\x04\x00\x4f\x1f"
    for n in range(1, POINTS + 1)
)
WANTED = [(0, n, (85, 111)) for n in range(1, POINTS + 1)]
FOUND, _ = items([(ObjectId(0, n), {77: f"AI {n}"}) for n in range(1, POINTS + 1)], vendor_id=None)
ITEMS = {tuple(each.object): each for each in FOUND}
WANTS = [want(0, n, which) for n in range(1, POINTS + 1) for which in (85, 111)]
ROOM = first(Told()).room


def decode_by_bacpypes3() -> int:
    """The same values out of the same octets."""
    pdu = ComplexAckPDU(14, 1)
    pdu.put_data(ANSWER)
    count = 0
    for result in ReadPropertyMultipleACK.decode(pdu).listOfReadAccessResults:
        for each, kind in zip(result.listOfResults, (Real, BitString), strict=True):
            each.readResult.propertyValue.cast_out(kind)
            count += 1
    return count


def encode_by_bacpypes3() -> object:
    """The same request."""
    return ReadPropertyMultipleRequest(
        listOfReadAccessSpecs=[
            ReadAccessSpecification(
                objectIdentifier=(kind, instance),
                listOfPropertyReferences=[PropertyReference(propertyIdentifier=which) for which in properties],
            )
            for kind, instance, properties in WANTED
        ]
    ).encode()


def main() -> None:
    """Print microseconds of CPU, and how many times less it is than bacpypes3's."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    assert len(decode_results(ANSWER)) == decode_by_bacpypes3() == 2 * POINTS
    results = decode_results(ANSWER)
    variants: dict[str, tuple[Callable[[], object], int]] = {
        "decode the answer": (lambda: decode_results(ANSWER), 200),
        "decode the answer, bacpypes3": (decode_by_bacpypes3, 3),
        "encode the request (once per plan)": (lambda: encode_request(WANTED), 100),
        "encode the request, bacpypes3": (encode_by_bacpypes3, 3),
        "results to readings": (lambda: readings(ITEMS, results), 200),
        "plan the requests (when points or limits change)": (lambda: plan(WANTS, ROOM), 50),
    }
    best_s = dict.fromkeys(variants, float("inf"))
    for _ in range(rounds):
        for name, (run, times) in variants.items():
            start_s = time.process_time()
            for _ in range(times):
                run()
            best_s[name] = min(best_s[name], (time.process_time() - start_s) / times)
    print(f"{POINTS} points, {len(ANSWER)} octets, best of {rounds} rounds")
    for name, took_s in best_s.items():
        theirs_s = best_s.get(f"{name.partition(' (')[0]}, bacpypes3")
        factor = "" if theirs_s is None else f"   {theirs_s / took_s:.0f} times less"
        print(f"{name:50s} {took_s * 1e6:9.1f} us{factor}")


if __name__ == "__main__":
    main()
