"""Draws a sheet as PDF: the same sheet, code and address give the same bytes."""

from __future__ import annotations

import io
import re
import threading
import zlib
from datetime import date
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any
from xml.sax.saxutils import escape

import reportlab
from reportlab.graphics.barcode.qr import QrCodeWidget
from reportlab.lib.colors import Color, HexColor
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4, LETTER
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    CondPageBreak,
    Flowable,
    Frame,
    KeepTogether,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
    TableStyle,
)

from bot.papers.facts import Grid, Sheet
from bot.papers.rules import grouped

LAYOUT = 1
"""Raised with every change of this file that moves a single byte of what it draws."""

_one_at_a_time = threading.Lock()
"""The library's fonts are shared and remember where they are in their file."""

_SIZES = {"a4": A4, "letter": LETTER}
_MARGIN = 20 * mm
_TOP, _BOTTOM = 16 * mm, 20 * mm
_BAND = 5 * mm
_INK, _SOFT, _RULE = HexColor("#1b2429"), HexColor("#55636b"), HexColor("#cfd8dc")
_PANEL = HexColor("#f3f6f7")
_REGULAR, _BOLD = "SourceSansPro", "SourceSansPro-Semibold"
_LABELS = 52 * mm
_QR = 26 * mm


@cache
def _load_fonts() -> None:
    folder = files("font_source_sans_pro").joinpath("files")
    for name, file in ((_REGULAR, "SourceSansPro-Regular.ttf"), (_BOLD, f"{_BOLD}.ttf")):
        pdfmetrics.registerFont(TTFont(name, io.BytesIO(folder.joinpath(file).read_bytes())))
    pdfmetrics.registerFontFamily(
        _REGULAR, normal=_REGULAR, bold=_BOLD, italic=_REGULAR, boldItalic=_BOLD
    )


def drawn_with(site: str) -> str:
    """What the bytes depend on besides the sheet: layout, library, compression, address."""
    return f"{LAYOUT}; reportlab {reportlab.__version__}; zlib {zlib.ZLIB_RUNTIME_VERSION}; {site}"


def draw(sheet: Sheet, *, code: str, site: str) -> bytes:
    """The file. `site` is the app's public address, under which `/verify-us` confirms `code`."""
    with _one_at_a_time:
        _load_fonts()
        file, pages = _build(sheet, code, site, pages=1)
        return file if pages == 1 else _build(sheet, code, site, pages=pages)[0]


def _build(sheet: Sheet, code: str, site: str, *, pages: int) -> tuple[bytes, int]:
    """The file and how many pages it has. Each page says how many, so a longer one is drawn twice."""
    width, height = _SIZES[sheet.page]
    file = io.BytesIO()
    document = BaseDocTemplate(
        file,
        pagesize=(width, height),
        invariant=1,
        lang=sheet.language,
        title=f"{sheet.title} · {sheet.brand}",
        author=sheet.issuer[0],
        subject=grouped(code),
        creator="Acuerdo",
        pageCompression=1,
    )

    def frame(top: float) -> Frame:
        return Frame(
            _MARGIN, _BOTTOM, width - 2 * _MARGIN, height - _BOTTOM - top,
            leftPadding=0, rightPadding=0, topPadding=0, bottomPadding=0,
        )  # fmt: skip

    def furniture(canvas: Canvas, built: BaseDocTemplate) -> None:
        _furnish(canvas, sheet, code, page=built.page, pages=pages)

    document.addPageTemplates(
        [
            PageTemplate("first", [frame(_TOP)], onPage=furniture, autoNextPageTemplate="later"),
            PageTemplate("later", [frame(_TOP + 8 * mm)], onPage=furniture),
        ]
    )
    document.build(_story(sheet, code, site, width - 2 * _MARGIN))
    return file.getvalue(), int(document.page)


def _furnish(canvas: Canvas, sheet: Sheet, code: str, *, page: int, pages: int) -> None:
    """The band in the creditor's colour, whose paper it is, its code and page number."""
    width, height = _SIZES[sheet.page]
    if page == 1:
        _date(canvas, date.fromisoformat(sheet.issued_on))
        canvas.setViewerPreference("DisplayDocTitle", "true")
    canvas.saveState()
    canvas.setFillColor(_colour(sheet.colour))
    canvas.rect(0, height - _BAND, width, _BAND, stroke=0, fill=1)
    canvas.setFillColor(_SOFT)
    canvas.setFont(_REGULAR, 9)
    if page > 1:
        canvas.drawString(_MARGIN, height - 14 * mm, f"{sheet.brand} · {sheet.title}")
        canvas.drawRightString(width - _MARGIN, height - 14 * mm, sheet.issued)
    canvas.setStrokeColor(_RULE)
    canvas.setLineWidth(0.5)
    canvas.line(_MARGIN, 15 * mm, width - _MARGIN, 15 * mm)
    canvas.drawString(_MARGIN, 10 * mm, f"{sheet.code_label}: {grouped(code)}")
    counted = sheet.page_of.replace("{page}", str(page)).replace("{pages}", str(pages))
    canvas.drawRightString(width - _MARGIN, 10 * mm, counted)
    canvas.restoreState()


