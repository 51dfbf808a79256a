"""What forwarding costs: raw RTP (ours) against decoding and encoding again (aiortc's MediaRelay), in one run.

``python -m benchmarks.router [--seconds 8]``. The router runs in a child process whose CPU time is read; publishers
and readers (which only count) are in this one. A pair is the sound and picture of one publisher for one reader.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import psutil

from app.clock import SystemClock
from app.media.client import MediaClient
from app.media.router import WantedTile
from app.media.sources import Tone
from app.media.testcard import TestCard

LOCAL = ["127.0.0.1"]
Connect = Callable[[str, str, bool], Any]


async def serve_raw() -> Connect:
    """Our router; everyone may receive everything."""
    from app.media.embedded_router import EmbeddedRouter

    router = await EmbeddedRouter.start(SystemClock(), addresses=LOCAL)

    async def connect(peer: str, offer: str, publishes: bool) -> str:
        router.allow(peer, [f"P{i}/{kind}" for i in range(32) for kind in ("audio", "video")])
        return await router.connect(peer, offer, publishes=publishes)

    return connect


async def serve_relay() -> Connect:
    """aiortc as its documentation shows it."""
    from aiortc import RTCBundlePolicy, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
    from aiortc.contrib.media import MediaRelay

    from app.media.seams import Gathering

    relay, published, connections = MediaRelay(), {"audio": [], "video": []}, []

    async def connect(peer: str, offer: str, publishes: bool) -> str:
        pc = RTCPeerConnection(RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))
        connections.append(pc)
        await pc.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        Gathering(LOCAL).attach(pc.getTransceivers()[0].receiver.transport.transport._connection)
        waiting = {kind: list(tracks) for kind, tracks in published.items()}
        for transceiver in pc.getTransceivers():
            if publishes:
                published[transceiver.kind].append(transceiver.receiver.track)
            elif waiting[transceiver.kind]:
                transceiver.direction = "sendonly"
                transceiver.sender.replaceTrack(relay.subscribe(waiting[transceiver.kind].pop(0)))
        await pc.setLocalDescription(await pc.createAnswer())
        return pc.localDescription.sdp

    return connect


async def serve(make: Callable[[], Any]) -> None:
    """Answer offers that come as JSON lines on standard input."""
    connect = await make()
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        ask = json.loads(line)
        print(json.dumps(await connect(ask["peer"], ask["offer"], ask["publishes"])), flush=True)


@asynccontextmanager
async def child(module: str, mode: str) -> AsyncIterator[tuple[psutil.Process, Connect]]:
    """A server process and how to connect to it."""
    files = tempfile.TemporaryDirectory()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, "--serve", mode, limit=1 << 20,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        env={**os.environ, "TMPDIR": files.name},
    )  # fmt: skip
    assert process.stdin
    assert process.stdout
    lock = asyncio.Lock()

    async def connect(peer: str, offer: str, publishes: bool) -> str:
        async with lock:
            process.stdin.write(json.dumps({"peer": peer, "offer": offer, "publishes": publishes}).encode() + b"\n")
            while not (line := await process.stdout.readline()).startswith(b'"'):
                assert line, "the server has ended"
            return json.loads(line)

    try:
        yield psutil.Process(process.pid), connect
    finally:
        process.kill()
        await process.wait()
        files.cleanup()


async def people(connect: Connect, publishers: int, readers: int) -> list[MediaClient]:
    """Publishers at 640x360, 15 pictures a second, then readers; returned when all are connected."""
    made: list[MediaClient] = []

    async def join(name: str, publishes: bool, **options: Any) -> None:
        client = MediaClient(
            lambda offer: connect(name, offer, publishes),
            SystemClock(),
            publishes=publishes,
            addresses=LOCAL,
            **options,
        )
        made.append(client)
        await client.start()
        while client.state != "connected":
            await asyncio.sleep(0.02)

    for i in range(publishers):
        card = TestCard(f"P{i}", datetime.now, width=640, height=360, rate=15)
        await join(f"P{i}", True, frames=card, sound=Tone(i), muted=False, camera=True, video_slots=0, audio_slots=0)
    for i in range(readers):
        await join(f"R{i}", False, video_slots=publishers, audio_slots=publishers)
        made[-1].watch([WantedTile(f"P{n}/video", 640) for n in range(publishers)])
    return made


async def measure(mode: str, publishers: int, readers: int, seconds: float) -> float:
    async with child("benchmarks.router", mode) as (process, connect):
        clients = await people(connect, publishers, readers)
        await asyncio.sleep(3)

        def frames() -> int:
            return sum(s.frames for c in clients for s in c.stats().slots if s.kind == "video")

        before, first = process.cpu_times(), frames()
        await asyncio.sleep(seconds)
        after, last = process.cpu_times(), frames()
        used = (after.user - before.user + after.system - before.system) / seconds * 100
        pairs = publishers * readers
        print(
            f"{mode:6} {publishers} publishers x {readers} readers = {pairs:3} pairs: {used:6.1f} % of a core, "
            f"{used / pairs:6.2f} % a pair, {(last - first) / seconds / pairs:4.1f} of 15 pictures/s"
        )
        await asyncio.gather(*(client.close() for client in clients))
        return used / pairs


async def main(seconds: float) -> None:
    relay = await measure("relay", 2, 2, seconds)
    raw = await measure("raw", 2, 2, seconds)
    many = await measure("raw", 2, 12, seconds)
    print(f"a pair costs MediaRelay {relay / raw:.0f} times as much ({relay / many:.0f} times with 24 pairs)")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--serve", choices=["raw", "relay"])
    options = parser.parse_args()
    if options.serve:
        asyncio.run(serve({"raw": serve_raw, "relay": serve_relay}[options.serve]))
    else:
        asyncio.run(main(options.seconds))
