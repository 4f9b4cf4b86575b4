"""Simulated BACnet/IP devices with a codec of their own: many on loopback, each with faults that can be switched."""
