"""Write the pages of Grafana into the charts that bring them, or with `--check` tell which ones are out of date.

Run through `make golden` and `make lint`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from logs_page import logs_page
from overview_page import overview_page
from service_page import service_page

ROOT = Path(__file__).resolve().parents[2]
SERVICE = Path("modules/helm-release/chart/files/dashboards")
PLATFORM = Path("modules/platform/charts/observability/files/dashboards")


def text_of(page: Dashboard) -> str:
    """Return a page as Grafana reads it, in one order of keys."""
    tree = json.loads(JSONEncoder().encode(page.build()))
    return json.dumps(tree, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def pages() -> dict[Path, str]:
    """Return the text of every page by its path below the root."""
    return {
        SERVICE / "service.json": text_of(service_page()),
        PLATFORM / "overview.json": text_of(overview_page()),
        PLATFORM / "logs.json": text_of(logs_page()),
    }


def main(arguments: list[str]) -> int:
    """Write the pages, or compare them."""
    stale = [path for path, text in pages().items() if not (ROOT / path).exists() or (ROOT / path).read_text() != text]
    if "--check" in arguments:
        for path in stale:
            print(f"dashboards: {path} is out of date; write it with: make golden", file=sys.stderr)
        return 1 if stale else 0
    for path in stale:
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(pages()[path], encoding="utf-8")
        print(f"dashboards: wrote {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
