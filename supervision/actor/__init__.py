"""Two kinds of pykka actors whose every exit is reported: TrioActor is a trio task, ThreadActor a daemon thread.

pykka gives refs, tell, ask, proxies and futures; the loop that runs the actor is ours, because pykka's own does not say
when on_start failed, and answers a BaseException in one actor by stopping all of them. Here such an exception ends that
one actor. An exception under `ask` goes to the caller and leaves the actor alive, as in pykka.

An actor's life: on_start; then one message after another; then, when asked to stop (mail that was sent before is still
handled), its background tasks are cancelled and on_stop runs. After anything else (an exception in on_start, on_receive
or a background task, a cancellation) on_failure runs instead, within CLEANUP_S. Mail left in the inbox is dropped and
counted; a question left in it is answered with `Gone`.

What an abandoned thread may still do: finish the call that it hangs in, with all the effects which that call has outside
this process. What it can no longer do: send to a role, answer a question, take another message, count as running.
"""

from supervision.actor.addressed import Birth
from supervision.actor.answers import Gone, LoopFuture, ask
from supervision.actor.tasks import TrioActor
from supervision.actor.threads import ThreadActor

__all__ = ["Birth", "Gone", "LoopFuture", "ThreadActor", "TrioActor", "ask"]
