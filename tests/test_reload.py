"""A configuration read anew changes what differs, and nothing else."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
import trio
from trio.testing import MockClock

from supervision.actor import TrioActor
from t3actors.collect.device import DeviceActor
from t3actors.config import GatewayConfig, StoreConfig
from t3actors.control import Override
from t3actors.errors import ConfigError, GatewayError
from t3actors.messages import DeviceAnnounced, DeviceRemoved, EventHappened
from t3actors.reload import Reload
from t3actors.reloaded import NotReloadable
from t3actors.replacing import NOT_CONFIGURED
from tests.reloading import FILE, device, stage, with_rules

BUS = "bus:502"
A, B, C = device("a"), device("b", BUS, 1), device("c", BUS, 2)


async def test_who_does_not_differ_keeps_its_actor_its_connection_and_its_grid(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stage(monkeypatch, A, B, C) as s:
        await trio.sleep(10)
        for number in range(5):
            s.want(device("new", unit_id=number + 1), with_rules(C, deadband=float(number + 1)), B, A)
            await s.reload.ask("a test")
            await trio.sleep(10.3)
        assert s.incarnation("device/a") == s.incarnation("device/b") == 1
        assert s.incarnation("device/c") == 6
        assert (s.street.connections["a:502"], s.street.connections[BUS]) == (1, 1)
        assert s.polls_on_grid("a:502")
        assert s.polls_on_grid(BUS, 1)


async def test_a_device_that_is_gone_is_asked_no_more_its_rows_are_disabled_and_its_link_is_closed(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stage(monkeypatch, A, B, C) as s:
        await trio.sleep(5)
        s.want(B)
        reloaded = await s.reload.ask("a test")
        assert (reloaded.removed, reloaded.added, reloaded.changed) == (("a", "c"), (), ())
        asked = {key: len(at) for key, at in s.street.asked_at_s.items()}
        await trio.sleep(10)
        assert len(s.street.asked_at_s["a:502", 1]) == asked["a:502", 1]
        assert len(s.street.asked_at_s[BUS, 2]) == asked[BUS, 2]
        assert len(s.street.asked_at_s[BUS, 1]) >= asked[BUS, 1] + 9
        assert set(s.children()) == {"link/modbus/bus:502", "device/b"}
        removed = [message for message in s.told if isinstance(message, DeviceRemoved)]
        assert {(each.device, each.reason) for each in removed} == {("a", NOT_CONFIGURED), ("c", NOT_CONFIGURED)}
        assert s.pollers.control.named() == ["b"]
        assert s.street.connections[BUS] == 1


async def test_a_device_that_is_new_or_comes_back_is_polled_over_a_link_of_its_own(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stage(monkeypatch, A) as s:
        for wanted in ((A, B), (A,), (A, B)):
            s.want(*wanted)
            await s.reload.ask("a test")
            await trio.sleep(5)
            assert (s.incarnation("device/b") is not None) == (B in wanted)
        assert len(s.street.asked_at_s[BUS, 1]) >= 8
        assert s.pollers.control.polled() == ["a", "b"]
        announced = [m for m in s.told if isinstance(m, DeviceAnnounced | DeviceRemoved) and m.device == "b"]
        removed = [isinstance(message, DeviceRemoved) for message in announced].index(True)
        assert isinstance(announced[removed - 1], DeviceAnnounced)
        assert isinstance(announced[removed + 1], DeviceAnnounced)


async def test_a_device_that_moved_is_asked_at_its_new_address_and_the_old_link_is_closed(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stage(monkeypatch, A, B) as s:
        await trio.sleep(5)
        s.want(device("a", "elsewhere:502"), B)
        reloaded = await s.reload.ask("a test")
        assert reloaded.changed == ("a (address)",)
        await trio.sleep(5)
        assert len(s.street.asked_at_s["elsewhere:502", 1]) >= 4
        assert "link/modbus/a:502" not in s.children()
        assert s.incarnation("link/modbus/bus:502") == 1


async def test_a_line_whose_units_become_more_patient_is_not_cut_for_that(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stage(monkeypatch, B, C) as s:
        await trio.sleep(5)
        s.want(B, msgspec.structs.replace(C, min_pause_s=0.4))
        assert (await s.reload.ask("a test")).changed == ("c (min_pause)",)
        since_s = trio.current_time()
        await trio.sleep(10)
        assert (s.incarnation("link/modbus/bus:502"), s.street.connections[BUS]) == (1, 1)
        asked = sorted(at for times in s.street.asked_at_s.values() for at in times if at > since_s + 1)
        assert min(later - earlier for earlier, later in pairwise(asked)) >= 0.4
        s.want(C)
        await s.reload.ask("a test")
        await trio.sleep(3)
        assert s.street.connections[BUS] == 1


@pytest.mark.parametrize(
    "fault", [ConfigError(["site.toml: a", "site.toml: b"]), ConfigError([f"fault {n}" for n in range(90)])]
)
async def test_a_configuration_with_a_fault_changes_nothing_and_every_fault_is_told(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch, fault: ConfigError
) -> None:
    """T20."""
    async with stage(monkeypatch, A, B) as s:
        await trio.sleep(5)
        before, children = s.pollers.config, s.children()
        s.wanted = fault
        with pytest.raises(ConfigError) as refused:
            await s.reload.ask("a test")
        assert refused.value.faults == fault.faults
        assert (s.pollers.config, s.children()) == (before, children)
        (line,) = s.log.of("reload.refused")
        assert (line["fault_count"], line["config_hash"], line["asked_by"]) == (len(fault.faults), "first", "a test")
        logged = line["faults"]
        assert isinstance(logged, list)
        assert logged[:2] == fault.faults[:2]
        assert len(logged) <= 51
        await trio.sleep(5)
        assert s.polls_on_grid("a:502")
        events = [message.event for message in s.told if isinstance(message, EventHappened)]
        assert events == ["reload.refused"]


async def test_what_only_a_restart_changes_is_told_and_the_rest_is_taken_up_all_the_same(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stage(monkeypatch, A) as s:
        fixed = {"gateway": GatewayConfig(name="other"), "store": StoreConfig(batch_rows=7)}
        s.want(A, B, **fixed)
        for _ in range(2):
            reloaded = await s.reload.ask("a test")
            assert reloaded.waits_for_restart == ("gateway.name", "store.batch_rows")
        assert (s.pollers.config.gateway, s.pollers.config.store) == (GatewayConfig(), StoreConfig())
        assert s.incarnation("device/b") == 1
        assert [line["keys"] for line in s.log.of("reload.incomplete")] == 2 * [["gateway.name", "store.batch_rows"]]


async def test_what_a_person_set_survives_until_the_configuration_says_otherwise_on_the_very_same(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stage(monkeypatch, A, B, C) as s:
        control = s.pollers.control
        await control.set_interval("a", 5.0)
        await control.stop("b")
        await control.set_interval("c", 7.0)
        s.want(with_rules(A, deadband=1.0), with_rules(B, deadband=1.0), with_rules(C, deadband=1.0))
        assert (await s.reload.ask("a test")).overrides_ended == ()
        held = {"a": Override(poll_interval_s=5.0), "b": Override(stopped=True), "c": Override(poll_interval_s=7.0)}
        assert control.overrides == held
        asked = len(s.street.asked_at_s[BUS, 1])
        await trio.sleep(20)
        assert len(s.street.asked_at_s[BUS, 1]) == asked, "it is stopped, though its actor was started anew"
        s.want(with_rules(A, poll_interval_s=2.0), B)
        ended = (await s.reload.ask("a test")).overrides_ended
        assert ended == ("a (polled every 5 s)", "c (polled every 7 s)")
        assert control.overrides == {"b": Override(stopped=True)}
        s.want(with_rules(A, poll_interval_s=2.0), msgspec.structs.replace(B, enabled=False))
        assert (await s.reload.ask("a test")).overrides_ended == ("b (stopped by hand)",)
        assert control.overrides == {}


async def test_a_pool_that_fails_after_a_reload_comes_up_by_the_new_configuration(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stage(monkeypatch, A, B) as s:
        s.want(B, C)
        await s.reload.ask("a test")
        for pool in ("links", "devices"):
            await s.root.stop_child(pool)
            await s.root.restart_child(pool)
        await trio.sleep(5)
        assert set(s.children()) == {"link/modbus/bus:502", "device/b", "device/c"}


class NotToBeStarted(TrioActor):
    """A device's actor with a bug."""

    def on_start(self) -> None:
        raise ZeroDivisionError("a bug")


