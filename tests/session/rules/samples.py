"""One event of every type, about supplier A, member m1 or nobody in particular; made by the host."""

from datetime import timedelta
from decimal import Decimal

from factory import (
    DEADLINE,
    GRAVE,
    START,
    A,
    B,
    announced,
    committee,
    digest,
    payload,
    schedule,
    supplier_person,
)
from steps import sheet

import app.session.rules.events_case as evc
import app.session.rules.events_evaluation as eve
import app.session.rules.events_opening as evo
import app.session.rules.events_waiting as evw
from app.session.rules.event import Event
from app.session.rules.people import Level

HEADER = digest(f"header {A}")
ENVELOPE = digest(f"envelope {A}")
OPENED = announced().log[0].event


def sign_in(who: str) -> evc.SignedIn:
    return evc.SignedIn(
        person=who,
        level=Level.PERSONAL_TOKEN,
        session=f"session {who}",
        certificate="",
        encryption_certificate=f"enc-{who}",
        chain=(),
        challenge="",
        challenge_signature="",
        revocation="good",
    )


def document(kind: str, *signers: str, subject: str = "") -> evc.DocumentIssued:
    fields = {who: f"Signature{n}" for n, who in enumerate(signers)}
    return evc.DocumentIssued(
        document=f"d-{kind}", kind=kind, pdf_sha256=digest(kind), fields=fields, entries=1, root="00", subject=subject
    )


def segment(source: str) -> evc.SegmentClosed:
    return evc.SegmentClosed(
        source=source,
        number=1,
        segment_sha256=digest(source),
        notes_sha256=digest("notes"),
        size=1,
        start=START,
        milliseconds=10_000,
        gaps=0,
    )


def source(who: str) -> evc.SourceStarted:
    return evc.SourceStarted(source=f"v-{who}", person=who, name=who, kind="camera")


def window(name: str) -> evc.WindowOpened:
    return evc.WindowOpened(window=name, seconds=60, until=DEADLINE + timedelta(hours=9))


def reviewed(stage: str) -> evo.ItemReviewed:
    return evo.ItemReviewed(stage=stage, supplier=A, reviewer="m1", passed={}, reasons={})


def decided(stage: str) -> evo.ReviewDecided:
    return evo.ReviewDecided(stage=stage, supplier=A, passed=True, failed_items=(), dissent={})


_SOME: tuple[tuple[str, Event], ...] = (
    ("person_added supplier", evc.PersonAdded(person=supplier_person(A))),
    ("person_added member", evc.PersonAdded(person=committee()[1])),
    ("person_added supervisor", evc.PersonAdded(person=announced().state.people["boss"])),
    ("signed_in supplier", sign_in("sa")),
    ("signed_in member", sign_in("m1")),
    ("signed_in officer", sign_in("officer")),
    ("connected supplier", evc.Connected(person="sa")),
    ("connected member", evc.Connected(person="m1")),
    ("admitted supplier", evc.Admitted(person="sa")),
    ("invitation_issued supplier", evc.InvitationIssued(person="sa", secret_sha256="00", expires=START)),
    ("phase_entered receiving", evc.PhaseEntered(phase="receiving", by="officer")),
    ("phase_entered decrypting", evc.PhaseEntered(phase="decrypting", by="officer")),
    ("phase_entered scoring", evc.PhaseEntered(phase="scoring", by="m1")),
    ("phase_entered quoting", evc.PhaseEntered(phase="quoting", by="m1")),
    ("window_opened decrypting", window("decrypting")),
    ("window_opened confirm", window(f"confirm:{A}")),
    ("window_opened qualification", window("qualification")),
    ("window_opened scoring", window("scoring")),
    ("window_opened quoting", window("quoting")),
    ("window_opened clarify", window("clarify:c1")),
    ("window_opened talks", window(f"talks:{A}")),
    ("window_opened resubmit", window("resubmit:ch1")),
    ("gate_waived recording_runs", evc.GateWaived(gate="recording_runs", reason="x")),
    ("gate_waived place_held", evc.GateWaived(gate="place_held", reason="x")),
    ("muted_by_officer all", evc.MutedByOfficer(person="", muted=True)),
    ("muted_by_officer member", evc.MutedByOfficer(person="m1", muted=True)),
    ("message_posted all", evc.MessagePosted(to="all", text="x")),
    ("message_posted officer", evc.MessagePosted(to="officer", text="x")),
    ("message_posted committee", evc.MessagePosted(to="committee", text="x")),
    ("message_posted supplier", evc.MessagePosted(to="sa", text="x")),
    ("absent_marked member", evc.AbsentMarked(person="m1", rule="x")),
    ("source_started supplier", source("sa")),
    ("source_started member", source("m1")),
    ("source_started officer", source("officer")),
    ("segment_closed member", segment("v-m1")),
    ("segment_closed supplier", segment("v-sa")),
    ("document_issued opening_record", document("opening_record", "sb", "officer")),
    ("document_issued evaluation_report", document("evaluation_report", "m1", "m2")),
    ("document_issued score_sheet", document("score_sheet", "m1", subject="m1")),
    ("document_issued bid_receipt", document("bid_receipt", subject=A)),
    ("item_reviewed qualification", reviewed("qualification")),
    ("item_reviewed conformity", reviewed("conformity")),
    ("review_decided qualification", decided("qualification")),
    ("review_decided conformity", decided("conformity")),
    ("person_seated member", evc.PersonSeated(person="m1", room="评审一室")),
    ("person_seated engineer", evc.PersonSeated(person="engineer", room="评审一室")),
    ("holders_fixed quote", eve.HoldersFixed(purpose="quote", k=1, holders={"m1": "x"})),
    ("holders_fixed sheet", eve.HoldersFixed(purpose="sheet", k=1, holders={"m1": "x"})),
)  # fmt: skip

