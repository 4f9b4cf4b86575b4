from __future__ import annotations

from pathlib import Path

import pytest

from t3actors.config import Config, StoreConfig, WebviewConfig
from t3actors.errors import ConfigError
from t3actors.store.webview import place
from t3actors.store.webview.place import file_system_of, list_mounts, must_be_here

MOUNTS = """\
23 28 0:21 / /proc rw,nosuid - proc proc rw
28 1 254:0 / / rw,relatime - ext4 /dev/vda rw
40 28 0:40 / /mnt/t3000 rw shared:5 - cifs //10.0.0.5/c rw
41 28 0:41 / /mnt/c\\040drive rw - 9p drvfs rw
42 28 0:42 / /mnt/t3000/local rw - xfs /dev/sdb rw
43 28 0:43 / /srv rw - nfs4 nas:/srv rw
44 28 0:44 / /srv rw - ext4 /dev/sdc rw
nonsense
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/lib/w.db", "ext4"), ("/mnt/t3000/w.db", "cifs"), ("/mnt/t3000x/w.db", "ext4"), ("/mnt/t3000/local/w.db", "xfs"),
        ("/mnt/c drive/w.db", "9p"), ("/srv/w.db", "ext4"), ("/mnt/t3000", "cifs"),
    ],
)  # fmt: skip
def test_the_deepest_and_latest_mount_says_what_a_path_lies_on(path: str, kind: str) -> None:
    assert file_system_of(path, MOUNTS) == kind


def test_without_mounts_nothing_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    assert file_system_of("/var/lib/w.db", "") is None
    monkeypatch.setattr(place, "MOUNTS", Path("/nonexistent"))
    assert list_mounts() == ""


def config(database: str) -> Config:
    return Config(store=StoreConfig(webview=WebviewConfig(database=Path(database))))


def test_a_share_is_refused_with_what_is_allowed() -> None:
    with pytest.raises(ConfigError) as refused:
        must_be_here(config("/mnt/t3000/webview_t3_device.db"), lambda: MOUNTS)
    (fault,) = refused.value.faults
    assert fault.startswith(
        "store.webview.database: /mnt/t3000/webview_t3_device.db lies on a network file system (cifs); allowed: a disk of"
    )


def test_a_disk_of_this_machine_is_not(tmp_path: Path) -> None:
    must_be_here(config(str(tmp_path / "w.db")), list_mounts)
    must_be_here(config("/nowhere/w.db"), lambda: "")
    must_be_here(Config(), lambda: MOUNTS)
