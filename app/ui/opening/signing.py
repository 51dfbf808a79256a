"""签署开标记录 (and the evaluation report): the document itself at the left, who has signed at the right."""

import asyncio

from shiboken6 import isValid

import app.session.rules.commands as cmd
from app.errors import BidroomError
from app.session.rules.state import Document
from app.ui import texts
from app.ui.documents.viewer import DocumentViewer
from app.ui.i18n import tr
from app.ui.phase_panel import PhasePanel
from app.ui.room.step_panel import ActButton
from app.ui.room_acts import Asking, Sign
from app.ui.step_facts import StepContext, StepFacts
from app.ui.view import column, label, row
from app.ui.widgets.chip import Tone
from app.ui.widgets.choice import Choice
from app.ui.widgets.data_table import ChipCell, Column, DataTable
from app.ui.widgets.digest import DigestLabel


class SigningPanel(PhasePanel):
    """For the documents of a kind: usually one, or one for each supplier that may not see the others'."""

    share = 0.66

    def __init__(
        self, context: StepContext, kind: str = "opening_record", title: str = "签署开标记录", hint: str = ""
    ) -> None:  # fmt: skip
        super().__init__(context, title, hint or "逾时未签又未提出意见的，按规则视为认可，并记入案卷。")
        self._kind = kind
        self.shows_documents = (kind,)
        self.choice = Choice()
        self.say(self.choice.setAccessibleName, "文件")
        self.choice.currentIndexChanged.connect(lambda _n: self._chosen())
        self._shown = ""
        self.sign, self.refuse = ActButton("primary", "pen"), ActButton("danger")
        self.sign.clicked.connect(self._sign)
        self.all = ActButton("plain", "pen")
        self.all.clicked.connect(self._sign_all)
        self.refuse.clicked.connect(self._refuse)
        self.add_act(self.refuse)
        self.add_act(self.all)
        self.add_act(self.sign)
        self.say(self.sign.setText, "签署…")
        self.say(self.refuse.setText, "不签署…")
        self.viewer = DocumentViewer(context.bridge)
        self.destroyed.connect(self.viewer._renderer.close)
        self.table = DataTable((Column("签署人", stretch=True, width=90), Column("状态", width=90)))
        self._digest = DigestLabel()
        self._note = label("second", wrap=True)
        self.side = column(
            self.choice, self._note, self.table, row(label("hint", "SHA-256"), self._digest, None), spacing=8
        )
        self.side.setStretch(2, 1)
        body = row(self.viewer, self.side, spacing=16)
        body.setStretch(0, 5)
        body.setStretch(1, 2)
        self.add(body)
        self.body.setStretch(1, 1)

    def show_facts(self, facts: StepFacts) -> None:
        self._name_choice(facts, self._documents(facts))
        document = self._current(facts)
        mine = document is not None and facts.me in document.waiting
        self.sign.setVisible(mine)
        self.refuse.setVisible(mine)
        count = len(pending(facts))
        self.all.setVisible(count > 1)
        self.all.setText(tr("签署我的全部 {count} 份…", count=count))
        if document is None:
            self._note.setText(tr("主机正在生成文书…"))
            self.table.show_rows([])
            return
        count = len(document.signed)
        self._note.setText(tr("已签署 {count}/{all}", count=count, all=len(document.fields)))
        self._digest.show_digest(document.pdf_sha256)
        self.table.show_rows([[facts.name(p), chip_of(document, p)] for p in document.fields])
        if document.pdf_sha256 != self._shown:
            self._shown = document.pdf_sha256
            self.context.bridge.start(self._open(document), "signing.open")

    def _documents(self, facts: StepFacts) -> tuple[Document, ...]:
        """The newest of each subject: one for all, or where nobody may see another's, one for each supplier."""
        found = {d.subject: d for d in facts.state.documents.values() if d.kind == self._kind}
        return tuple(found.values())

    def _current(self, facts: StepFacts) -> Document | None:
        documents = self._documents(facts)
        number = self.choice.currentIndex()
        return documents[number] if 0 <= number < len(documents) else None

    def _name_choice(self, facts: StepFacts, documents: tuple[Document, ...]) -> None:
        """What is still to be signed by me comes to the front once; afterwards the person chooses."""
        names = [facts.name(d.subject) if d.subject else texts.word("document", d.kind) for d in documents]
        self.choice.setVisible(len(documents) > 1)
        if [self.choice.itemText(n) for n in range(self.choice.count())] == names:
            return
        waiting = next((n for n, d in enumerate(documents) if facts.me in d.waiting), 0)
        self.choice.blockSignals(True)
        self.choice.clear()
        self.choice.addItems(names)
        self.choice.setCurrentIndex(waiting)
        self.choice.blockSignals(False)

    def _chosen(self) -> None:
        if self.snapshot is not None:
            self.show_facts(self.snapshot)

    async def _open(self, document: Document) -> None:
        try:
            pdf = await self.context.fetch(document.pdf_sha256)
        except (BidroomError, asyncio.CancelledError) as error:
            if isinstance(error, BidroomError):
                if not isValid(self):
                    return
                self._note.setText(texts.exception_text(error).what)
                self._shown = ""
                return
            raise
        if not isValid(self.viewer):
            return  # the step moved on while the document was on its way
        page = self.viewer.area.current_page
        await self.viewer.open(pdf, texts.word("document", document.kind), page)

    def _sign(self) -> None:
        document = self._current(self.facts())
        if document is not None:
            self.ask(Sign((document.id,)))

    def _sign_all(self) -> None:
        self.ask(Sign(tuple(document.id for document in pending(self.facts()))))

    def _refuse(self) -> None:
        document = self._current(self.facts())
        if document is None:
            return
        key = document.id
        self.ask(
            Asking(tr("不签署"), tr("理由（记入案卷）"), tr("不签署"),
                   lambda text, _code: cmd.RefuseSignature(document=key, reason=text), danger=True)
        )  # fmt: skip


def pending(facts: StepFacts) -> tuple[Document, ...]:
    """All documents that wait for this person's signature, of whatever kind."""
    return tuple(one for one in facts.state.documents.values() if facts.me in one.waiting)


def chip_of(document: Document, person: str) -> ChipCell:
    """Where a signer stands."""
    if person in document.signed:
        return ChipCell(texts.word("state", "signed"), Tone.OK)
    if person in document.refused:
        return ChipCell(tr("拒签：{reason}", reason=document.refused[person]), Tone.BAD)
    if person in document.deemed:
        return ChipCell(tr("视同认可"), Tone.INFO)
    return ChipCell(tr("等待"), Tone.NEUTRAL)
