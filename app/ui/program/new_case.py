"""新建项目: the wizard, the details, the case on this machine with its host running."""

from collections.abc import Callable

from PySide6.QtCore import QObject

from app.clock import Clock
from app.errors import BidroomError
from app.procurement.case import CaseFile
from app.ui import texts
from app.ui.async_bridge import AsyncBridge, ask
from app.ui.dialogs.error import ErrorDialog
from app.ui.home.new_case import NewCaseWizard
from app.ui.i18n import tr
from app.ui.main_window import MainWindow
from app.ui.people.dialogs import LinkDialog
from app.ui.program.case_book import CaseBook
from app.ui.program.case_dialogs import CaseDetailsDialog
from app.ui.program.host_control import HostControl, own_address
from app.ui.program.hosting import make_case
from app.ui.program.token_watch import TokenWatch


class NewCase(QObject):
    """One run of the wizard; ``done()`` is called when it is over."""

    def __init__(
        self,
        window: MainWindow,
        bridge: AsyncBridge,
        book: CaseBook,
        hosts: HostControl,
        tokens: TokenWatch,
        clock: Clock,
        done: Callable[[], None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._window, self._book, self._hosts, self._tokens = window, book, hosts, tokens
        self._clock, self._done = clock, done
        self.wizard = NewCaseWizard()
        self.wizard.left.connect(self._leave)
        bridge.on(self.wizard.create_requested, lambda case, _data: self._create(case), f"new.{id(self)}")
        window.show_screen(self.wizard)

    def _leave(self) -> None:
        self._done()
        self._window.drop(self.wizard)

    async def _create(self, case: CaseFile) -> None:
        chip = self._tokens.chip()
        officer = chip.holder if chip is not None else ""
        details = await ask(CaseDetailsDialog(case, officer, own_address(), self._window))
        if details is None:
            return
        self.wizard.set_busy(True)
        try:
            links = await make_case(case, details, self._hosts, self._book, self._clock)
        except (BidroomError, OSError) as error:
            await ask(ErrorDialog(texts.exception_text(error), parent=self._window))
            return
        finally:
            self.wizard.set_busy(False)
        self._leave()
        for person, link in links[1:]:
            await ask(LinkDialog(person.name, link.text(), secret=True, parent=self._window))
        self._window.toast.say(tr("项目已建立，主机已启动。从列表进入项目，登记人员并发布密封工具包。"))
