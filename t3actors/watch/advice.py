"""What to look at next, by the words with which something failed: the table of docs/operating.md, for the command line. Pure.

A test holds the two tables against each other.
"""

from __future__ import annotations

LOOK_AT = (
    ("since the gateway was started", "wait for its first poll; if it stays so, t3actors top: does its actor run?"),
    ("connection refused", "the host lives, nobody listens on that port: its number, the panel's Modbus TCP setting, too many clients"),
    ("no connection within", "no host there, or a firewall drops: power, cable, address, VLAN"),
    ("gave no answer within", "the host takes connections, the unit is silent: unit_id; the serial bus behind a Modbus gateway"),
    ("gateway target did not respond", "the Modbus gateway lives, the unit behind it does not: that unit's power and wiring"),
    ("is already that of", "a device configured twice, or by its T3000 and its own address too: take one away; else a doubled number"),
    ("is serial number", "an exchanged panel, or a doubled address: serial_number in the configuration; who has that address"),
    ("is the map of", "a device of another product than the profile is for: profile in the configuration; who has that address"),
    ("no Modbus TCP", "something else listens on that port: the port number; what runs on that host"),
    ("is now serial number", "another panel stands there since the connection was lost: see device.exchanged in the log"),
    ("Name or service not known", "the host name cannot be resolved: the name; the box's DNS"),
    ("the device there", "another BACnet device answers at that address: instance in the configuration; who has that address"),
    ("no router to it answers", "the network behind a router cannot be reached: the router's power and address"),
    ("another program holds this UDP address and port", "this machine's own side: bacnet.blocked in the log; stop that program"),
    ("the BACnet link is not there now", "it is being started anew and comes by itself: child.exited in the log says why"),
    ("not registered with the BBMD", "bbmd.lost in the log; the BBMD's table of foreign devices"),
    ("no answer", "nothing at that address says anything: power, cable, address, port; a firewall that drops UDP"),
    ("illegal", "the device refuses that address: register, table and type of the point"),
    ("stopped by hand", "somebody stopped it: `t3actors device start`, if that is over"),
    ("enabled = false", "it is switched off in the configuration"),
    ("not read for", "the device answers no more, or its actor does not ask: the device's own line above"),
)  # fmt: skip


def advice_on(reason: str) -> str:
    """Return where to look for this reason; empty when nothing better than the reason itself is known."""
    return next((advice for words, advice in LOOK_AT if words in reason), "")
