"""Talks with one supplier at a time, changed requirements, sealed final quotes."""

import msgspec
from factory import CONSULTATION, GRAVE, SPEAKER, TENDER, A, B, C, D, Room, advance, digest, expert, opened, schedule
from steps import acts, open_quotes, quote, release, talk, to_conformity, to_quoting, to_talks

import app.session.rules.commands as cmd
import app.session.rules.events_case as evc
from app.session.rules.effects import OpenSealed
from app.session.rules.sealed import pending
from app.session.rules.table import due

FOUR = {A: "900.00", B: "800.00", C: "850.00", D: "870.00"}


def talking() -> Room:
    room = opened(CONSULTATION, FOUR)
    to_talks(room)
    return room


def quoting(prices: dict[str, str] | None = None) -> Room:
    room = opened(CONSULTATION, dict(FOUR) if prices is None else dict(prices))
    to_quoting(room)
    return room


def seal(supplier: str, text: str = "q") -> cmd.SealQuote:
    return cmd.SealQuote(header_sha256=digest(f"{text}{supplier}"), envelope_sha256=digest("e"), size=1)


def test_one_supplier_at_a_time_called_by_the_leader() -> None:
    room = talking()
    assert room.refuses("m2", cmd.CallSupplier(supplier=A)) == "refused.role"
    assert room.refuses("m1", cmd.CallSupplier(supplier="x")) == "refused.not_continuing"
    assert room.refuses("m1", cmd.StartTalk(supplier=A)) == "refused.not_called"
    assert room.refuses("m1", cmd.EndTalk(supplier=A)) == "refused.not_in_talk"
    room.does("m1", cmd.CallSupplier(supplier=A))
    assert room.refuses("m1", cmd.CallSupplier(supplier=B)) == "refused.one_at_a_time"
    room.does("m1", cmd.StartTalk(supplier=A))
    assert room.refuses("m1", cmd.Advance(phase="quoting", reason="x")) == "gate.talk_running"
    room.wait(90)
    room.does("m1", cmd.EndTalk(supplier=A))
    assert room.state.talks[A].seconds == 90
    assert not room.state.window_open(f"talks:{A}")
    assert room.refuses("m1", cmd.Advance(phase="quoting", reason="x")) == "gate.talk_missing"


def test_a_supplier_called_that_does_not_come_has_left_by_rule() -> None:
    room = talking()
    room.happens(evc.Disconnected(person="sa"))
    room.does("m1", cmd.CallSupplier(supplier=A))
    room.run_out(f"talks:{A}")
    assert room.state.withdrew == {A: "talk_missed"}
    room.does("m1", cmd.CallSupplier(supplier=B))


def test_a_supplier_that_waits_is_not_punished_for_a_slow_leader() -> None:
    room = talking()
    room.does("m1", cmd.CallSupplier(supplier=A))
    room.run_out(f"talks:{A}")
    assert room.state.withdrew == {}
    room.does("m1", cmd.StartTalk(supplier=A))


def test_a_supplier_may_leave_before_its_quote_is_in() -> None:
    room = talking()
    room.does("m1", cmd.CallSupplier(supplier=A), cmd.StartTalk(supplier=A))
    room.does("sa", cmd.WithdrawFromTalks(reason="无法满足"))
    assert room.state.in_talk == ""
    assert room.state.continuing() == (B, C, D)
    assert room.refuses("sa", cmd.WithdrawFromTalks(reason="再次")) == "refused.not_continuing"
    for supplier in (B, C, D):
        talk(room, supplier)
    advance(room, "quoting", "m1")
    room.does("sb", seal(B))
    assert room.refuses("sb", cmd.WithdrawFromTalks(reason="反悔")) == "refused.quote_is_in"


def test_the_purchasers_member_puts_a_change_in_force_for_all_at_once() -> None:
    room = talking()
    assert room.refuses("m2", cmd.ChangeRequirement(text="服务期改为 200 日")) == "refused.role"
    room.does("m1", cmd.ChangeRequirement(text="服务期改为 200 日"))
    respond = cmd.ResubmitResponse(change="ch1", text="接受", grave=GRAVE)
    assert room.refuses("sa", respond) == "refused.no_window"
    assert room.refuses("m2", cmd.ConfirmRequirement(change="ch1")) == "refused.not_purchaser"
    assert room.refuses("m0", cmd.ConfirmRequirement(change="ch7")) == "refused.no_request"
    room.does("m0", cmd.ConfirmRequirement(change="ch1"))
    assert room.refuses("m0", cmd.ConfirmRequirement(change="ch1")) == "refused.already_confirmed"
    vote = cmd.RecheckResponse(supplier=A, change="ch1", passed=True)
    assert room.refuses("m1", vote) == "refused.no_response"
    room.does("sa", respond)
    assert room.refuses("m1", vote) == "refused.window_runs"
    for supplier in (B, C, D):
        room.does(SPEAKER[supplier], respond)
    assert not room.state.window_open("resubmit:ch1")
    for member in ("m0", "m1", "m2"):
        for supplier in (A, B, C, D):
            passed = supplier != A or member == "m0"
            room.does(member, cmd.RecheckResponse(supplier=supplier, change="ch1", passed=passed))
    assert room.state.changes["ch1"].rechecked == {A: False, B: True, C: True, D: True}
    assert room.state.invalid == {A: "response.ch1"}
    assert room.refuses("m1", vote) == "refused.no_response"
    for supplier in (B, C, D):
        talk(room, supplier)
    advance(room, "quoting", "m1")


