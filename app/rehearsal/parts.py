"""What each role does in a rehearsal, in the words of the rules: an act for each thing one may be waited for.

Longer than other files: a list of roles, whose acts share their helpers and are read beside the table of who waits.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal

import app.session.rules.commands as cmd
from app.ca.seal import SealImage, name_chop, official_seal
from app.canon import sha256_hex
from app.errors import InputError
from app.procurement.bid import PriceSchedule
from app.rehearsal.player import Act
from app.rehearsal.sample_case import sample_sheet
from app.session import acts, signing
from app.session.acts import UNSIGNED
from app.session.client import Client
from app.session.rules.command import Command
from app.session.rules.decide import waiting_for
from app.session.rules.decide_case import next_phase
from app.session.rules.events_evaluation import OpenedSheet
from app.session.rules.people import HOST, Role
from app.session.rules.state import State

PLACING = ("opening_closed", "qualification", "assembling", "commitment")
COMMITMENT_TEXT = (
    "本人承诺遵守评审纪律，独立、客观、公正、审慎履行职责，不泄露评审情况，与参加本项目的供应商无利害关系。"
)


def _seal_of(client: Client) -> SealImage:
    person = client.state.people[client.me]
    if person.has(Role.SUPPLIER):
        return official_seal(person.organisation, rehearsal=client.state.rehearsal)
    return name_chop(person.name, rehearsal=client.state.rehearsal)


async def sign_pending(client: Client) -> None:
    """Sign the first document that waits for this person."""
    for document in signing.pending(client):
        seen = await signing.fetch_document(client, document.id)
        await signing.sign_document(client, document.id, _seal_of(client), "确认并签署", seen)
        return


async def release_next_share(client: Client) -> None:
    """An opener releases its share of the next bid that lacks it."""
    for supplier in client.state.valid_bids():
        bid = client.state.bids[supplier]
        if not bid.settled and client.me not in bid.shares:
            await acts.release_bid(client, supplier)
            return


class Common:
    """What everyone does: sign what is theirs to sign."""

    def __init__(self) -> None:
        self.acts: Mapping[str, Act] = {"sign_document": sign_pending, "release_share": release_next_share}
        self._done: set[str] = set()

    async def idle(self, client: Client) -> bool:
        return False

    async def once(self, client: Client, name: str, command: Command) -> bool:
        """Do something once in the whole rehearsal."""
        if name in self._done:
            return False
        self._done.add(name)
        await client.do(command)
        return True


class Supplier(Common):
    """供应商代表: confirms, decrypts, answers, quotes; the first one asks a question at the opening."""

    def __init__(self, quote: PriceSchedule, curious: bool) -> None:
        super().__init__()
        self._quote = quote
        self._curious = curious
        self.acts = {
            **self.acts,
            "confirm_seal": self._confirm_seal,
            "release_supplier_key": self._decrypt,
            "confirm_price": self._confirm_price,
            "declare_no_objection": self._no_objection,
            "answer_clarification": self._answer,
            "resubmit_response": self._resubmit,
            "seal_quote": self._seal_quote,
            "file_explanation": self._explain,
        }

    async def _confirm_seal(self, client: Client) -> None:
        await client.do(cmd.ConfirmSeal())

    async def _decrypt(self, client: Client) -> None:
        await acts.release_bid(client, client.state.supplier_of(client.me))

    async def _confirm_price(self, client: Client) -> None:
        payload = client.state.payload(client.state.supplier_of(client.me))
        if payload is not None:
            await acts.confirm_price(client, payload.price.total)

    async def _no_objection(self, client: Client) -> None:
        if self._curious:
            self._curious = False
            await client.do(cmd.RaiseObjection(text="请说明开标记录中服务期的起算日。"))
            return
        await client.do(cmd.DeclareNoObjection())

    async def _answer(self, client: Client) -> None:
        supplier = client.state.supplier_of(client.me)
        for item in client.state.clarifications.values():
            if item.supplier == supplier and item.open:
                text = "确认上述内容，以开标一览表为准，投标文件其他内容不变。"
                command = cmd.AnswerClarification(clarification=item.id, text=text, grave=UNSIGNED)
                await client.grave(command)
                return

    async def _resubmit(self, client: Client) -> None:
        supplier = client.state.supplier_of(client.me)
        for change in client.state.changes.values():
            if change.confirmed and supplier not in change.responses:
                text = "响应变动后的要求：验收后提供 24 个月驻场支持，其余承诺不变。"
                await client.grave(cmd.ResubmitResponse(change=change.id, text=text, grave=UNSIGNED))
                return

    async def _seal_quote(self, client: Client) -> None:
        await acts.submit_quote(client, self._quote)

    async def _explain(self, client: Client) -> None:
        text = "报价由人员、设备、场地与管理费构成，附成本测算表与同类合同，能够保证质量与履约。"
        await client.grave(cmd.FileExplanation(text=text, grave=UNSIGNED))

    async def idle(self, client: Client) -> bool:
        supplier = client.state.supplier_of(client.me)
        for item in client.state.clarifications.values():
            if item.supplier == supplier and item.open and not item.seen:
                await client.do(cmd.MarkSeen(request=item.id))
                return True
            if item.supplier == supplier and item.open:
                await self._answer(client)
                return True
        return False


class Officer(Common):
    """主持人: reads, publishes, calls, attributes, answers, and moves on when nobody is waited for."""

    def __init__(self, ready: Callable[[State], bool]) -> None:
        super().__init__()
        self._ready = ready
        self.acts = {
            **self.acts,
            "read_discipline": self._discipline,
            "publish_bidders": self._publish,
            "rule_seal_mismatch": self._rule_seal,
            "attribute_failure": self._attribute,
            "read_price": self._read_price,
            "answer_objection": self._answer_objection,
            "rule_member_recusal": self._rule_recusal,
            "confirm_check": self._check,
            "submit_review": review_next,
        }

    async def _discipline(self, client: Client) -> None:
        await client.do(cmd.ReadDiscipline())

    async def _publish(self, client: Client) -> None:
        await client.do(cmd.PublishBidders())

    async def _rule_seal(self, client: Client) -> None:
        for supplier, bid in client.state.bids.items():
            if bid.seal == "mismatch":
                reason = "存储的文件与回执不一致，不予开启，另行处理。"
                await client.do(cmd.RuleSealMismatch(supplier=supplier, admitted=False, reason=reason))
                return

    async def _attribute(self, client: Client) -> None:
        for supplier, bid in client.state.bids.items():
            if bid.failure and not bid.settled:
                who = "platform" if bid.telemetry.get("fault") == "platform" else "supplier"
                reason = "时限内未完成解密，按采购文件约定认定。"
                await client.do(cmd.AttributeFailure(supplier=supplier, attribution=who, reason=reason))
                return

    async def _read_price(self, client: Client) -> None:
        for supplier in client.state.opened_bids():
            if not client.state.bids[supplier].read and client.state.reading != supplier:
                await client.do(cmd.ReadPrice(supplier=supplier))
                return

    async def _answer_objection(self, client: Client) -> None:
        for item in client.state.objections.values():
            if item.open:
                text = "服务期自合同签订之日起算，以采购文件第三章为准。"
                await client.do(cmd.AnswerObjection(objection=item.id, text=text))
                return

    async def _rule_recusal(self, client: Client) -> None:
        for item in client.state.member_recusals.values():
            if item.granted is None:
                await client.do(cmd.RuleMemberRecusal(person=item.id, granted=False, reason="经核实不存在应回避情形。"))
                return

    async def _check(self, client: Client) -> None:
        await client.do(cmd.ConfirmCheck())

    async def idle(self, client: Client) -> bool:
        state = client.state
        for person in state.signed_in:
            barred = state.the_method().members_barred_from_opening and state.has_role(person, Role.MEMBER)
            early = not any(p.name == state.phase for p in state.the_method().room("evaluation"))
            if person not in state.admitted and not (barred and early):
                await client.do(cmd.Admit(person=person))
                return True
        for member in state.members():
            if state.phase in PLACING and member not in state.phones:
                await client.do(cmd.LockPhone(person=member))
                return True
        if state.phase == "discipline" and await self.once(
            client, "welcome", cmd.PostMessage(to="all", text="各位代表好，现在宣布开标纪律，请保持通话畅通。")
        ):
            return True
        return await move_on(client, "officer", self._ready)


async def move_on(client: Client, mover: str, ready: Callable[[State], bool]) -> bool:
    """Enter the next phase when this person is the one to do it and nobody is waited for."""
    state = client.state
    following = next_phase(state)
    awaited = [item for item in waiting_for(state) if item.person != HOST]
    if following is None or awaited or not ready(state):
        return False
    method = state.the_method()
    movers = method.phase(state.phase).moved_by if method.has(state.phase) else ()
    if mover == "officer" and movers and "officer" not in movers:
        return False
    if mover == "leader" and "leader" not in movers:
        return False
    try:
        await client.do(cmd.Advance(phase=following))
    except InputError as error:
        if not error.code.startswith("gate."):
            raise
        return False  # something is still missing that this person does not see; looked at again soon
    return True


async def review_next(client: Client) -> None:
    """Review the next bid in the present stage: its first document is looked at, every item passed."""
    state = client.state
    lot = state.the_lot().lot
    items = lot.qualification if state.phase == "qualification" else lot.conformity
    done = state.reviews.get(state.phase, {})
    for supplier in state.continuing():
        if client.me in done.get(supplier, {}):
            continue
        bid = state.bids[supplier]
        for document in bid.documents[:1]:
            await client.files.fetch(document.sha256, limit=1 << 30)
        await client.do(cmd.SubmitReview(supplier=supplier, passed={item.id: True for item in items}, reasons={}))
        return


class Reviewer(Common):
    """采购人代表 at the opening: holds a share and reviews qualification with the officer."""

    def __init__(self) -> None:
        super().__init__()
        self.acts = {**self.acts, "submit_review": review_next}


class Member(Common):
    """评审小组成员: commits, votes, reviews, talks as leader, scores in a sealed sheet, signs the report."""

    def __init__(self, place: int, votes_for: int, dissents: bool) -> None:
        super().__init__()
        self._place = place
        self._votes_for = votes_for
        self._dissents = dissents
        self.acts = {
            **self.acts,
            "sign_commitment": self._commit,
            "vote_leader": self._vote,
            "submit_review": review_next,
            "call_supplier": self._call,
            "start_talk": self._start_talk,
            "end_talk": self._end_talk,
            "recheck_response": self._recheck,
            "vote_low_price": self._vote_low_price,
            "seal_sheet": self._score,
            "release_sealed": self._release,
            "give_deviation_reason": self._reason,
            "confirm_ranking": self._confirm_ranking,
            "answer_re_check": self._answer_recheck,
        }

    async def _commit(self, client: Client) -> None:
        digest = sha256_hex(COMMITMENT_TEXT.encode())
        await client.grave(cmd.SignCommitment(text_sha256=digest, grave=UNSIGNED))

    async def _vote(self, client: Client) -> None:
        experts = [m for m in client.state.members() if client.state.has_role(m, Role.EXPERT)]
        await client.do(cmd.VoteLeader(candidate=experts[self._votes_for % len(experts)]))

    async def _call(self, client: Client) -> None:
        state = client.state
        for supplier in state.continuing():
            if supplier not in state.talks:
                await client.do(cmd.CallSupplier(supplier=supplier))
                return

    async def _start_talk(self, client: Client) -> None:
        state = client.state
        for supplier, talk in state.talks.items():
            if talk.started is None:
                await client.do(cmd.StartTalk(supplier=supplier))
                return

    async def _end_talk(self, client: Client) -> None:
        await client.do(cmd.EndTalk(supplier=client.state.in_talk))

    async def _recheck(self, client: Client) -> None:
        for change in client.state.changes.values():
            for supplier in change.responses:
                if client.me not in change.votes.get(supplier, {}):
                    await client.do(cmd.RecheckResponse(supplier=supplier, change=change.id, passed=True))
                    return

    async def _vote_low_price(self, client: Client) -> None:
        for supplier, item in client.state.low_price.items():
            if item.ruled is None and client.me not in item.votes:
                await client.do(cmd.VoteLowPrice(supplier=supplier, valid=True, reason="成本说明合理，证明材料充分。"))
                return

    async def _score(self, client: Client) -> None:
        state = client.state
        suppliers = [s for s in state.bids if s in state.continuing()]
        facts = {s: payload.facts for s in suppliers if (payload := state.payload(s)) is not None}
        sheet = sample_sheet(state.the_lot(), client.me, self._place, suppliers, facts)
        scores: dict[str, dict[str, Decimal]] = {}
        reasons: dict[str, dict[str, str]] = {}
        for mark in sheet.marks:
            scores.setdefault(mark.supplier, {})[mark.criterion] = mark.score
            if mark.reason:
                reasons.setdefault(mark.supplier, {})[mark.criterion] = mark.reason
        await acts.submit_sheet(client, OpenedSheet(scores=scores, reasons=reasons))

    async def _release(self, client: Client) -> None:
        purpose = "quote" if client.state.phase == "quoting" else "sheet"
        try:
            await acts.release_sealed(client, purpose)
        except InputError as error:
            if error.code not in ("refused.phase", "sealed.nothing_to_open"):
                raise  # else enough others were faster, and the envelopes are open

    async def _reason(self, client: Client) -> None:
        for item in client.state.deviations:
            key = f"{item.member}/{item.supplier}/{item.criterion}"
            if item.member == client.me and key not in client.state.deviation_reasons:
                await client.do(
                    cmd.GiveDeviationReason(
                        supplier=item.supplier,
                        criterion=item.criterion,
                        reason="依据评分标准独立判断，理由见评分表。",
                    )
                )
                return

    async def _confirm_ranking(self, client: Client) -> None:
        await client.do(cmd.ConfirmRanking())

    async def _answer_recheck(self, client: Client) -> None:
        await client.do(cmd.AnswerReCheck(accepted=False, reason="经复核，评分无误。"))

    async def idle(self, client: Client) -> bool:
        state = client.state
        if state.phase == "talks" and await self._change_requirement(client):
            return True
        if client.me != state.leader:
            return False
        if state.phase == "conformity" and "clarify" not in self._done and state.continuing():
            self._done.add("clarify")
            supplier = state.continuing()[-1]
            text = "投标文件第二章服务期与开标一览表表述不一致，请书面澄清，不得改变实质内容。"
            await client.do(cmd.AskClarification(supplier=supplier, text=text))
            return True
        return await move_on(client, "leader", lambda s: not any(item.open for item in s.clarifications.values()))

    async def _change_requirement(self, client: Client) -> bool:
        """Once all have been heard, the leader words one change; the purchaser's member confirms it for all."""
        state = client.state
        person = state.people[client.me]
        for change in state.changes.values():
            if not change.confirmed and person.has(Role.PURCHASER):
                await client.do(cmd.ConfirmRequirement(change=change.id))
                return True
        heard = all(s in state.talks and state.talks[s].seconds is not None for s in state.continuing())
        if client.me == state.leader and heard and "change" not in self._done and not state.changes:
            self._done.add("change")
            await client.do(cmd.ChangeRequirement(text="验收后增加 24 个月驻场支持，其他要求不变。"))
            return True
        return False


class Supervisor(Common):
    """监督人员: watches, cosigns, and gives one notice outside the flow."""

    async def idle(self, client: Client) -> bool:
        if client.state.phase == "objections":
            return await self.once(client, "notice", cmd.GiveNotice(text="请注意记录异议提出与答复的时间。"))
        return False


class Clerk(Common):
    """记录人: notes what happens beside the flow."""

    async def idle(self, client: Client) -> bool:
        if client.state.phase == "decrypting":
            return await self.once(client, "note", cmd.NoteIncident(text="各供应商代表网络与画面正常。"))
        return False
