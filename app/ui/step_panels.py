"""Which panel stands below the video: by phase, and for some phases by who looks."""

from app.session.rules.people import Role
from app.session.rules.state import ANNOUNCED, CLOSED, FAILED, RECEIVING
from app.ui.evaluation.agency_check import AgencyCheckPanel
from app.ui.evaluation.assembling import AssemblingPanel
from app.ui.evaluation.commitment import CommitmentPanel
from app.ui.evaluation.expert_desk import ExpertDesk
from app.ui.evaluation.leader import LeaderPanel
from app.ui.evaluation.low_price import LowPricePanel
from app.ui.evaluation.progress import SealedProgressPanel, may_revise
from app.ui.evaluation.quote import QuotePanel
from app.ui.evaluation.report import ReportPanel
from app.ui.evaluation.review import ReviewPanel
from app.ui.evaluation.summary import SummaryPanel
from app.ui.evaluation.supplier_side import SupplierEvaluationPanel
from app.ui.evaluation.talks import TalksPanel
from app.ui.opening.closing import ClosingPanel
from app.ui.opening.decrypting import DecryptingPanel
from app.ui.opening.discipline import DisciplinePanel
from app.ui.opening.gathering import GatheringPanel
from app.ui.opening.objections import ObjectionsStep
from app.ui.opening.reading import ReadingPanel
from app.ui.opening.seal_wall import SealWallPanel
from app.ui.opening.signing import SigningPanel
from app.ui.opening.waiting import ReceivingPanel
from app.ui.phase_panel import PhasePanel
from app.ui.room.room_screen import RoomScreen
from app.ui.room_snapshot import Surroundings
from app.ui.step_facts import StepContext, StepFacts
from app.ui.supervision.supervisor_step import SupervisorStep

UNKNOWN = Surroundings()
OPENING: dict[str, type[PhasePanel]] = {
    "gathering": GatheringPanel,
    "discipline": DisciplinePanel,
    "seal_check": SealWallPanel,
    "decrypting": DecryptingPanel,
    "reading": ReadingPanel,
    "objections": ObjectionsStep,
    "signing": SigningPanel,
    "opening_closed": ClosingPanel,
    "evaluation_closed": ClosingPanel,
    CLOSED: ClosingPanel,
    FAILED: ClosingPanel,
}
EVALUATION: dict[str, type[PhasePanel]] = {
    "qualification": ReviewPanel,
    "conformity": ReviewPanel,
    "assembling": AssemblingPanel,
    "commitment": CommitmentPanel,
    "leader": LeaderPanel,
    "talks": TalksPanel,
    "quoting": SealedProgressPanel,
    "low_price": LowPricePanel,
    "scoring": SealedProgressPanel,
    "summary": SummaryPanel,
    "agency_check": AgencyCheckPanel,
    "report": ReportPanel,
}


def panel_type(facts: StepFacts, *, revising: bool = False) -> type[PhasePanel]:
    """The panel for this person in this phase; ``revising``: a member changes the sheet it has sealed."""
    phase = facts.state.phase
    if phase in (ANNOUNCED, RECEIVING, ""):
        staff = facts.state.has_role(facts.me, Role.OFFICER, Role.CLERK)
        return GatheringPanel if staff and facts.state.lot is not None else ReceivingPanel
    if facts.supplier and phase == "opening_closed":
        return SupplierEvaluationPanel  # a supplier is not told which phase of the evaluation has been reached
    if phase in OPENING:
        return OPENING[phase]
    if facts.supplier:
        return QuotePanel if phase == "quoting" else SupplierEvaluationPanel
    scoring = phase == "scoring" and facts.member and facts.me not in facts.state.sheets
    if scoring and (_scores_now(facts) or (revising and may_revise(facts))):
        return ExpertDesk
    return EVALUATION.get(phase, ClosingPanel)


def _scores_now(facts: StepFacts) -> bool:
    """A member's own desk stands until its sheet is sealed; then it sees who is still missing."""
    sealed = facts.state.sealed.get("sheet")
    return facts.me in facts.state.commitments and (sealed is None or facts.me not in sealed.envelopes)


def make_panel(
    context: StepContext,
    facts: StepFacts,
    around: Surroundings = UNKNOWN,
    distrust: str = "",
    *,
    revising: bool = False,
) -> PhasePanel:
    """A new panel that shows ``facts``; a supervisor's has the step and its own side."""
    made: PhasePanel = panel_type(facts, revising=revising)(context)  # type: ignore[call-arg]
    if supervises(facts):
        made = SupervisorStep(context, made)
        made.show_around(around, distrust)
    made.show_snapshot(facts)
    return made


def place_panel(screen: RoomScreen, panel: PhasePanel, *, video: bool = False) -> None:
    """Give the room's parts the place this panel wants; ``video``: with the video although it fills the room."""
    screen.focus_step(panel.fills_room and not video)
    share = max(panel.share, 0.55) if panel.fills_room else panel.share
    screen.middle.set_shares([1 - share, share])


def supervises(facts: StepFacts) -> bool:
    """Whether the person watches as a supervisor."""
    return facts.state.has_role(facts.me, Role.SUPERVISOR)