def test_a_change_in_force_must_be_answered_before_quoting() -> None:
    room = talking()
    for supplier in (A, B, C, D):
        talk(room, supplier)
    room.does("m1", cmd.ChangeRequirement(text="x"))
    room.does("m0", cmd.ConfirmRequirement(change="ch1"))
    assert room.refuses("m1", cmd.Advance(phase="quoting", reason="x")) == "gate.response_unchecked"
    for supplier in (B, C, D):
        room.does(SPEAKER[supplier], cmd.ResubmitResponse(change="ch1", text="接受", grave=GRAVE))
    room.run_out("resubmit:ch1")
    assert room.state.withdrew == {A: "resubmit_missed"}


def test_a_tender_knows_no_talks() -> None:
    room = opened(TENDER)
    assert room.refuses("officer", cmd.CallSupplier(supplier=A)) == "refused.role"
    assert room.refuses("sa", seal(A)) == "refused.phase"


def test_quotes_are_sealed_to_more_than_half_of_the_members() -> None:
    room = quoting()
    fixed = room.state.sealed["quote"]
    assert (fixed.k, fixed.holders) == (2, {m: f"enc-{m}" for m in ("m0", "m1", "m2")})


def test_the_latest_quote_before_the_clock_ends_counts() -> None:
    room = quoting()
    room.does("sa", seal(A, "first"))
    room.does("sa", seal(A, "second"))
    assert room.state.sealed["quote"].envelopes[A].header_sha256 == digest(f"second{A}")
    assert room.refuses("m1", cmd.ReleaseSealed(purpose="quote", shares={}, grave=GRAVE)) == "release.not_all_in"
    room.run_out("quoting")
    assert room.refuses("sb", seal(B)) == "refused.not_continuing"
    assert room.state.withdrew == {B: "quote_missed", C: "quote_missed", D: "quote_missed"}


def test_with_too_few_quotes_none_is_opened() -> None:
    room = quoting({A: "900.00", B: "800.00", C: "850.00"})
    quote(room, A, B)
    room.run_out("quoting")
    shares = dict.fromkeys(pending(room.state, "quote"), "s")
    released = cmd.ReleaseSealed(purpose="quote", shares=shares, grave=GRAVE)
    assert room.refuses("m1", released) == "gate.minimum_count"
    assert due(room.state) == ()
    assert acts(room) == set()


def test_quotes_open_when_k_members_have_released_every_share() -> None:
    room = quoting()
    quote(room, A, B, C, D)
    some = dict.fromkeys(list(pending(room.state, "quote"))[:2], "s")
    assert room.refuses("m1", cmd.ReleaseSealed(purpose="quote", shares=some, grave=GRAVE)) == "release.other_envelopes"
    assert room.refuses("m1", cmd.ReleaseSealed(purpose="sheet", shares={}, grave=GRAVE)) == "release.purpose"
    release(room, "quote", "m1")
    assert due(room.state) == ()
    everything = dict.fromkeys(pending(room.state, "quote"), "s")
    again = cmd.ReleaseSealed(purpose="quote", shares=everything, grave=GRAVE)
    assert room.refuses("m1", again) == "release.again"
    early = cmd.ReportQuotes(quotes={s: schedule("1.00") for s in FOUR}, failed={})
    assert room.tries("host", early) == ()
    release(room, "quote", "m2")
    assert due(room.state) == (OpenSealed("quote"),)
    assert room.refuses("host", cmd.ReportQuotes(quotes={}, failed={})) == "refused.other_envelopes"


def test_a_quote_that_cannot_be_read_is_out_and_the_others_go_on() -> None:
    room = quoting()
    quote(room, A, B, C, D)
    release(room, "quote")
    quotes = {s: schedule("800.00") for s in (B, C, D)}
    room.does("host", cmd.ReportQuotes(quotes=quotes, failed={A: "envelope.damaged"}))
    assert room.state.invalid == {A: "quote.envelope.damaged"}
    assert room.state.phase == "low_price"
    assert room.state.fixed_quotes.keys() == {B, C, D}


def test_when_too_many_holders_are_lost_quotes_are_sealed_again() -> None:
    room = quoting()
    room.does("sa", seal(A))
    room.does("officer", cmd.ReplaceMember(person="m1", substitute=expert("m8"), reason="突发疾病"))
    room.signs_in("m8")
    assert room.state.sealed["quote"].envelopes.keys() == {A}
    room.does("officer", cmd.ReplaceMember(person="m2", substitute=expert("m9"), reason="突发疾病"))
    assert room.state.sealed["quote"].envelopes == {}
    assert room.state.sealed["quote"].holders.keys() == {"m0", "m8"}
    assert room.state.window_open("quoting")


def test_a_member_without_a_certificate_to_seal_to_holds_no_share() -> None:
    room = opened(CONSULTATION)
    to_talks(room)
    for supplier in (A, B, C):
        talk(room, supplier)
    bare = {
        p: s if p == "m0" else msgspec.structs.replace(s, encryption_certificate="")
        for p, s in room.state.signed_in.items()
    }
    room.state = room.state.with_(signed_in=bare)
    assert room.refuses("m1", cmd.Advance(phase="quoting", reason="x")) == "gate.too_few_holders"


def test_open_quotes_settle_the_price() -> None:
    room = quoting()
    quote(room, A, B, C, D)
    open_quotes(room, {A: "700.00", B: "710.00", C: "720.00", D: "730.00"})
    assert {s: str(q) for s, q in room.state.fixed_quotes.items()} == {
        A: "700.00",
        B: "710.00",
        C: "720.00",
        D: "730.00",
    }


def test_the_method_must_know_changes() -> None:
    room = opened(CONSULTATION)
    to_conformity(room)
    assert room.refuses("m1", cmd.ChangeRequirement(text="x")) == "refused.phase"
