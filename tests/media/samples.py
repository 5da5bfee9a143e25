"""Files as people and attackers send them, made here so that nothing has to be believed."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO

from PIL import Image
from pypdf import PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, TextStringObject
from reportlab.lib.pagesizes import A6
from reportlab.pdfgen.canvas import Canvas

RECEIPT = [
    "BANCO DEL VALLE",
    "Comprobante de transferencia SPEI",
    "Fecha: 12/11/2026 14:33",
    "Importe: $1,500.00 MXN",
    "Comision: $5.00",
    "Clave de rastreo: BNV2026111299831",
    "Saldo disponible: $8,210.10",
]


def photo(kind: str = "JPEG", size: tuple[int, int] = (640, 480), *, exif: bool = False) -> bytes:
    """A picture; with `exif` it says where it was taken and that it lies on its side."""
    out = BytesIO()
    picture = Image.new("RGB", size, "#c2410c")
    picture.putpixel((0, 0), (0, 0, 255))
    options: dict[str, object] = {}
    if exif:
        data = Image.Exif()
        data[0x010F] = "Telefono de Maria"
        data[0x0112] = 6  # turned a quarter
        data.get_ifd(0x8825)[2] = (19.0, 25.0, 57.0)  # latitude
        options["exif"] = data
    picture.save(out, kind, **options)
    return out.getvalue()


def pdf(lines: list[str] | None = None, *, pages: int = 1) -> bytes:
    """A PDF with a text layer, as banks make them."""
    out = BytesIO()
    canvas = Canvas(out, pagesize=A6)
    for _ in range(pages):
        for place, line in enumerate(RECEIPT if lines is None else lines):
            canvas.drawString(20, 380 - 18 * place, line)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def written(writer: PdfWriter) -> bytes:
    """What a writer makes."""
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def pdf_with(what: str) -> bytes:
    """A PDF that does something, or carries something."""
    writer = PdfWriter(clone_from=BytesIO(pdf()))
    match what:
        case "javascript":
            writer.root_object[NameObject("/OpenAction")] = DictionaryObject(
                {
                    NameObject("/S"): NameObject("/JavaScript"),
                    NameObject("/JS"): TextStringObject("app.alert(1)"),
                }
            )
        case "attachment":
            writer.add_attachment("virus.exe", b"MZ")
        case "launch":
            writer.root_object[NameObject("/OpenAction")] = DictionaryObject(
                {
                    NameObject("/S"): NameObject("/Launch"),
                    NameObject("/F"): TextStringObject("cmd.exe"),
                }
            )
        case "short_js":
            writer.pages[0][NameObject("/Annots")] = ArrayObject(
                [
                    writer._add_object(
                        DictionaryObject(
                            {
                                NameObject("/Subtype"): NameObject("/Widget"),
                                NameObject("/A"): DictionaryObject(
                                    {
                                        NameObject("/S"): NameObject("/JS"),
                                        NameObject("/JS"): TextStringObject("x"),
                                    }
                                ),
                            }
                        )
                    )
                ]
            )
        case "password":
            writer.encrypt("secreto")
        case "goes_to_page":
            writer.root_object[NameObject("/OpenAction")] = ArrayObject(
                [writer.pages[0].indirect_reference, NameObject("/Fit")]  # type: ignore[list-item]
            )
    return written(writer)


def escaped_javascript() -> bytes:
    """A script whose name is spelt with escapes, so that a plain search passes it by."""
    return pdf_with("javascript").replace(b"/JavaScript", b"/#4aavaScript")


def png_bomb(width: int = 60_000, height: int = 60_000) -> bytes:
    """A small PNG whose header announces billions of pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        body = name + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    data = zlib.compress(b"\0" * 1000)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )
