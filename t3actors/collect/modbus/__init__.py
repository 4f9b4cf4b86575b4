"""Modbus: plan the fewest legal reads (blocks), decode them (codec), one thin wire per connection (link, wire)."""