def _date(canvas: Canvas, day: date) -> None:
    """Created on the day of issue; the library would write the year 2000, or the clock's time."""
    stamp = canvas._doc._timeStamp  # type: ignore[attr-defined]
    stamp.YMDhms = (day.year, day.month, day.day, 0, 0, 0)


def _colour(text: str) -> Color:
    return HexColor(text) if re.fullmatch(r"#[0-9a-fA-F]{6}", text) else _INK


def _style(name: str, size: float, leading: float, **more: Any) -> ParagraphStyle:
    given = {"fontName": _REGULAR, "textColor": _INK, "splitLongWords": 1, **more}
    return ParagraphStyle(name, fontSize=size, leading=leading, **given)


_BRAND = _style("brand", 17, 20, fontName=_BOLD)
_ISSUER = _style("issuer", 9, 12, textColor=_SOFT, alignment=TA_RIGHT)
_TITLE = _style("title", 25, 32, fontName=_BOLD)
_ISSUED = _style("issued", 10.5, 15, textColor=_SOFT)
_LABEL = _style("label", 10.5, 15, textColor=_SOFT)
_VALUE = _style("value", 10.5, 15)
_BODY = _style("body", 12, 18)
_HEADING = _style("heading", 12, 16, fontName=_BOLD, spaceAfter=2 * mm)
_HEAD = _style("head", 9.5, 12, fontName=_BOLD, textColor=_SOFT)
_HEAD_RIGHT = _style("head-right", 9.5, 12, fontName=_BOLD, textColor=_SOFT, alignment=TA_RIGHT)
_CELL = _style("cell", 10, 13.5)
_CELL_RIGHT = _style("cell-right", 10, 13.5, alignment=TA_RIGHT)
_TOTAL = _style("total", 10.5, 14, fontName=_BOLD)
_TOTAL_RIGHT = _style("total-right", 10.5, 14, fontName=_BOLD, alignment=TA_RIGHT)
_FIGURE_LABEL = _style("figure-label", 10.5, 14, textColor=_SOFT)
_FIGURE = _style("figure", 24, 29, fontName=_BOLD)
_NOTE = _style("note", 9, 12.5, textColor=_SOFT)
_CODE = _style("code", 15, 19, fontName=_BOLD)


def _paragraph(text: str, style: ParagraphStyle) -> Paragraph:
    """A paragraph in which `**bold**` is the only mark-up: whatever a name holds is text."""
    marked = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", escape(text))
    return Paragraph(marked, style)


def _story(sheet: Sheet, code: str, site: str, width: float) -> list[Flowable]:
    story: list[Flowable] = [
        _letterhead(sheet, width),
        Spacer(0, 9 * mm),
        _paragraph(sheet.title, _TITLE),
        _paragraph(sheet.issued, _ISSUED),
        Spacer(0, 6 * mm),
    ]
    if sheet.figure:
        story += [_panel(sheet, width), Spacer(0, 6 * mm)]
    story += [_details(sheet.details, width), Spacer(0, 6 * mm)]
    for text in sheet.body:
        story += [_paragraph(text, _BODY), Spacer(0, 2 * mm)]
    for grid in sheet.grids:
        story += [Spacer(0, 5 * mm), *_grid(grid, width)]
    story += [
        Spacer(0, 8 * mm),
        KeepTogether(
            [
                *(_paragraph(note, _NOTE) for note in sheet.notes),
                Spacer(0, 5 * mm),
                _check(sheet, code, site, width),
            ]
        ),
    ]
    return story


def _letterhead(sheet: Sheet, width: float) -> Table:
    table = Table(
        [[_paragraph(sheet.brand, _BRAND), [_paragraph(line, _ISSUER) for line in sheet.issuer]]],
        colWidths=[width * 0.4, width * 0.6],
    )
    table.setStyle(_flush())
    return table


def _panel(sheet: Sheet, width: float) -> Table:
    """The one amount, set apart."""
    table = Table(
        [[_paragraph(sheet.figure_label, _FIGURE_LABEL)], [_paragraph(sheet.figure, _FIGURE)]],
        colWidths=[width],
    )
    table.setStyle(
        TableStyle(
            [
                ("BACKGROUND", (0, 0), (-1, -1), _PANEL),
                ("LINEBEFORE", (0, 0), (0, -1), 3, _colour(sheet.colour), "butt"),
                ("LEFTPADDING", (0, 0), (-1, -1), 5 * mm),
                ("TOPPADDING", (0, 0), (-1, 0), 3.5 * mm),
                ("BOTTOMPADDING", (0, 0), (-1, 0), 0),
                ("TOPPADDING", (0, 1), (-1, 1), 0),
                ("BOTTOMPADDING", (0, 1), (-1, 1), 4.5 * mm),
            ]
        )
    )
    return table


