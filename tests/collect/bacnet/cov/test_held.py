from __future__ import annotations

from t3actors.collect.bacnet.codec.tags import ObjectId
from t3actors.collect.bacnet.cov.held import Held
from t3actors.collect.bacnet.cov.standing import Standing
from t3actors.collect.bacnet.mapping import Item
from t3actors.collect.bacnet.objects import Shape
from t3actors.points import Kind, Point, Reading


def standing(process_id: int, instance: int) -> Standing:
    point = Point(point_id=f"AI{instance}", kind=Kind.INPUT, point_index=instance)
    item = Item(object=ObjectId(0, instance), point=point, shape=Shape.NUMBER)
    return Standing(
        item=item, process_id=process_id, confirmed=True, ends_s=50.0, granted_s=50.0, renew_at_s=25.0,
        asked_until_s=50.0,
    )  # fmt: skip


def two_held() -> Held:
    held = Held()
    held.add("AI1", standing(11, 1))
    held.add("AI2", standing(12, 2))
    return held


def test_what_ends_is_still_owed_to_the_device() -> None:
    held = two_held()
    held.end("AI1")
    assert (list(held.by_name), list(held.by_process), list(held.owed)) == (["AI2"], [12], [11])


def test_a_point_is_in_mode_cov_from_its_first_notification_until_its_subscription_ends() -> None:
    held = two_held()
    held.update_modes()
    before = held.modes
    assert before == frozenset()
    held.by_name["AI2"].hears(Reading("AI2", 1.0), 50.0, 1.0)
    held.update_modes()
    assert held.modes == {"AI2"}
    same = held.modes
    held.update_modes()
    assert held.modes is same, "who compares by identity sees that nothing has changed"
    held.end("AI2")
    assert held.modes == frozenset()


def test_what_has_run_out_is_not_taken_back_any_more() -> None:
    held = two_held()
    held.end("AI1")
    assert set(held.take_all(49.9)) == {11, 12}
    assert (len(held), held.by_process, held.owed) == (0, {}, {})
    assert two_held().take_all(50.0) == {}
