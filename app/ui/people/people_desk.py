"""What the agency's staff does about people, the same on the case's page and in the room."""

import base64
import secrets
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
from PySide6.QtWidgets import QWidget

import app.session.rules.commands as cmd
from app.ca.signatures import describe, fingerprint
from app.ca.trust import read_authorities
from app.errors import BidroomError, FaultError, InputError
from app.procurement.case import CaseFile
from app.session.client import Client
from app.session.rules.people import Person
from app.session.signin import digest_of
from app.session.wire.link import Link
from app.tasks import TaskSet
from app.ui import texts
from app.ui.async_bridge import ask
from app.ui.dialogs.error import ErrorDialog
from app.ui.i18n import tr
from app.ui.people.committee_dialog import CommitteeDialog
from app.ui.people.dialogs import LinkDialog, LinksDialog, PersonDialog, SecretDialog
from app.ui.people.replace_dialog import ReplaceDialog
from app.ui.people.seats_dialog import SeatsDialog
from app.ui.people.verify_dialog import VerifyDialog
from app.ui.program.pick import JSON, PEM, pick_file, read_small
from app.ui.room_acts import Asking
from app.ui.room_dialogs import AskingDialog

CODE_DIGITS = 8
CODE_MINUTES = 30


class PeopleDesk:
    """Dialogs and commands about people; each method returns when its dialogs are closed and the record has it.

    All raise ``BidroomError`` with what the host refused, and TimeoutError.
    """

    def __init__(self, client: Client, window: Callable[[], QWidget]) -> None:
        self.client = client
        self._window = window

    async def act(self, code: str, person: str = "") -> None:
        """``invite``, ``reset``, ``verify``, ``replace`` for a person; ``add``, ``import``, ``seats``, ``trust``."""
        if code == "add":
            await self.add()
        elif code == "import":
            await self.import_committee()
        elif code == "seats":
            await self.seats()
        elif code == "trust":
            await self.trust()
        elif code == "replace":
            await self.replace(person)
        elif code == "invite":
            await self.invite(person)
        elif code == "reset":
            await self.reset(person)
        elif code == "verify":
            await self.verify(person)
        else:
            raise ValueError(code)

    async def invite(self, person: str) -> None:
        """A one-use link; again with a reason."""
        reason = ""
        if any(item.person == person for item in self.client.state.invitations.values()):
            answered = await self._words(tr("换发邀请链接：{name}", name=self._name(person)), tr("换发"))
            if answered is None:
                return
            reason = answered
        await self._hand_out(person, await self._link(person, reason))

    async def reset(self, person: str) -> None:
        """The bound certificate no longer signs in; a new link binds another."""
        reason = await self._words(tr("换发证书：{name}", name=self._name(person)), tr("换发"))
        if reason is None:
            return
        await self.client.do(cmd.ResetCertificate(person=person, reason=reason))
        await self._hand_out(person, await self._link(person, reason))

    async def verify(self, person: str) -> None:
        """Who it is was seen: the photo is kept, the code is said to the person, the link too where there is none."""
        found = self.client.state.people.get(person)
        seen = await ask(VerifyDialog(self._name(person), found.organisation if found else "", self._window()))
        if seen is None:
            return
        photo = await self.client.files.upload(seen.photo, private=True)
        code = "".join(secrets.choice("0123456789") for _ in range(CODE_DIGITS))
        await self.client.do(
            cmd.VerifyIdentity(
                person=person,
                code_sha256=digest_of(code),
                note=seen.note,
                photo_sha256=photo,
                valid_minutes=CODE_MINUTES,
            )
        )
        link = msgspec.structs.replace(self.client.link, person=person, secret="")
        await ask(SecretDialog(self._name(person), code, CODE_MINUTES, link.text(), self._window()))

    async def add(self) -> None:
        """Register a person of the agency or the purchaser, with its link."""
        state = self.client.state
        entry = next(iter(self.client.entries.values()))
        case = getattr(entry.event, "case_file", None)
        if not isinstance(case, CaseFile):
            raise FaultError("record.no_first_entry")
        person = await ask(PersonDialog(case, state.people, self._window()))
        if person is not None:
            await self.client.do(cmd.AddPerson(person=person))
            await self.invite(person.id)

    async def import_committee(self) -> None:
        """The draw's result, and a link for each member."""
        state = self.client.state
        dialog = CommitteeDialog(state.the_lot(), state.people, self._window())

        async def read() -> None:
            path = await pick_file(dialog, tr("导入评审小组名单"), JSON)
            if path is None:
                return
            try:
                dialog.fill(read_people(path))
            except BidroomError as error:
                await ask(ErrorDialog(texts.exception_text(error), parent=dialog))

        reading = TaskSet()
        dialog.from_file.clicked.connect(lambda: reading.start(read(), "people.read"))
        try:
            command = await ask(dialog)
        finally:
            await reading.close()
        if command is None:
            return
        await self.client.do(command)
        await self._hand_out_all(command.people)

    async def replace(self, member: str = "") -> None:
        """A member leaves; the substitute gets a link."""
        command = await ask(ReplaceDialog(self.client.state, member, self._window()))
        if command is None:
            return
        await self.client.do(command)
        if command.substitute is not None:
            await self._hand_out(command.substitute.id, await self._link(command.substitute.id, ""))

    async def seats(self) -> None:
        """Who sits together, with which devices."""
        command = await ask(SeatsDialog(self.client.state, self._window()))
        if command is not None:
            await self.client.do(command)

    async def trust(self) -> None:
        """Another certificate authority that this case believes, with the reason; its fingerprint is compared first."""
        path = await pick_file(self._window(), tr("选择证书机构的证书"), PEM)
        if path is None:
            return
        for der in read_authorities(read_small(path)):
            name, print_ = describe(der).holder, fingerprint(der)
            asking = Asking(
                tr("信任证书机构：{name}", name=name), tr("原因（记入案卷）"), tr("信任"),
                lambda text, _code: cmd.NoteIncident(text=text), danger=True,
                lines=(tr("请与该机构公布的指纹核对：{digest}", digest=print_),),
            )  # fmt: skip
            answered = await ask(AskingDialog(asking, self._window()))
            if answered is None:
                return
            certificate = base64.b64encode(der).decode()
            await self.client.do(cmd.AddAuthority(certificate=certificate, name=name, reason=answered[0]))

    async def _link(self, person: str, reason: str) -> Link:
        secret = secrets.token_urlsafe(16)
        await self.client.do(cmd.Invite(person=person, secret_sha256=digest_of(secret), reissued_reason=reason))
        return msgspec.structs.replace(self.client.link, person=person, secret=secret)

    async def _hand_out(self, person: str, link: Link) -> None:
        await ask(LinkDialog(self._name(person), link.text(), secret=True, parent=self._window()))

    async def _hand_out_all(self, people: Sequence[Person]) -> None:
        links = [(person.name, (await self._link(person.id, "")).text()) for person in people]
        await ask(LinksDialog(links, self._window()))

    async def _words(self, title: str, act: str) -> str | None:
        asking = Asking(title, tr("原因（记入案卷）"), act, lambda text, _code: cmd.NoteIncident(text=text))
        answered = await ask(AskingDialog(asking, self._window()))
        return answered[0] if answered is not None else None

    def _name(self, person: str) -> str:
        found = self.client.state.people.get(person)
        return found.name if found is not None else person


def read_people(path: Path) -> tuple[Person, ...]:
    """People of a list in JSON.

    Raises:
        InputError: ``people.malformed``, ``file.not_read``, ``input.too_large``.
    """
    try:
        return msgspec.json.decode(read_small(path), type=tuple[Person, ...])
    except msgspec.DecodeError as error:
        raise InputError("people.malformed", detail=str(error)[:200]) from error