_ONE_OF_A_KIND: tuple[Event, ...] = (
    OPENED,
    evc.CommitteeImported(people=committee(), draw_reference="x"),
    evc.CertificateReset(person="sa", reason="x"),
    evc.IdentityVerified(person="m1", verifier="clerk", code_sha256="00", note="x"),
    evc.RoomEquipped(room="评审一室", person="engineer"),
    evc.SupplierRegistered(person=supplier_person(A), certificate=""),
    evc.SignInRefused(person="sa", code="x"),
    evc.Disconnected(person="sa"),
    evc.KitCoreFixed(core_sha256="00", core="{}"),
    evc.OpenerAccepted(person="o1", acceptance="{}"),
    evc.HolderKeyMissing(person="o1"),
    evc.HolderKeyBack(person="o1"),
    evc.KitIssued(kit_sha256="00", openers=("o1", "o2")),
    evc.BidSubmitted(supplier=A, header_sha256=HEADER, envelope_sha256=ENVELOPE, size=1, receipt="x"),
    evc.BidWithdrawn(supplier=A, header_sha256="11", grave=GRAVE),
    evc.BidRefused(supplier=A, code="x"),
    evc.WindowExtended(window="decrypting", until=DEADLINE, reason="x"),
    evc.WindowClosed(window="scoring", elapsed=True),
    evc.Paused(reason="x"),
    evc.Resumed(seconds=Decimal(1)),
    evc.OutageNoted(seconds=Decimal(1), last_seen=START),
    evc.CaseFailed(ground="x", article="36", reason="x"),
    evc.ClockChecked(offsets={"sa": 1}),
    evc.Removed(person="sb", reason="x"),
    evc.HandRaised(person="sa"),
    evc.HandLowered(person="sa"),
    evc.RoomLocked(locked=True),
    evc.IncidentNoted(text="x"),
    evc.SupervisionNotice(text="x"),
    evc.AuthorisationFiled(person="sa", document_sha256=digest("authorisation")),
    evc.RecordingStarted(sources=("v-sa",), hours_left=9),
    evc.RecordingStopped(reason="x"),
    evc.DiskNoted(space="low", minutes_left=119, free=1),
    evc.AuthorityAdded(certificate="eA==", name="x", reason="x"),
    evc.TimeStampsNoted(missing=True, reason="TimeoutError"),
    evc.SourceLost(source="v-m1"),
    evc.SourceRestored(source="v-sa"),
    evc.DocumentSigned(document="d-evaluation_report", person="m1", pdf_sha256="00"),
    evc.DocumentStamped(document="d-evaluation_report", previous_sha256="00", pdf_sha256="01"),
    evc.SignatureRefused(document="d-evaluation_report", person="m1", reason="x"),
    evc.DeemedAgreed(document="d-opening_record", person="sb", rule="x"),
    evc.Delivered(request="c1", person="sa"),
    evc.Seen(request="c1", person="sa"),
    evc.CaseClosed(undone=()),
    evo.DisciplineRead(),
    evo.BidderListPublished(bidders=(A, B), names=("甲", "乙")),
    evo.RecusalRaised(recusal="r1", about="x", reason="x"),
    evo.RecusalRuled(recusal="r1", granted=False, reason="x"),
    evo.SealMatched(supplier=A, header_sha256=HEADER, size=1),
    evo.SealMismatch(supplier=A, raised_by="host", reason="x"),
    evo.SealMismatchRuled(supplier=A, admitted=True, reason="x"),
    evo.SealConfirmed(supplier=A),
    evo.ShareReleased(header_sha256=HEADER, commitment="00", share_sha256=digest("share"), grave=GRAVE),
    evo.SupplierKeyReleased(supplier=A, header_sha256=HEADER, commitment="0", share_sha256=digest("key"), grave=GRAVE),
    evo.BidOpened(supplier=A, header_sha256=HEADER, manifest_sha256=digest("manifest"), documents=()),
    evo.DecryptionFailed(supplier=A, cause="x", telemetry={}),
    evo.DecryptionTroubled(supplier=A, cause="x", telemetry={}),
    evo.FailureAttributed(supplier=A, attribution="supplier", reason="x"),
    evo.BackupAdmitted(supplier=A, reason="x"),
    evo.BackupHandedIn(supplier=A, backup_sha256=digest("backup")),
    evo.PriceCalled(supplier=A),
    evo.PriceRead(supplier=A, bid=payload(A, "900.00")),
    evo.PriceConfirmed(supplier=A, total=Decimal(900)),
    evo.PriceDisputed(supplier=A, text="x"),
    evo.ObjectionRaised(objection="o1", supplier=A, text="x"),
    evo.ObjectionAnswered(objection="o1", text="x"),
    evo.ObjectionAdjourned(objection="o1", reason="x"),
    evo.NoObjection(supplier=A),
    evo.BidsHandedOn(bids={A: payload(A, "900.00")}),
    evo.InvalidDeclared(stage="conformity", supplier=A, ground="x"),
    evo.InvalidNotified(supplier=A),
    eve.PhoneLocked(person="m1"),
    eve.PlacePolicyChecked(person="m1", note="x"),
    eve.CommitmentSigned(person="m1", text_sha256="00", grave=GRAVE),
    eve.RecusalDeclared(person="m1", reason="x"),
    eve.MemberRecusalRuled(person="m1", granted=False, reason="x"),
    eve.MemberReplaced(person="m1", substitute="", reason="x"),
    eve.LeaderVoteCast(voter="m1", candidate="m2", round=1),
    eve.LeaderElected(person="m2", round=1, votes={}),
    eve.LeaderTied(round=1, votes={}),
    eve.ClarificationAsked(clarification="c1", supplier=A, text="x", purpose="clarify", until=DEADLINE),
    eve.ClarificationAnswered(clarification="c1", text="x", grave=GRAVE),
    eve.ClarificationDefaulted(clarification="c1"),
    eve.SupplierCalled(supplier=A),
    eve.TalkStarted(supplier=A),
    eve.TalkEnded(supplier=A, seconds=1),
    eve.RequirementChanged(change="ch1", text="x"),
    eve.RequirementConfirmed(change="ch1"),
    eve.ResponseResubmitted(supplier=A, change="ch1", text="x", grave=GRAVE),
    eve.ResponseVoted(voter="m1", supplier=A, change="ch1", passed=True),
    eve.ResponseRechecked(supplier=A, change="ch1", passed=True, votes={}),
    eve.SupplierWithdrew(supplier=A, reason="x"),
    eve.QuoteSealed(supplier=A, header_sha256=digest("quote"), envelope_sha256=digest("quote envelope"), size=1),
    eve.SealedShareReleased(purpose="sheet", shares={}, grave=GRAVE),
    eve.QuotesOpened(quotes={A: schedule("900.00")}, failed={}),
    eve.CorrectionFound(supplier=A, clarification="c1", corrected=Decimal(1), steps=()),
    eve.PricesFixed(quotes={A: Decimal(900)}),
    evw.Reminded(person="m1", act="advance"),
    evw.LeaderSetAside(person="m1", reason="x"),
    evw.OfficerReplaced(person="officer", by="clerk", reason="x"),
    eve.LowPriceDoubted(supplier=A, member="m1", reason="x"),
    eve.LowPriceDoubtVoted(voter="m1", supplier=A, review=True, reason="x"),
    eve.LowPriceDoubtRuled(supplier=A, review=True, votes={}),
    eve.LowPriceTriggered(supplier=A, triggers=("x",), until=DEADLINE),
    eve.ExplanationFiled(supplier=A, text="x", grave=GRAVE),
    eve.LowPriceVoted(voter="m1", supplier=A, valid=True, reason="x"),
    eve.LowPriceRuled(supplier=A, valid=True, votes={}),
    eve.SheetSealed(member="m1", header_sha256=digest("sheet"), envelope_sha256=digest("sheet envelope"), size=1),
    eve.SheetsOpened(sheets={"m1": sheet({A: 1})}, failed={}),
    eve.SheetReopened(member="m1", ground="summing_error", reason="x"),
    eve.TotalsComputed(standings=(), findings=(), deviations=()),
    eve.DeviationReasoned(member="m1", supplier=A, criterion="", reason="x"),
    eve.TieResolved(order=(A, B), rule="quote_asc"),
    eve.RankingConfirmed(candidates=(A,)),
    eve.AgencyChecked(),
    eve.ReCheckAsked(ground="summing_error", reason="x"),
    eve.ReCheckAnswered(accepted=False, reason="x"),
    eve.DissentFiled(person="m1", text="x"),
)

SAMPLES: dict[str, Event] = {
    **dict(_SOME),
    **{str(event.__struct_config__.tag): event for event in _ONE_OF_A_KIND},
}
"""Name → event; a type that is seen differently by its content has several, ``<type> <what>``."""