async def test_a_device_that_does_not_start_as_configured_goes_on_as_it_was(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stage(monkeypatch, A, B) as s:
        make = s.pollers._device

        def made(config: object, ordinal: int) -> DeviceActor | NotToBeStarted:
            is_bad = getattr(config, "unit_id", 0) == 9
            return NotToBeStarted() if is_bad else make(config, ordinal)  # type: ignore[arg-type]

        monkeypatch.setattr(s.pollers, "_device", made)
        s.want(device("a", unit_id=9), device("new", unit_id=9), with_rules(B, deadband=1.0))
        reloaded = await s.reload.ask("a test")
        assert [each.partition(":")[0] for each in reloaded.failed] == ["a goes on as it was", "new was not started"]
        assert len(s.log.of("reload.failed")) == 2
        assert [one.name for one in s.pollers.config.devices] == ["a", "b"]
        assert s.pollers.config.devices[0] == A
        await trio.sleep(5)
        assert len(s.street.asked_at_s["a:502", 1]) >= 4
        assert set(s.children()) == {"device/a", "device/b", "link/modbus/a:502", "link/modbus/bus:502"}
        s.want(A, with_rules(B, deadband=1.0))
        assert (await s.reload.ask("a test")).changed == ()


async def test_one_reload_waits_for_another_and_reads_the_file_in_its_turn(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stage(monkeypatch, A, serving=False) as s:
        done: list[str] = []

        async def ask(who: str) -> None:
            done.append(f"{who}: {(await s.reload.ask(who)).added}")

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask, "early")
            await trio.sleep(100)
            assert done == [], "the tree was not up: it waited"
            with pytest.raises(NotReloadable, match="under way"):
                await s.reload.ask("one too many")
            s.reload.ask_soon("a signal")  # the one that waits will do
            nursery.start_soon(s.reload.serve)
            await s.pollers.control.turn.acquire()
            s.want(A, B)
            await trio.sleep(1)
            nursery.start_soon(ask, "later")
            await trio.sleep(1)
            s.want(A, B, C)
            s.pollers.control.turn.release()
            await trio.sleep(10)
            assert done == ["early: ('b',)", "later: ('c',)"]
            nursery.cancel_scope.cancel()


async def test_a_reload_does_not_wait_for_devices_that_are_down(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stage(monkeypatch, A, B, C) as s:
        s.street.dead |= {"a:502", BUS}
        await trio.sleep(60)
        s.want(with_rules(A, deadband=1.0), with_rules(B, deadband=1.0))
        reloaded = await s.reload.ask("a test")
        assert reloaded.took_s < 1.0, "virtual seconds"
        s.street.dead.clear()
        asked = len(s.street.asked_at_s["a:502", 1])
        await trio.sleep(70)
        assert len(s.street.asked_at_s["a:502", 1]) > asked + 5


async def test_twenty_reloads_leave_nothing_behind(autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch) -> None:
    async with stage(monkeypatch, A, B) as s:
        sizes = set()
        for number in range(20):
            more = tuple(device(f"extra-{one}", BUS, 10 + one) for one in range(number % 2 * 4))
            s.want(with_rules(A, deadband=float(number)), B, *more)
            await s.reload.ask("a test")
            await trio.sleep(3)
            if not more:
                tasks = trio.lowlevel.current_statistics().tasks_living
                sizes.add((tasks - sum(s.street.connections.values()), len(s.children())))
        assert len(sizes) == 1, sizes
        assert s.street.connections == {"a:502": 1, BUS: 1}
        assert s.incarnation("device/b") == 1


async def test_an_error_of_ours_in_a_reload_is_told_and_the_gateway_lives(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stage(monkeypatch, A) as s:
        outcomes: list[str] = []
        s.reload.began, s.reload.ended = lambda: outcomes.append("began"), outcomes.append
        s.wanted = ZeroDivisionError("a bug")
        with pytest.raises(GatewayError, match="a bug"):
            await s.reload.ask("a test")
        (line,) = s.log.of("reload.failed")
        assert "ZeroDivisionError" in str(line["traceback"])
        s.want(A, B)
        await s.reload.ask("a test")
        assert s.incarnation("device/b") == 1
        assert outcomes == [
            "began",
            "the reload failed",
            "began",
            "1 devices added, 0 removed, 0 changed",
        ]


async def test_another_file_than_the_gateways_own_is_refused(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stage(monkeypatch, A) as s:
        with pytest.raises(NotReloadable, match=r"was started from /site.toml, not from /other.toml"):
            await s.reload.ask("a test", Path("/other.toml"))
        assert (await s.reload.ask("a test", FILE)).file == str(FILE)
        without = Reload(None, s.pollers, lambda: s.root, s.tell, lambda: 7, s.log)
        assert not without.is_possible
        with pytest.raises(NotReloadable, match="not started from a file"):
            await without.ask("a test")


async def test_no_value_of_a_key_is_in_what_a_reload_tells(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stage(monkeypatch, A) as s:
        s.want(device("a", "secret-host:502", unit_id=77))
        reloaded = await s.reload.ask("a test")
        assert "secret" not in str(msgspec.to_builtins(reloaded))
        assert "secret" not in str(s.log.of("reload.done"))
        assert reloaded.changed == ("a (address, unit_id)",)
