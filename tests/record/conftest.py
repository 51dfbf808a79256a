import io
from pathlib import Path

import pytest
from record_case import Authority, RecordCase, small_case

from app.record.archive import write_archive


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def case(authority: Authority) -> RecordCase:
    return small_case(authority)


@pytest.fixture(scope="session")
def archived(authority: Authority) -> tuple[bytes, RecordCase]:
    """A good archive that no test changes."""
    source, out = small_case(authority), io.BytesIO()
    write_archive(out, source)
    return out.getvalue(), source


@pytest.fixture
def archive_path(archived: tuple[bytes, RecordCase], tmp_path: Path) -> Path:
    path = tmp_path / "case.tar"
    path.write_bytes(archived[0])
    return path
