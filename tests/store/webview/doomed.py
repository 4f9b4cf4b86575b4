"""A process that stores and delivers batches, and ends by `kill -9` at a chosen point of its way.

python -m tests.store.webview.doomed FOLDER POINT NUMBER FIRST      at the NUMBER-th time it comes by that POINT; values from FIRST on
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

from t3actors.store.fence import Fence
from t3actors.store.webview.file import WebviewFile
from t3actors.store.webview.filling import Filling
from tests.store.building import T0_MS, announced, change
from tests.store.webview.scene import Scene

POINTS = {
    "before the batch's commit": (Fence, "end", "before"),
    "after the batch's commit": (Fence, "end", "after"),
    "before T3000's rows": (Filling, "write", "before"),
    "after T3000's rows": (Filling, "write", "after"),
    "after T3000's commit": (WebviewFile, "moved", "before"),
}
MOST_BATCHES = 200


def doom(kind: type, method: str, when: str, number: int) -> None:
    """Have the process killed there."""
    original = getattr(kind, method)
    left = [number]

    def doomed(*arguments: Any, **more: Any) -> Any:
        left[0] -= 1
        if when == "before" and left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        result = original(*arguments, **more)
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(kind, method, doomed)


def main(folder: Path, point: str, number: int, first: int) -> None:
    """Work until the end."""
    scene = Scene(folder).opened()
    scene.put(announced())
    scene.deliver()
    doom(*POINTS[point], number)
    for value in range(first, first + MOST_BATCHES):
        scene.put(change(value, at_ms=T0_MS + value * 1000))
        scene.deliver()
        if value % 3 == 0:
            scene.settle()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
