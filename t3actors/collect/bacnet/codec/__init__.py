"""BACnet on the wire: octets to Python and back. Pure, and hostile until decoded."""
