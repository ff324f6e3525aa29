"""The root key's file."""

import stat
from pathlib import Path

import pytest

from motorcade.adapters.embedded.keys_file import HEADER, FileKeys, create_root_key
from motorcade.domain.errors import Corrupt, Denied, Unavailable


def test_a_new_root_key_is_for_its_owner_only_and_alone_in_its_folder(data_dir: Path) -> None:
    create_root_key(data_dir / "root.key")
    assert [entry.name for entry in data_dir.iterdir()] == ["root.key"]
    assert stat.S_IMODE((data_dir / "root.key").stat().st_mode) == 0o600


async def test_a_root_key_is_never_replaced(data_dir: Path) -> None:
    path = data_dir / "root.key"
    create_root_key(path)
    key = await FileKeys(path).claim_key(1)
    create_root_key(path)
    assert await FileKeys(path).claim_key(1) == key


async def test_two_roots_have_nothing_in_common(data_dir: Path) -> None:
    create_root_key(data_dir / "one.key")
    create_root_key(data_dir / "two.key")
    one, two = FileKeys(data_dir / "one.key"), FileKeys(data_dir / "two.key")
    assert await one.claim_key(1) != await two.claim_key(1)
    with pytest.raises(Denied):
        await two.unseal("org", "purpose", await one.seal("org", "purpose", b"secret"))


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o660, 0o644, 0o777])
def test_a_root_key_that_others_can_reach_is_refused_with_the_remedy(data_dir: Path, mode: int) -> None:
    path = data_dir / "root.key"
    create_root_key(path)
    path.chmod(mode)
    with pytest.raises(Denied, match=r"chmod 600"):
        FileKeys(path)


@pytest.mark.parametrize("content", [b"", b"x", HEADER, HEADER + b"!!!!", HEADER + b"AAAA", b"A" * 44, b"\xff" * 5000])
def test_a_file_without_a_root_key_is_refused(data_dir: Path, content: bytes) -> None:
    path = data_dir / "root.key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(Corrupt):
        FileKeys(path)
    assert path.read_bytes() == content


def test_a_missing_root_key_is_told_and_not_made(data_dir: Path) -> None:
    with pytest.raises(Unavailable, match="missing"):
        FileKeys(data_dir / "root.key")
    assert not (data_dir / "root.key").exists()
