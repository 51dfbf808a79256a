"""Whatever a person may do, a desk can send: the table of commands held against what the screens make."""

import ast
from pathlib import Path

import pytest

import app.session.acts
import app.session.backups
import app.session.recovery
import app.session.signing
import app.ui
from app.session.rules.commands import COMMAND_TYPES
from app.session.rules.people import HOST
from app.session.rules.table import MOVES

UI = Path(app.ui.__file__).parent
SAMPLES = ("sample_state.py", "sample_screens.py", "screens.py", "rehearsal_control.py")
NAMES = {kind.__name__: str(kind.__struct_config__.tag) for kind in COMMAND_TYPES}
PERSONS = {str(kind.__struct_config__.tag) for kind, move in MOVES.items() if set(move.by) != {HOST}}
BY_PROGRAM = {"report_holder_key": "a holder's desk tells by itself whether its token still has the key of its share"}
"""What a person's desk sends without a click, with the reason."""
PLACES = {
    "assign_seats": "people/seats_dialog.py",
    "verify_identity": "people/people_desk.py",
    "import_committee": "people/committee_dialog.py",
    "replace_member": "people/replace_dialog.py",
    "check_place": "room_people.py",
    "lock_phone": "room_people.py",
    "fail_case": "room_people.py",
    "note_incident": "room_people.py",
    "mark_absent": "room_people.py",
    "remove": "room_people.py",
    "give_notice": "supervision/supervision_panel.py",
    "accept_opening": "program/hosting.py",
    "issue_kit": "program/hosting.py",
    "file_authorisation": "room_link.py",
}
"""Where the staff's less usual acts are looked for first."""


MODULES = ("cmd", "commands", "acts", "backups", "recovery", "signing")
ACTS = (app.session.acts, app.session.backups, app.session.recovery, app.session.signing)


def made_in(tree: ast.AST) -> set[str]:
    """Names called as ``cmd.X(…)``, ``commands.X(…)`` or ``acts.x(…)``, also inside ``x.act(…)`` of a grave act."""
    found = set()
    for node in ast.walk(tree):
        called = node.func if isinstance(node, ast.Call) else None
        owner = called.value if isinstance(called, ast.Attribute) else None
        if isinstance(owner, ast.Name) and isinstance(called, ast.Attribute) and owner.id in MODULES:
            found.add(called.attr)
    return found


def acts_make() -> dict[str, set[str]]:
    """Function of a module of acts → the commands that it makes, itself or through another one."""
    trees = [ast.parse(Path(str(module.__file__)).read_text("utf-8")) for module in ACTS]
    nodes = [node for tree in trees for node in tree.body]
    bodies = {node.name: node for node in nodes if isinstance(node, ast.AsyncFunctionDef | ast.FunctionDef)}
    made = {
        name: {NAMES[n.attr] for n in ast.walk(body) if isinstance(n, ast.Attribute) and n.attr in NAMES}
        for name, body in bodies.items()
    }
    for name, body in bodies.items():
        for call in ast.walk(body):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in made:
                made[name] |= made[call.func.id]
    return made


def sent() -> dict[str, set[str]]:
    """Command → the files of the desk that send it."""
    through = acts_make()
    places: dict[str, set[str]] = {}
    for path in sorted(UI.rglob("*.py")):
        if path.name in SAMPLES:
            continue
        for name in made_in(ast.parse(path.read_text("utf-8"))):
            for tag in {NAMES[name]} if name in NAMES else through.get(name, set()):
                places.setdefault(tag, set()).add(path.relative_to(UI).as_posix())
    return places


def test_every_command_of_a_person_is_sent_by_some_screen() -> None:
    assert sorted(PERSONS - set(sent()) - set(BY_PROGRAM)) == []


def test_what_only_the_host_may_is_sent_by_no_screen() -> None:
    assert sorted((set(NAMES.values()) - PERSONS) & set(sent())) == []


@pytest.mark.parametrize(("command", "place"), PLACES.items())
def test_the_staffs_acts_are_where_they_are_looked_for(command: str, place: str) -> None:
    assert place in sent()[command]
