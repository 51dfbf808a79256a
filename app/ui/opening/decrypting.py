"""解密投标文件: per supplier what has been released, what is verified, what failed and whose cause it was."""

from PySide6.QtWidgets import QProgressBar, QWidget

import app.session.rules.commands as cmd
from app.session.rules.people import Role
from app.session.rules.state import Bid
from app.ui import texts
from app.ui.i18n import capital, tr
from app.ui.phase_panel import PhasePanel
from app.ui.room.step_panel import ActButton
from app.ui.room_acts import Asking, Choice, HandInBackup, ReleaseBids, ReleaseFromPaper
from app.ui.step_facts import StepContext, StepFacts
from app.ui.view import column, label, row
from app.ui.widgets.chip import Tone
from app.ui.widgets.data_table import Cell, ChipCell, Column, DataTable

ATTRIBUTIONS = ("supplier", "platform", "ruled")
REMINDER = "请在解密时限内插入证书，点击“解密我的投标文件”。"


class DecryptingPanel(PhasePanel):
    """The table for all; a supplier's own large button; an opener's release."""

    share = 0.45

    def __init__(self, context: StepContext) -> None:
        super().__init__(context, "解密投标文件", "解密时限内完成；逾期按规则认定并说明原因")
        self.release, self.remind = ActButton("plain", "unlock"), ActButton("plain")
        self.attribute, self.extend = ActButton("danger"), ActButton("plain", "clock")
        self.release.clicked.connect(self._release)
        self.remind.clicked.connect(self._remind)
        self.attribute.clicked.connect(self._attribute)
        self.extend.clicked.connect(self._extend)
        self.admit = ActButton("plain")
        self.admit.clicked.connect(self._admit)
        for button in (self.remind, self.extend, self.attribute, self.admit, self.release):
            self.add_act(button)
        self.say(self.extend.setText, "延长…")
        self.decrypt, self.trouble = ActButton("primary", "key"), ActButton("link", "help")
        self.decrypt.clicked.connect(lambda: self.ask(ReleaseBids((self.facts().supplier,))))
        self.trouble.clicked.connect(self._trouble)
        self.paper, self.hand_in = ActButton("link"), ActButton("primary")
        self.paper.clicked.connect(lambda: self.ask(ReleaseFromPaper()))
        self.hand_in.clicked.connect(lambda: self.ask(HandInBackup()))
        self.say(self.paper.setText, "我的 CA 锁不可用，使用纸质恢复词…")
        self.say(self.hand_in.setText, "提交备用文件…")
        self.say(self.trouble.setText, "遇到困难…")
        self._own, self._own_text = QWidget(), label("section", wrap=True)
        self._busy = QProgressBar()
        self._busy.setRange(0, 0)
        self._busy.setTextVisible(False)
        self._busy.hide()
        self.say(self._busy.setAccessibleName, "正在解密")
        line = row(self._own_text, self.trouble, self.hand_in, self.decrypt, spacing=12)
        line.setStretch(0, 1)
        self._own.setLayout(column(line, row(self.paper, None), self._busy, spacing=8))
        self.table = DataTable(
            (Column("供应商", stretch=True, width=84), Column("密封核对", width=60), Column("供应商解密", width=60),
             Column("开标人份额", width=60), Column("完整性", width=60), Column("报价", width=50),
             Column("状态", width=60)),
        )  # fmt: skip
        self.add(self._own, self.table)
        self.body.setStretch(2, 1)

    def set_pending(self, pending: bool) -> None:
        super().set_pending(pending)
        self._busy.setVisible(pending and bool(self.snapshot and self.snapshot.supplier))

    def show_facts(self, facts: StepFacts) -> None:
        state = facts.state
        self.table.show_rows([self._row(facts, state.bids[s]) for s in state.valid_bids()])
        own = state.bids.get(facts.supplier) if facts.supplier else None
        self._own.setVisible(own is not None)
        if own is not None:
            self._show_own(own)
        mine = self._to_release(facts)
        self.release.setVisible(bool(mine))
        self.release.setText(tr("放行我的份额（{count} 份）", count=len(mine)))
        late = self._late(facts)
        self.remind.setVisible(facts.officer and bool(late))
        if late:
            self.remind.setText(tr("提醒 {name}", name=facts.short(late[0])))
        failed = self._failed(facts)
        self.attribute.setVisible(facts.officer and bool(failed))
        if failed:
            self.attribute.setText(tr("认定原因：{name}", name=facts.short(failed[0])))
        admissible = self._admissible(facts)
        self.admit.setVisible(facts.officer and bool(admissible))
        if admissible:
            self.admit.setText(tr("启用备用文件：{name}…", name=facts.short(admissible[0])))
        self.extend.setVisible(facts.officer and facts.window("decrypting") is not None)

    def _show_own(self, bid: Bid) -> None:
        done = bid.opened or bool(bid.supplier_share)
        text = tr("您的投标文件已解密并通过验证。") if bid.opened else tr("您的密钥已放行，等待开标人份额与验证。")
        if bid.failure:
            text = tr("解密没有成功：{cause}", cause=texts.word("cause", bid.failure))
        elif not done and not bid.settled:
            text = tr("请插入加密时使用的证书，解密您的投标文件。")
        if bid.backup_sha256 and not bid.opened:
            text = tr("备用文件已提交，主机正在核对。")
        elif bid.backup_admitted and not bid.opened:
            text = tr(
                "您的投标文件没有解开，主持人已启用备用文件。请在时限内提交密封时保存的备用文件；逾期维持原认定。"
            )
        elif bid.attribution and not bid.opened:
            text = tr("解密失败，已认定：{cause}", cause=texts.word("cause", bid.attribution))
        self._own_text.setText(text)
        backup = bool(bid.backup_admitted)
        self.hand_in.setVisible(backup and not bid.backup_sha256 and not bid.opened)
        again = not done or bool(bid.failure)
        self.paper.setVisible(bid.recovery and again and not bid.settled and not backup)
        self.decrypt.setVisible(not bid.opened and not backup)
        self.decrypt.allow((not done or bool(bid.failure)) and not bid.settled)
        self.trouble.setVisible(not done and not backup)
        self.decrypt.setText(tr("解密我的投标文件"))

    def _row(self, facts: StepFacts, bid: Bid) -> list[Cell]:
        state = facts.state
        policy = state.the_lot().opening_policy
        seal = ChipCell(f"{tr('一致')} {bid.header_sha256[:4]}", Tone.OK)
        if bid.supplier_share or bid.opened:
            key = ChipCell(tr("已放行"), Tone.OK)
        elif bid.trouble:
            key = ChipCell(texts.word("trouble", bid.trouble), Tone.WARN)
        else:
            key = ChipCell(tr("等待"), Tone.NEUTRAL)
        if policy.layers == "openers":
            key = ChipCell(tr("不需要"), Tone.NEUTRAL)
        count = sum(state.has_role(p, Role.OPENER) for p in bid.shares)
        if policy.layers == "supplier":
            shares: Cell = tr("不需要")
        elif bid.opened and not bid.shares:
            shares = ChipCell(tr("已放行"), Tone.OK)
        else:
            shares = ChipCell(tr("{count}/{all} 已放行", count=count, all=policy.k),
                              Tone.OK if count >= policy.k else Tone.NEUTRAL)  # fmt: skip
        if bid.opened:
            size = sum(document.size for document in bid.documents)
            whole = ChipCell(tr("已验证 {size}", size=texts.size_text(size or bid.size)), Tone.OK)
        else:
            whole = ChipCell(tr("等待"), Tone.NEUTRAL)
        price = capital(tr("已封存")) if bid.opened else None
        return [facts.supplier_name(bid.supplier), seal, key, shares, whole, price, self._state(bid)]

    def _state(self, bid: Bid) -> ChipCell:
        if bid.opened:
            by_backup = bool(bid.backup_admitted)
            return ChipCell(tr("经备用文件开启") if by_backup else texts.word("state", "opened"), Tone.OK)
        if bid.backup_admitted:
            given = bool(bid.backup_sha256)
            return ChipCell(tr("备用文件已提交") if given else tr("等待备用文件"), Tone.INFO if given else Tone.WARN)
        if bid.attribution:
            return ChipCell(texts.word("cause", bid.attribution), Tone.BAD)
        if bid.failure:
            return ChipCell(texts.word("state", "failed"), Tone.BAD)
        return ChipCell(tr("解密中"), Tone.INFO)

    def _to_release(self, facts: StepFacts) -> tuple[str, ...]:
        state = facts.state
        if facts.me not in state.kit_openers:
            return ()
        return tuple(
            s
            for s in state.valid_bids()
            if not state.bids[s].settled and not state.bids[s].backup_admitted and facts.me not in state.bids[s].shares
        )

    def _late(self, facts: StepFacts) -> tuple[str, ...]:
        bids = facts.state.bids
        return tuple(
            s
            for s in facts.state.valid_bids()
            if not bids[s].settled and not bids[s].supplier_share and not bids[s].backup_admitted
        )

    def _admissible(self, facts: StepFacts) -> tuple[str, ...]:
        """Whose committed backup the rules let the officer admit now."""
        bids = facts.state.bids
        return tuple(
            s
            for s in facts.state.valid_bids()
            if bids[s].backup and not bids[s].opened and not bids[s].backup_admitted
            and bids[s].attribution in ("platform", "ruled")
        )  # fmt: skip

    def window_name(self, facts: StepFacts) -> str:
        """The clock of a backup stands in for that of the phase: one's own, for others the one that ends first."""
        names = [f"backup:{facts.supplier}"] if facts.supplier else [f"backup:{s}" for s in facts.state.valid_bids()]
        running = [(window.until, name) for name in names if (window := facts.window(name)) is not None]
        return min(running)[1] if running else super().window_name(facts)

    def _failed(self, facts: StepFacts) -> tuple[str, ...]:
        state = facts.state
        over = facts.window("decrypting") is None
        return tuple(s for s in state.valid_bids() if not state.bids[s].settled and (state.bids[s].failure or over))

    def _release(self) -> None:
        self.ask(ReleaseBids(self._to_release(self.facts())))

    def _remind(self) -> None:
        facts = self.facts()
        for supplier in self._late(facts)[:1]:
            for person in facts.state.representatives(supplier)[:1]:
                self.ask(cmd.PostMessage(to=person, text=tr(REMINDER)))

    def _trouble(self) -> None:
        codes = ("token.missing", "token.pin_wrong", "token.pin_locked", "token.other_certificate", "network")
        choices = tuple(Choice(code, texts.word("trouble", code)) for code in codes)
        self.ask(
            Asking(
                tr("报告解密困难"), tr("补充说明"), tr("报告"),
                lambda text, code: cmd.ReportTrouble(cause=code, telemetry={"said": text[:200]} if text else {}),
                choices=choices, optional=True, lines=(tr("时限继续计算；报告会作为认定原因的依据。"),),
            )
        )  # fmt: skip

    def _attribute(self) -> None:
        facts = self.facts()
        supplier = self._failed(facts)[0]
        bid = facts.state.bids[supplier]
        lines = [tr("失败原因：{cause}", cause=texts.word("cause", bid.failure or "decryption.not_settled"))]
        if bid.trouble:
            lines.append(tr("供应商报告：{cause}", cause=texts.word("trouble", bid.trouble)))
        lines.extend(f"{key}: {value}" for key, value in bid.telemetry.items() if key != "trouble")
        self.ask(
            Asking(
                tr("认定解密失败的原因：{name}", name=facts.supplier_name(supplier)), tr("认定理由（记入案卷）"),
                tr("认定"),
                lambda text, code: cmd.AttributeFailure(supplier=supplier, attribution=code, reason=text),
                lines=tuple(lines), danger=True,
                choices=tuple(Choice(code, texts.word("attribution", code)) for code in ATTRIBUTIONS),
            )
        )  # fmt: skip

    def _admit(self) -> None:
        facts = self.facts()
        supplier = self._admissible(facts)[0]
        bid = facts.state.bids[supplier]
        self.ask(
            Asking(
                tr("启用备用文件：{name}", name=facts.supplier_name(supplier)), tr("启用理由（记入案卷）"), tr("启用"),
                lambda text, _code: cmd.AdmitBackup(supplier=supplier, reason=text),
                lines=(
                    tr("原认定：{cause}", cause=texts.word("cause", bid.attribution)),
                    tr("只接受与递交时承诺一致的那一份文件。时限从启用时起算，逾期未提交的，维持原认定。"),
                ),
            )
        )  # fmt: skip

    def _extend(self) -> None:
        minutes = (Choice("300", tr("5 分钟")), Choice("600", tr("10 分钟")), Choice("1800", tr("30 分钟")))
        self.ask(
            Asking(tr("延长解密时限"), tr("理由（记入案卷）"), tr("延长"),
                   lambda text, code: cmd.ExtendWindow(window="decrypting", seconds=int(code), reason=text),
                   choices=minutes)
        )  # fmt: skip
