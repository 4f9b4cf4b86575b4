"""Simulated panels on loopback, for the demo, the tests and the drills: nothing here talks to a real device."""
