"""The API: HTTP and WebSocket on a unix socket always, on TCP where configured, in the gateway's own loop."""
