"""``bidroom demo``: plays a whole case and says what is happening; ends by verifying the archive it wrote."""

import argparse
import asyncio
import os
import sys

from app.bootstrap import rehearsal_plan, rehearse, verify
from app.cli.texts import demo_step, verification_lines


def has_screen() -> bool:
    """Whether windows can be shown here."""
    return sys.platform in ("win32", "darwin") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def demo(options: argparse.Namespace) -> int:
    """Play, verify, say how it went; the exit status is the verification's."""
    plan = rehearsal_plan(
        options.out, options.method, options.case, options.bids, media=options.media, big_bytes=options.big
    )

    def tell(step: str) -> None:
        print(demo_step(step), flush=True)

    if options.headless or not has_screen():
        outcome = asyncio.run(rehearse(plan, tell))
    else:
        from app.bootstrap.desk import rehearse_with_windows

        shown = rehearse_with_windows(plan, tell)
        if shown is None:
            return 1
        outcome = shown
    result = verify(outcome.archive, [plan.out / "trust.pem"], outcome.expect)
    print("\n".join(verification_lines(result)))
    print(f"{demo_step('done')} {outcome.archive}")
    return result.exit_code
