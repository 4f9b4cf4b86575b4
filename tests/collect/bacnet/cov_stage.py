"""A simulated device and a keeper of subscriptions on a clock that the test moves: no socket, no thread, no waiting."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from supervision.registry import Registry
from t3actors.collect.bacnet.codec import read_property, services
from t3actors.collect.bacnet.codec.read_multiple import Answer
from t3actors.collect.bacnet.codec.tags import ObjectId
from t3actors.collect.bacnet.cov.subscriptions import Subscriptions
from t3actors.collect.bacnet.link.requests import CancelCov, CovNotified, Pending, SubscribeCov
from t3actors.collect.bacnet.mapping import Item, items
from t3actors.collect.bacnet.reading import reading
from t3actors.collect.schedule import PollPlan
from t3actors.config import DeviceConfig
from t3actors.errors import LinkDown, RequestRefused, RequestTimedOut
from t3actors.points import Point, Reading, Rules
from t3actors.simulator.bacnet.abilities import Preset
from t3actors.simulator.bacnet.build import PointCounts, build_device
from t3actors.simulator.bacnet.faults import BacnetFault, BacnetFaultKind
from t3actors.simulator.bacnet.responder import Responder, Sending
from t3actors.simulator.bacnet.subscriptions import Peer
from tests.collect.bacnet.peer import Logged
from tests.simulator.bacnet.client import confirmed

INSTANCE = 1001
PEER = Peer(("127.0.0.1", 47808))
STEP_S = 0.5
GATHERED_S = 0.5  # between a notification and the keeper's ear
POINTS = PointCounts(4, 2, 2)


class Stage:
    """`play` lets time pass as a driver would have it: notifications, work, polls."""

    def __init__(
        self, cov: bool | tuple[str, ...], *, interval_s: float = 1.0, verify_s: float = 10.0, lifetime_s: float = 300.0,
        cov_max: int = 5, points: PointCounts = POINTS, preset: Preset = Preset.T3000,
    ) -> None:  # fmt: skip
        self.now_s = 1000.0
        self.responder = Responder(build_device(preset, 1, INSTANCE, points))
        self.device = self.responder.device
        self.log = Logged()
        rules = Rules(poll_interval_s=interval_s)
        self.config = DeviceConfig(
            name="d", protocol="bacnet", address="192.0.2.1", instance=INSTANCE, cov=cov, cov_max=cov_max, rules=rules
        )
        self.interval_s, self.verify_s = interval_s, verify_s
        self.items = self._items(rules)
        self.asked: list[object] = []
        self.polls: list[frozenset[str]] = []
        """What each poll has read."""
        self.shown: dict[str, Reading] = {}
        self.seen_s: dict[str, float] = {}
        self.oldest_s = 0.0
        self.wrong_s = 0.0
        """How long any shown value was off by its increment, at most."""
        self.life = 1
        self.is_down = self.is_mute = False
        """The link is down; or SubscribeCOV is never answered."""
        self.loses: Callable[[], bool] = lambda: False
        """Whether the next notification is lost."""
        self._wrong_since_s: dict[str, float] = {}
        self._under_way: list[tuple[float, CovNotified]] = []
        self._next_poll_s = self._next_work_s = self.now_s
        self.slowness_s = 0.0
        """How long a poll takes, if longer than its interval."""
        self.keeper = self.new_keeper(lifetime_s)
        self.announced: dict[str, Point] = {}
        self.plan = PollPlan({interval_s}, self.now_s, 0.0)
        self.announce()

    def new_keeper(self, lifetime_s: float = 300.0) -> Subscriptions:
        keeper = Subscriptions(
            self.config, lifetime_s=lifetime_s, verify_s=self.verify_s, registry=Link(self), role="device/d",
            asking=self, log=self.log, now_s=lambda: self.now_s, chance=lambda: 0.5,
        )  # fmt: skip
        keeper.take_over(self.items.values(), complete=True)
        return keeper

    # -- what the test does

    async def play(self, seconds: float, then: Callable[[], object] = lambda: None) -> None:
        """Let time pass; `then` is called at every step."""
        for _ in range(round(seconds / STEP_S)):
            self.now_s += STEP_S
            self._queue(self.responder.changed(self.now_s))
            self.hear()
            if self.now_s >= self._next_work_s and not self.is_down:
                next_s = await self.keeper.work()
                self._next_work_s = self.now_s + (STEP_S if next_s is None else next_s)
                self.announce()
            self._measure()
            if self.now_s >= max(self.plan.next_due_s(), self._next_poll_s):
                self._next_poll_s = self.now_s + self.slowness_s
                self.poll()
            self._look_for_wrong()
            then()

    def poll(self) -> None:
        """Read what its plan says is due, and what the keeper adds."""
        taken = self.plan.take_due(self.now_s)
        self.plan.skip_overrun(self.now_s)
        due = [name for name, each in self.announced.items() if each.read_every_s in taken]
        wanted = [*due, *self.keeper.also_due(due)]
        assert len(set(wanted)) == len(wanted)
        self.polls.append(frozenset(wanted))
        if self.is_down:
            self.keeper.dropped()
        else:
            self._show(self.keeper.polled([self.read(self.items[name]) for name in wanted], self.now_s))
        self.announce()

    def announce(self) -> None:
        """Give the points their modes, and with them their plan, as the device's actor does."""
        self.announced = {name: self.keeper.marked(item.point) for name, item in self.items.items()}
        intervals = {each.read_every_s for each in self.announced.values()}
        if set(self.plan.intervals_s) != intervals:
            self.plan.change_to(intervals, self.now_s)

    def read(self, item: Item) -> Reading:
        truth = self.device.value(item.point.point_id)
        return reading(item, {85: int(truth) if item.point.digital else truth})

    def set(self, point_id: str, value: float) -> None:
        self.device.set(point_id, value)

    def move(self, point_id: str, steps: float = 3.0) -> None:
        """Move an analog point by so many increments; switch a digital one over."""
        was, increment = self.device.value(point_id), self.device.points[point_id].cov_increment
        self.set(point_id, was + steps * increment if increment else float(was == 0))

    def fault(self, kind: BacnetFaultKind, **about: Any) -> None:
        self.responder.set_fault(BacnetFault(kind, **about), self.now_s)

    def said(self, event: str, *keys: str) -> list[tuple[Any, ...]]:
        return [tuple(line[key] for key in keys) for line in self.log.named(event)]

    @property
    def held_there(self) -> int:
        """Subscriptions in the device's table."""
        self.responder.changed(self.now_s)
        return len(self.responder.notifier)

    @property
    def bound_s(self) -> float:
        return max(self.interval_s, self.verify_s)

    # -- the link

    def serve(self, request: SubscribeCov | CancelCov) -> Pending:
        self.asked.append(request)
        pending = Pending()
        if self.is_down:
            pending.fail(LinkDown("down"))
        elif self.is_mute:
            pending.fail(RequestTimedOut("nothing came"))
        else:
            self._ask_device(request, pending)
        return pending

    async def read_one(
        self, object_type: int, instance: int, which: int, index: int | None = None, *, retries: int | None = None
    ) -> Answer:
        """As Asking.read_one."""
        assert retries == 0
        self.asked.append((object_type, instance, which, index))
        if self.is_down:
            raise LinkDown("down")
        asked = read_property.encode_request(object_type, instance, which)
        sent = self.responder.receive(confirmed(1, read_property.SERVICE, asked), PEER, self.now_s)
        if not sent:
            raise RequestTimedOut("nothing came")
        answer = sent[0].apdu
        if answer[0] >> 4 != 3:
            raise RequestRefused("no", code=answer[2], kind="abort" if answer[0] >> 4 == 7 else "reject")
        return read_property.decode_result(answer[3:])[4]

    def tell(self, message: CovNotified) -> None:
        for made in (self.keeper.notified(message),):
            self._show(made)

    def subscribed(self) -> list[SubscribeCov]:
        return [each for each in self.asked if isinstance(each, SubscribeCov)]

    def _ask_device(self, request: SubscribeCov | CancelCov, pending: Pending) -> None:
        how: dict[str, Any] = {}
        if isinstance(request, SubscribeCov):
            assert request.lifetime_s > 0
            how = {"confirmed": request.confirmed, "lifetime_s": request.lifetime_s}
        assert request.process_id is not None
        data = services.subscribe_cov(request.process_id, request.object_type, request.object_instance, **how)
        sent = self.responder.receive(confirmed(1, services.SUBSCRIBE_COV, data), PEER, self.now_s)
        if not sent:
            pending.fail(RequestTimedOut("nothing came"))
            return
        kind, content = sent[0].apdu[0] >> 4, sent[0].apdu
        if kind == 2:
            pending.succeed(request.process_id)
        elif kind == 5:
            said = read_property.decode_error(content[3:])
            pending.fail(RequestRefused("no", code=said.error_code, error_class=said.error_class))
        else:
            pending.fail(RequestRefused("no", code=content[2], kind="reject" if kind == 6 else "abort"))
        self._queue(sent[1:])

    def _queue(self, sent: Iterable[Sending]) -> None:
        for each in sent:
            at = 4 if each.apdu[0] >> 4 == 0 else 2
            if at == 4:
                self.responder.receive(bytes((0x20, each.apdu[2], 1)), PEER, self.now_s)
            if self.loses():
                continue
            heard = services.cov(each.apdu[at:])
            told = CovNotified(address="192.0.2.1", **{key: getattr(heard, key) for key in heard.__struct_fields__})
            self._under_way.append((self.now_s + GATHERED_S, told))

    def hear(self) -> None:
        arrived = [told for at_s, told in self._under_way if at_s <= self.now_s]
        self._under_way = [each for each in self._under_way if each[0] > self.now_s]
        for told in arrived:
            self.tell(told)

    # -- what is measured

    def _show(self, readings: Iterable[Reading]) -> None:
        for each in readings:
            self.shown[each.point_id] = each
            self.seen_s[each.point_id] = self.now_s

    def _measure(self) -> None:
        if not self.is_down:
            self.oldest_s = max([self.oldest_s, *(self.now_s - at_s for at_s in self.seen_s.values())])

    def _look_for_wrong(self) -> None:
        for name, shown in self.shown.items():
            truth, item = self.read(self.items[name]), self.items[name]
            off = abs(float(truth.value or 0) - float(shown.value or 0))
            if off <= 1.001 * (item.cov_increment or 0.0):
                self._wrong_since_s.pop(name, None)
                continue
            since_s = self._wrong_since_s.setdefault(name, self.now_s)
            self.wrong_s = max(self.wrong_s, self.now_s - since_s)

    def _items(self, rules: Rules) -> dict[str, Item]:
        described = []
        for point in self.device.points.values():
            said: dict[int, Answer] = {77: point.name}
            if point.cov_increment:
                said[22] = point.cov_increment
            described.append((ObjectId(point.object_type, point.object_id & 0x3FFFFF), said))
        found, _ = items(described, vendor_id=self.device.vendor, rules=rules)
        return {item.point.point_id: item for item in found}


class Link(Registry):
    """Where the keeper finds the link."""

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self._stage = stage

    async def ask(self, role: str, message: object, timeout_s: float | None = None) -> Any:
        assert role == "link/bacnet"
        assert isinstance(message, SubscribeCov | CancelCov)
        return self._stage.serve(message)

    def incarnation(self, role: str) -> int | None:
        assert role == "link/bacnet"
        return self._stage.life
