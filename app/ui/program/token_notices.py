"""What a token needs, said above every screen: seal again, the token has gone, it is at work, it expires."""

from collections.abc import Callable

import msgspec
from PySide6.QtCore import QObject, Signal

from app.ca.signatures import CertificateInfo, fingerprint
from app.errors import BidroomError
from app.logs import get_logger
from app.session import acts
from app.session.client import Client
from app.session.rules.people import Role
from app.session.signin import unbase64
from app.ui.i18n import tr
from app.ui.main_window import MainWindow
from app.ui.models import TokenState
from app.ui.program.sealed_to import sealed_to
from app.ui.program.token_watch import TokenWatch
from app.ui.widgets.chip import Tone

_log = get_logger("notices")


class Notice(msgspec.Struct, frozen=True):
    """A sentence, its tone, and the word on its button (empty for none)."""

    text: str
    tone: Tone
    act: str = ""


class TokenNotices(QObject):
    """Keeps :attr:`MainWindow.token_banner` true; ``client`` gives the case one is in, None outside.

    Signals:
        seal_again(): the person wants to seal anew.
    """

    seal_again = Signal()

    def __init__(
        self,
        watch: TokenWatch,
        window: MainWindow,
        client: Callable[[], Client | None],
        before_opening: Callable[[Client], bool],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._watch, self._window, self._client, self._before = watch, window, client, before_opening
        window.token_banner.acted.connect(self.seal_again)
        watch.changed.connect(self.show)

    def show(self) -> None:
        """Look again."""
        notice = self.notice()
        if notice is None:
            self._window.token_banner.clear()
        elif self._window.token_banner.text() != notice.text or not self._window.token_banner.isVisible():
            self._window.token_banner.say_it(notice.text, notice.tone, notice.act)

    async def tell(self) -> None:
        """An opener's desk has it recorded when the key is not there, or there again."""
        client = self._client()
        if client is None or client.status != "connected":
            return
        lost = key_lost_for_opening(client, self._watch)
        if lost is not None:
            try:
                await acts.report_holder_key(client, missing=lost)
            except BidroomError as error:  # the next look tells again
                _log.warning("missing key not reported", code=error.code)

    def notice(self) -> Notice | None:
        """The gravest thing that is to be said now."""
        client = self._client()
        if client is not None:
            if key_lost_for_bid(client, self._watch, self._before):
                return Notice(
                    tr(
                        "开标时将打不开您的投标文件：它是加密给另一张加密证书的，插入的证书里没有那把密钥。"
                        "请在截止时间前用现在的证书重新加密并递交。"
                    ),
                    Tone.BAD,
                    tr("重新加密…"),
                )
            if acts.key_is_awaited(client.state, client.me) and key_lost_for_opening(client, self._watch):
                return Notice(
                    tr(
                        "您接受开标时用的加密证书不在插入的证书里，开标时将不能放行份额。已告知主持人；"
                        "请插入原来的证书；找不到时立即联系主持人。"
                    ),
                    Tone.BAD,
                )
            away = keyless(client)
            if away and self._may_act(client) and self._before(client):
                return Notice(
                    tr(
                        "开标人 {names} 的证书里没有接受开标时的加密密钥，开标时不能放行份额。"
                        "请在截止时间前联系本人处理。",
                        names=away,
                    ),
                    Tone.BAD,
                )
        token = self._watch.chip()
        if token is None:
            return None
        holder = token.holder or token.label
        if token.state is TokenState.WORKING:
            return Notice(tr("证书“{holder}”正在运算，请稍候，不要拔出。", holder=holder), Tone.INFO)
        if client is None:
            return None
        if token.state is TokenState.REMOVED:
            return Notice(
                tr("证书“{holder}”已拔出。会议和记录不受影响；签名、解密前请重新插入。", holder=holder),
                Tone.WARN,
            )
        if token.state is TokenState.PIN_LOCKED:
            return Notice(tr("证书“{holder}”的口令已锁定，不能签名和解密。请立即告知主持人。", holder=holder), Tone.BAD)
        return None

    @staticmethod
    def _may_act(client: Client) -> bool:
        person = client.state.people.get(client.me)
        return person is not None and person.has(Role.OFFICER, Role.CLERK)


def key_lost_for_bid(client: Client, watch: TokenWatch, before_opening: Callable[[Client], bool]) -> bool:
    """The supplier's bid that stands was sealed to a certificate whose key is on none of the supplier's tokens here.

    Says nothing while no token of this supplier is plugged in: then nobody knows.
    """
    state = client.state
    supplier = state.supplier_of(client.me)
    bid = state.bids.get(supplier) if supplier else None
    if bid is None or bid.withdrawn or not before_opening(client):
        return False
    wanted = sealed_to(client.link.case, bid.header_sha256)
    if not wanted:
        signed = state.signed_in.get(client.me)
        wanted = fingerprint(unbase64(signed.encryption_certificate)) if signed is not None else ""
    return bool(wanted) and _own_token_lacks(watch, supplier, wanted) is True


def key_lost_for_opening(client: Client, watch: TokenWatch) -> bool | None:
    """Whether an opener's accepted certificate is on none of the opener's tokens here; None when nobody can tell."""
    wanted = acts.accepted_certificate(client.state, client.me)
    signed = client.state.signed_in.get(client.me)
    if not wanted or signed is None:
        return None
    return _own_token_lacks(watch, "", fingerprint(wanted), fingerprint(unbase64(signed.certificate)))


def keyless(client: Client) -> str:
    """Names of the openers whose desks report that the key is not there."""
    state = client.state
    return tr("、").join(state.people[person].name for person in sorted(state.keyless) if person in state.people)


def _own_token_lacks(watch: TokenWatch, uscc: str, wanted: str, signing: str = "") -> bool | None:
    tokens = [token for token in watch.tokens if token.problem is None]

    def is_own(one: CertificateInfo) -> bool:
        return bool(uscc and one.uscc == uscc) or bool(signing and fingerprint(one.der) == signing)

    if not any(is_own(one) for token in tokens for one in token.certificates):
        return None
    return wanted not in {fingerprint(one.der) for token in tokens for one in token.certificates if one.key_id}
