"""The one door to BACnet/IP: a stack in a thread of its own, shared by all devices."""