def _details(details: list[list[str]], width: float) -> Table:
    table = Table(
        [[_paragraph(label, _LABEL), _paragraph(value, _VALUE)] for label, value in details],
        colWidths=[_LABELS, width - _LABELS],
    )
    table.setStyle(_flush(0.8 * mm))
    return table


def _flush(vertical: float = 0) -> TableStyle:
    """A table without lines, in line with the text around it."""
    return TableStyle(
        [
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ("RIGHTPADDING", (0, 0), (-1, -1), 0),
            ("TOPPADDING", (0, 0), (-1, -1), vertical),
            ("BOTTOMPADDING", (0, 0), (-1, -1), vertical),
        ]
    )


def _grid(grid: Grid, width: float) -> list[Flowable]:
    """A heading and its table, which repeats its head on every page."""
    columns = len((grid.rows or [grid.total])[0])
    first_figure = columns - grid.figures

    def cells(row: list[str], left: ParagraphStyle, right: ParagraphStyle) -> list[Paragraph]:
        return [_paragraph(t, right if i >= first_figure else left) for i, t in enumerate(row)]

    rows = [cells(row, _CELL, _CELL_RIGHT) for row in grid.rows]
    if grid.head:
        rows.insert(0, cells(grid.head, _HEAD, _HEAD_RIGHT))
    if grid.total:
        rows.append(cells(grid.total, _TOTAL, _TOTAL_RIGHT))
    table = Table(rows, colWidths=_widths(grid, columns, width), repeatRows=1 if grid.head else 0)
    lines: list[Any] = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (0, -1), 0),
        ("RIGHTPADDING", (-1, 0), (-1, -1), 0),
        ("TOPPADDING", (0, 0), (-1, -1), 1.4 * mm),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 1.6 * mm),
        ("LINEBELOW", (0, 0), (-1, -2 if grid.total else -1), 0.4, _RULE),
    ]
    if grid.head:
        lines.append(("LINEBELOW", (0, 0), (-1, 0), 0.8, _SOFT))
    if grid.total:
        lines.append(("LINEABOVE", (0, -1), (-1, -1), 0.8, _SOFT))
    table.setStyle(TableStyle(lines))
    return [CondPageBreak(35 * mm), _paragraph(grid.title, _HEADING), table]


def _widths(grid: Grid, columns: int, width: float) -> list[float]:
    """Each column as wide as its longest entry; the last one with words takes what is left."""
    rows = [*grid.rows, grid.head, grid.total]
    needed = [
        max(pdfmetrics.stringWidth(row[i], _BOLD, 10.5) for row in rows if row) + 6 * mm
        for i in range(columns)
    ]
    last_text = columns - grid.figures - 1
    needed[last_text] = max(40 * mm, width - sum(needed) + needed[last_text])
    scale = min(1.0, width / sum(needed))
    return [column * scale for column in needed]


def _check(sheet: Sheet, code: str, site: str, width: float) -> Table:
    """How anybody can tell that this paper is genuine."""
    address = f"{site.rstrip('/')}/verify-us"
    words = [
        _paragraph(sheet.code_label, _FIGURE_LABEL),
        _paragraph(grouped(code), _CODE),
        Spacer(0, 1.5 * mm),
        _paragraph(sheet.check.replace("{address}", address), _NOTE),
    ]
    square = _Square(f"{address}?code={grouped(code)}")
    table = Table([[square, words]], colWidths=[_QR + 7 * mm, width - _QR - 7 * mm])
    table.setStyle(
        TableStyle(
            [
                ("BOX", (0, 0), (-1, -1), 0.6, _RULE),
                ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
                ("LEFTPADDING", (0, 0), (0, 0), 3 * mm),
                ("TOPPADDING", (0, 0), (-1, -1), 3 * mm),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 3 * mm),
            ]
        )
    )
    return table


class _Square(Flowable):
    """A QR code as rectangles, so that it prints sharp at any size."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.width = self.height = _QR
        self._rows = _modules(text)

    def draw(self) -> None:
        side = _QR / len(self._rows)
        path = self.canv.beginPath()
        for row, dark in enumerate(self._rows):
            for run in re.finditer("1+", dark):
                # A hair taller than its row: no white line between rows on any screen.
                bottom = _QR - (row + 1) * side
                path.rect(run.start() * side, bottom, len(run[0]) * side, side * 1.02)
        self.canv.setFillColor(_INK)
        self.canv.drawPath(path, stroke=0, fill=1)


@lru_cache(maxsize=64)
def _modules(text: str) -> tuple[str, ...]:
    """The rows of a QR code (error correction M), 1 for dark."""
    code = QrCodeWidget(text, barLevel="M").qr  # type: ignore[attr-defined]
    code.make()
    size = range(code.getModuleCount())
    return tuple("".join("01"[bool(code.isDark(row, at))] for at in size) for row in size)
