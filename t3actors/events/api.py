"""The events of the API: where it listens, and whom it turned away."""

from __future__ import annotations

from t3actors.events import event

API_OPENED = event(
    "api.opened",
    "info",
    "endpoint token tls",
    "The API listens there. `token`: a bearer token is asked for; `tls`: the connection is encrypted.",
)
API_BLOCKED = event(
    "api.blocked",
    "error",
    "endpoint reason next_try_s",
    "The API cannot listen there now. Polling is not affected. Said once per reason; tried again by itself.",
    "The reason names it: a port that another program holds, a token or certificate that cannot be read. Until then the command line "
    "(the socket) or the page (TCP) does not work.",
)
API_SOCKET_LOST = event(
    "api.socket_lost",
    "warning",
    "endpoint how",
    "Somebody removed or replaced the unix socket under the gateway. It listens anew there; `api.opened` says so. Who was connected by "
    "it is hung up on.",
    "Find what cleans up in data_dir, and have it leave the gateway's files alone.",
)
API_REFUSED = event(
    "api.refused",
    "warning",
    "endpoint peer reason refused",
    "A request was turned away for what it is: a wrong token, another origin's browser, a foreign host name, a path trick, too large a "
    "body or head, what is no HTTP/1.1 (a port scan, say), a listener who talks. Said once per peer and reason, and again after ten "
    "minutes with the number of them since (`refused`).",
    "Look who that peer is. A monitor of ours: give it the token, or name the host in `[api] hosts`.",
)
API_FLOODED = event(
    "api.flooded",
    "warning",
    "endpoint reason refused",
    "More requests or connections came than `[api] rate` or `connections` allow: some were answered with 429 or 503, waited, or gave way. "
    "Said when it begins, and again after ten minutes with their number since. Polling is not affected.",
    "Find the client that asks too often; `WS /live` pushes what polling asks for.",
)
API_HUNG_UP = event(
    "api.hung_up",
    "warning",
    "endpoint peer refused",
    "A client did not read its answer, or what it listens to on /live, for 20 s, and was hung up on. Said once per peer, and again after "
    "ten minutes with their number since. Polling was not affected.",
    "Look at that client, or at the way there.",
)
API_FAILED = event(
    "api.failed",
    "error",
    "endpoint request cause traceback",
    "A request or a connection ended in an error of ours. Only it was affected. Said once per cause until the next start.",
    "A bug: report it with the traceback.",
)
