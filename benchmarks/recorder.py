"""What recording costs: packets as they came (ours) against aiortc's MediaRecorder (decode, encode), in one run.

``python -m benchmarks.recorder [--seconds 10]``. CPU time of the whole receiving process; "receive" is our router with
nothing attached, so the difference is the recorder.
"""

import argparse
import asyncio
import tempfile
from pathlib import Path
from typing import Any

from app.clock import SystemClock
from benchmarks.router import LOCAL, Connect, child, people, serve


async def serve_ours(record: bool) -> Connect:
    from app.media.embedded_router import EmbeddedRouter
    from app.media.recorder import Recorder

    router = await EmbeddedRouter.start(SystemClock(), addresses=LOCAL)
    if record:
        directory = Path(tempfile.mkdtemp(prefix="bidroom-bench-"))
        await Recorder(router, directory, SystemClock(), lambda _segment: None).start()

    async def connect(peer: str, offer: str, publishes: bool) -> str:
        return await router.connect(peer, offer, publishes=publishes)

    return connect


async def serve_aiortc() -> Connect:
    from aiortc import RTCBundlePolicy, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
    from aiortc.contrib.media import MediaRecorder

    from app.media.seams import Gathering

    kept: list[Any] = []

    async def connect(peer: str, offer: str, publishes: bool) -> str:
        pc = RTCPeerConnection(RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))
        await pc.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        Gathering(LOCAL).attach(pc.getTransceivers()[0].receiver.transport.transport._connection)
        recorder = MediaRecorder(tempfile.mkdtemp(prefix="bidroom-bench-") + "/out.webm")
        kept.extend((pc, recorder))
        for transceiver in pc.getTransceivers():
            recorder.addTrack(transceiver.receiver.track)
        await recorder.start()
        await pc.setLocalDescription(await pc.createAnswer())
        return pc.localDescription.sdp

    return connect


MODES = {
    "receive": lambda: serve_ours(False),
    "ours": lambda: serve_ours(True),
    "aiortc": serve_aiortc,
}


async def measure(mode: str, publishers: int, seconds: float) -> float:
    async with child("benchmarks.recorder", mode) as (process, connect):
        clients = await people(connect, publishers, 0)
        await asyncio.sleep(3)
        before = process.cpu_times()
        await asyncio.sleep(seconds)
        after = process.cpu_times()
        used = (after.user - before.user + after.system - before.system) / seconds * 100
        print(f"{mode:8} {publishers} publishers: {used:6.1f} % of a core, {used / publishers:6.2f} % each")
        await asyncio.gather(*(client.close() for client in clients))
        return used / publishers


async def main(seconds: float) -> None:
    aiortc = await measure("aiortc", 1, seconds)
    receive = await measure("receive", 6, seconds)
    ours = await measure("ours", 6, seconds)
    print(
        f"recording adds {ours - receive:.2f} % for each publisher; MediaRecorder takes {aiortc / ours:.0f} times ours"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--serve", choices=list(MODES))
    options = parser.parse_args()
    if options.serve:
        asyncio.run(serve(MODES[options.serve]))
    else:
        asyncio.run(main(options.seconds))
