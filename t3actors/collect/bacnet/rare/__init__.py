"""The less used objects of a device, and its alarms: read between polls, and seldom."""
