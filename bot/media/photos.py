"""Cleans photos: written anew, without place, camera or anything else that is not the picture."""

from __future__ import annotations

import threading
import warnings
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageOps

from bot.media.models import FileKind
from bot.media.rules import FileRefused, check_pixels

LONGEST_SIDE = 2400
"""Pixels: a receipt photographed from a table is still read at this size."""

THUMBNAIL_SIDE = 480
_FORMATS = ("JPEG", "PNG", "WEBP")
_AT_ONCE = threading.Semaphore(2)
"""Opening a photo takes up to some hundred megabytes: two at a time are enough."""


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo ready to be kept."""

    kind: FileKind
    data: bytes
    thumbnail: bytes
    """A small JPEG."""


def clean(data: bytes) -> Photo:
    """Read a photo and write it anew, upright, no larger than needed.

    What surrounds the picture (EXIF with the place it was taken, comments, further frames, bytes
    after its end) is not copied.

    Raises:
        FileRefused: `too_many_pixels`, or `unreadable` where it is damaged.
    """
    with _AT_ONCE, warnings.catch_warnings():
        # The header's size is judged by ourselves, below the limit at which Pillow only warns.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        try:
            return _clean(data)
        except FileRefused:
            raise
        except Image.DecompressionBombError:
            raise FileRefused("too_many_pixels") from None
        except Exception:
            # Damaged files make the decoders raise all sorts of errors; all mean the same here.
            raise FileRefused("unreadable") from None


def _clean(data: bytes) -> Photo:
    with Image.open(BytesIO(data), formats=_FORMATS) as opened:
        check_pixels(*opened.size)
        is_png = opened.format == "PNG"
        opened.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
        picture = ImageOps.exif_transpose(opened)
        picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
        plain = _on_white(picture)
    small = plain.copy()
    small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    kind = FileKind.PNG if is_png else FileKind.JPEG
    return Photo(kind, _written(plain, kind), _written(small, FileKind.JPEG))


def _on_white(picture: Image.Image) -> Image.Image:
    """Without transparency, in which a receipt could hide what it says."""
    if picture.mode in ("RGB", "L"):
        return Image.frombytes(picture.mode, picture.size, picture.tobytes())
    layered = picture.convert("RGBA")
    paper = Image.new("RGB", layered.size, "white")
    paper.paste(layered, mask=layered.getchannel("A"))
    return paper


def _written(picture: Image.Image, kind: FileKind) -> bytes:
    out = BytesIO()
    if kind is FileKind.PNG:
        picture.save(out, "PNG", optimize=False)
    else:
        picture.convert("RGB").save(out, "JPEG", quality=82)
    return out.getvalue()
