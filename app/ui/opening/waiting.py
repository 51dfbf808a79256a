"""Before the opening begins: what has been received, when it opens, that nothing can be read until then."""

from app.session.rules.people import Role
from app.ui import texts
from app.ui.i18n import tr
from app.ui.phase_panel import Note, PhasePanel
from app.ui.step_facts import StepContext, StepFacts


class ReceivingPanel(PhasePanel):
    """公告与接收: for everyone; the number of bids is shown to nobody before the deadline."""

    def __init__(self, context: StepContext) -> None:
        super().__init__(context, "接收投标文件")
        self.note = Note()
        self.add(self.note, None)

    def show_facts(self, facts: StepFacts) -> None:
        state = facts.state
        if state.lot is None:
            self.note.say(tr("已登录。项目资料在主机准许后显示。"))
            return
        self.countdown.setVisible(True)
        self.countdown.run(state.lot.deadline)
        lines = [tr("截止时间 {time}", time=texts.full_time(state.lot.deadline))]
        own = state.bids.get(facts.supplier) if facts.supplier else None
        if facts.supplier:
            lines.append(
                tr("主机已签收您的文件（摘要 {digest}）。截止前可以撤回或替换。", digest=own.header_sha256[:16])
                if own is not None and not own.withdrawn
                else tr("主机还没有收到您的文件。请从“我的项目”进入“加密投标文件”。")
            )
        elif state.has_role(facts.me, Role.OFFICER):
            lines.append(tr("截止前任何人（包括主持人和主机）都看不到谁递交了文件。"))
        self.note.say("\n".join(lines))
