"""BACnet/IP: plan the largest requests a device bears (limits), encode and decode them (read_multiple), map objects to points."""
