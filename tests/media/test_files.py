"""What is let in, in what shape it is kept, and what is not."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bot.media import pdf_reader, pdfs, photos, rules
from bot.media.rules import LARGEST, FileRefused
from bot.media.service import examine
from bot.media.store import Store

from . import samples


def refusal(data: bytes) -> str:
    with pytest.raises(FileRefused) as refused:
        examine(data)
    return refused.value.code


def outcome(work: Callable[[], str]) -> str:
    """What `work` gives, or why it refused; anything else it raises fails the test."""
    try:
        return work()
    except FileRefused as refused:
        return refused.code


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_photos_are_known_by_their_content(kind: str) -> None:
    kept = examine(samples.photo(kind))
    assert kept.kind.value == ("png" if kind == "PNG" else "jpeg")
    assert Image.open(BytesIO(kept.data)).size == (640, 480)
    assert kept.thumbnail and Image.open(BytesIO(kept.thumbnail)).format == "JPEG"
    assert max(Image.open(BytesIO(kept.thumbnail)).size) <= photos.THUMBNAIL_SIDE


def test_a_photo_forgets_where_it_was_taken_and_stands_upright() -> None:
    sent = samples.photo(exif=True)
    assert b"Telefono de Maria" in sent
    kept = examine(sent)
    picture = Image.open(BytesIO(kept.data))
    assert b"Telefono" not in kept.data and not picture.getexif()
    assert picture.size == (480, 640)


def test_a_large_photo_is_made_smaller() -> None:
    kept = examine(samples.photo(size=(5000, 3000)))
    assert Image.open(BytesIO(kept.data)).size == (2400, 1440)


def test_transparency_cannot_hide_anything() -> None:
    out = BytesIO()
    Image.new("RGBA", (20, 20), (0, 0, 0, 0)).save(out, "PNG")
    assert Image.open(BytesIO(examine(out.getvalue()).data)).getpixel((3, 3)) == (255, 255, 255)


def test_what_follows_a_picture_is_not_kept() -> None:
    kept = examine(samples.photo() + b"PK\x03\x04" + b"payload" * 100)
    assert b"payload" not in kept.data


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"\xff\xd8\xff" + b"0" * LARGEST, "too_large"),
        (b"MZ\x90\x00" * 100, "not_image_or_pdf"),
        (b"GIF89a<script>alert(1)</script>", "not_image_or_pdf"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "not_image_or_pdf"),
        (b"\x00\x00\x00\x18ftypheic" + b"\0" * 50, "heic"),
        (samples.photo()[:2000] + b"<script>alert(1)</script>", "unsafe"),
        (samples.photo() + b"<HTML><body onload=x>", "unsafe"),
        (samples.photo()[:400], "unreadable"),
        (b"\x89PNG\r\n\x1a\n" + b"0" * 200, "unreadable"),
        (samples.png_bomb(), "too_many_pixels"),
        (samples.png_bomb(9000, 9000), "too_many_pixels"),
        (b"%PDF-1.7\nnothing here", "unreadable"),
        (samples.pdf_with("javascript"), "unsafe"),
        (samples.escaped_javascript(), "unsafe"),
        (samples.pdf_with("attachment"), "unsafe"),
        (samples.pdf_with("launch"), "unsafe"),
        (samples.pdf_with("short_js"), "unsafe"),
        (samples.pdf_with("password"), "locked"),
        (samples.pdf(["x"], pages=31), "too_long"),
    ],
    ids=[f"file {n}" for n in range(1, 21)],
)
def test_what_is_no_receipt_is_refused(data: bytes, code: str) -> None:
    assert refusal(data) == code


def test_a_pdf_is_kept_as_it_is_with_its_text() -> None:
    sent = samples.pdf()
    kept = examine(sent)
    assert kept.data == sent and kept.thumbnail is None
    assert "Importe: $1,500.00 MXN" in kept.text
    assert examine(samples.pdf_with("goes_to_page")).text  # an opening view is no action
    assert examine(samples.pdf([])).text.strip() == ""  # a scanned page: nothing is read off it


def test_a_pdf_that_keeps_the_reader_busy_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdfs, "_PATIENCE", 0.001)
    with pytest.raises(FileRefused) as refused:
        pdfs.examine(samples.pdf())
    assert refused.value.code == "unreadable"


def test_the_reader_looks_into_compressed_objects() -> None:
    hidden = samples.pdf_with("launch")
    assert pdf_reader.look(hidden) == {"refused": "unsafe"}


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400), st.sampled_from([b"", b"\xff\xd8\xff", b"%PDF-", b"RIFF0000WEBP"]))
def test_no_bytes_surprise_the_sniffer(data: bytes, start: bytes) -> None:
    found = outcome(lambda: rules.sniff(start + data))
    assert found in {"jpeg", "png", "webp", "pdf", "empty", "heic", "not_image_or_pdf", "unsafe"}


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_damaged_photos_are_refused_and_nothing_worse(data: st.DataObject) -> None:
    whole = bytearray(samples.photo("PNG", (40, 30)))
    for _ in range(data.draw(st.integers(1, 6))):
        whole[data.draw(st.integers(8, len(whole) - 1))] = data.draw(st.integers(0, 255))
    found = outcome(lambda: photos.clean(bytes(whole)).kind.value)
    assert found in {"png", "unreadable", "too_many_pixels", "not_image_or_pdf"}


@pytest.mark.parametrize(
    ("own", "verified", "owner", "may"),
    [
        (True, 1, 1, True),
        (True, 1, None, True),
        (True, None, 1, False),
        (True, None, None, False),
        (True, 2, 1, False),
        (False, 1, 1, False),
    ],
)
def test_who_may_open_a_file(own: bool, verified: int | None, owner: int | None, may: bool) -> None:
    found = rules.may_open(own_conversation=own, verified_debtor=verified, owner_debtor=owner)
    assert found is may


# --- the store


def test_bytes_are_kept_once_under_their_hash_for_us_alone(tmp_path) -> None:
    store = Store(tmp_path)
    sha = store.put(b"receipt", b"small")
    assert store.put(b"receipt", b"small") == sha
    path = tmp_path / "receipts" / sha[:2] / sha
    assert path.read_bytes() == b"receipt"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert store.read(sha) == b"receipt" and store.read(sha, thumbnail=True) == b"small"
    assert sorted(p.name for p in path.parent.iterdir()) == [sha, f"{sha}.thumb"]
    store.delete(sha)
    store.delete(sha)
    assert store.read(sha) is None and not list(path.parent.iterdir())


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "A" * 64, "0" * 63, "0" * 64 + "/x"])
def test_only_a_hash_is_a_place(tmp_path, name: str) -> None:
    with pytest.raises(ValueError):
        Store(tmp_path).read(name)


def test_a_crash_while_writing_leaves_no_file_under_a_hash(tmp_path, monkeypatch) -> None:
    def fails(_: int) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(OSError):
        Store(tmp_path).put(b"receipt")
    assert [p for p in (tmp_path / "receipts").rglob("*") if p.is_file()] == []


def test_old_bytes_are_listed_and_half_written_ones_deleted(tmp_path) -> None:
    store = Store(tmp_path)
    sha = store.put(b"old", b"small")
    folder = tmp_path / "receipts" / sha[:2]
    (folder / ".new-abc").write_bytes(b"half")
    later = datetime.now(UTC) + timedelta(minutes=1)
    assert list(store.kept_since_before(datetime.now(UTC) - timedelta(hours=1))) == []
    assert set(store.kept_since_before(later)) == {sha}
    assert not (folder / ".new-abc").exists()
