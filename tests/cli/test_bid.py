"""``bidroom bid`` from a folder of PDFs to a withdrawn bid, with a real token and a real host; JSON, exit codes."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest
from world import World, demo_person

from app.ca.modules import find_modules
from app.ca.token import PinRequest
from app.cli import bid, run
from app.procurement.data import encode
from app.rehearsal.cast import person_of
from app.rehearsal.demo_pki import SoftToken

PIN = "864213"


class Typed:
    """A person at the terminal; ``acts`` is what the PIN was asked for."""

    acts: ClassVar[list[str]] = []

    async def ask(self, request: PinRequest) -> str | None:
        Typed.acts.append(request.act.code)
        return None if request.wrong else PIN

    async def confirm_final(self, request: PinRequest) -> bool:
        return False


@pytest.fixture
def token(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SoftToken:
    """The first supplier's token."""
    if not any("softhsm" in module for module in find_modules()):
        pytest.skip("SoftHSM is not installed: no token tests ran")
    made = world.pki.provision_token(
        demo_person(person_of(world.samples["supplier-a"]), 77, supplier=True), tmp_path / "token", PIN
    )
    monkeypatch.setenv("BIDROOM_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("SOFTHSM2_CONF", made.env["SOFTHSM2_CONF"])
    monkeypatch.setenv("BIDROOM_LANGUAGE", "en")
    monkeypatch.setattr(bid, "PromptPin", Typed)
    monkeypatch.setattr(Typed, "acts", [])
    return made


@pytest.fixture
def tell(capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """Run a verb as the terminal does, beside the host's loop: exit code and, with ``--json``, its object."""

    async def go(*words: object) -> tuple[int, Any]:
        capsys.readouterr()
        code = await asyncio.to_thread(run, [str(word) for word in words])
        out = capsys.readouterr().out
        return code, json.loads(out) if "--json" in words else out

    return go


async def test_a_supplier_without_the_desk(
    world: World, token: SoftToken, tell: Callable[..., Any], tmp_path: Path
) -> None:
    await world.receiving()
    sample = world.samples["supplier-a"]
    kit, trust, case = tmp_path / "sealing.kit", world.pki.trust_file, tmp_path / "case.json"
    kit.write_bytes(world.kit.to_bytes())
    case.write_bytes(encode(world.file))
    folder = tmp_path / "mine"
    folder.mkdir()
    for name in ("资格.pdf", "商务.pdf", "技术.pdf"):
        (folder / name).write_bytes(world.bids["supplier-a"].files[0].read_bytes())
    table = tmp_path / "报价.csv"
    table.write_text("名称,数量,单位,单价\n扫描,1000,页,0.58\n著录,许多,条,1\n", "utf-8")

    # a table with a bad cell writes nothing; mended, it does
    args = ("bid", "new", folder, "--kit", kit, "--enterprise", "small", "--table", table, "--delivery", "180 d")
    code, told = await tell(*args, "--json")
    assert (code, told["written"]) == (3, "")
    assert [(p["row"], p["column"]) for p in told["problems"]] == [(3, "quantity")]
    table.write_text("名称,数量,单位,单价\n扫描,1000,页,0.58\n著录,1000,条,1\n", "utf-8")
    code, told = await tell(*args, "--json")
    assert (code, told["total"]) == (0, "1580.00")
    code, told = await tell(*args, "--json")
    assert (code, told["error"]["code"]) == (2, "bid.exists")
    written = json.loads((folder / "bid.json").read_bytes())
    assert written["supplier"]["uscc"] == person_of(sample).uscc
    assert {one["kind"] for one in written["documents"]} >= {"qualification", "technical"}

    # the check follows the case's own list
    code, told = await tell("bid", "check", folder, "--case", case, "--kit", kit, "--json")
    assert (code, told["may_seal"]) == (0, True)
    assert "bid_check.fact_missing" in {finding["code"] for finding in told["findings"]}
    gone = written["documents"][0]["name"]
    (folder / gone).rename(tmp_path / gone)
    code, told = await tell("bid", "check", folder, "--json")
    assert (code, told["may_seal"]) == (3, False)
    seal = ("bid", "seal", "--kit", kit, "--bid", folder, "--trust", trust, "--module", token.module, "--json")
    code, told = await tell(*seal, "--out", tmp_path / "no.bid")
    assert (code, told["error"]["code"]) == (2, "bid.incomplete")
    assert Typed.acts == []
    (tmp_path / gone).rename(folder / gone)

    # trial and sealing
    code, told = await tell("bid", "trial", "--kit", kit, "--module", token.module, "--json")
    assert (code, told["lasts"]) == (0, True)
    code, first = await tell(*seal, "--out", tmp_path / "1.bid", "--backup", tmp_path / "1.bak")
    assert code == 0
    assert first["trial"]["holder"]
    assert {one["holder"] for one in first["openers"]} == {world.samples[k].name for k in ("officer", "opener")}
    _, second = await tell(*seal, "--out", tmp_path / "2.bid", "--no-trial")

    # handing in, replacing, withdrawing
    me = ("--link", world.link().text(), "--name", sample.name, "--module", token.module)
    code, told = await tell("bid", "replace", tmp_path / "1.bid", "--receipt", tmp_path / "1.json", *me, "--json")
    assert (code, told["error"]["code"]) == (2, "bid.none_stands")
    hand_in = ("--receipt", tmp_path / "1.json", "--backup", tmp_path / "1.bak", *me, "--json")
    code, told = await tell("bid", "submit", tmp_path / "1.bid", *hand_in)
    assert (code, told["header_sha256"], told["replaces"]) == (0, first["header_sha256"], None)
    code, told = await tell("bid", "submit", tmp_path / "2.bid", "--receipt", tmp_path / "2.json", *me, "--json")
    assert (code, told["error"]["code"]) == (2, "bid.stands")
    code, told = await tell("bid", "replace", tmp_path / "2.bid", "--receipt", tmp_path / "2.json", *me, "--json")
    assert (code, bool(told["replaces"])) == (0, True)
    code, told = await tell("bid", "status", *me, "--json")
    assert told["standing"]["header_sha256"] == second["header_sha256"]
    check = ("bid", "receipt", tmp_path / "2.json", "--kit", kit, "--json")
    code, told = await tell(*check, "--envelope", tmp_path / "2.bid")
    assert (code, told["envelope_matches"]) == (0, True)
    assert person_of(sample).uscc in told["organisation"]
    code, told = await tell(*check, "--envelope", tmp_path / "1.bid")
    assert (code, told["error"]["code"]) == (2, "receipt.other_envelope")
    code, told = await tell("bid", "receipt", tmp_path / "2.json", "--host", "00" * 32, "--json")
    assert (code, told["error"]["code"]) == (2, "receipt.other_host")
    code, said = await tell("bid", "withdraw", *me)
    assert code == 0
    assert "Withdrawn" in said
    code, told = await tell("bid", "status", *me, "--json")
    assert (code, told["standing"]) == (0, None)
    assert world.state.bids[person_of(sample).uscc].withdrawn


async def test_a_bid_for_another_case_or_of_another_company_is_not_sealed(
    world: World, token: SoftToken, tell: Callable[..., Any], tmp_path: Path
) -> None:
    await world.receiving()
    kit = tmp_path / "sealing.kit"
    kit.write_bytes(world.kit.to_bytes())
    folder = tmp_path / "mine"
    folder.mkdir()
    made = world.bids["supplier-a"].payload
    for document, path in zip(made.documents, world.bids["supplier-a"].files, strict=True):
        (folder / document.name).write_bytes(path.read_bytes())
    body = {
        "schema": "bidroom.bid-file/1", "tender": made.tender, "lot": made.lot,
        "supplier": msgspec.to_builtins(world.bids["supplier-b"].payload.supplier),
        "price": json.loads(encode(made.price)),
        "documents": [{"name": d.name, "kind": d.kind} for d in made.documents],
    }  # fmt: skip
    seal = ("bid", "seal", "--kit", kit, "--bid", folder, "--trust", world.pki.trust_file, "--module", token.module,
            "--out", tmp_path / "x.bid", "--json")  # fmt: skip
    (folder / "bid.json").write_text(json.dumps(body), "utf-8")
    code, told = await tell(*seal)
    assert (code, told["error"]["code"]) == (2, "bid.foreign_supplier")
    (folder / "bid.json").write_text(json.dumps({**body, "tender": "KM-OTHER"}), "utf-8")
    code, told = await tell(*seal)
    assert (code, told["error"]["code"]) == (2, "bid.foreign_case")
    assert not (tmp_path / "x.bid").exists()
