"""A composed picture as SVG text or as PNG."""

from io import BytesIO

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from PIL import Image, ImageDraw

from zhiyue.experience.site.drawing import shapes
from zhiyue.experience.site.drawing.compose import Box, Fade, Motif, Picture
from zhiyue.experience.site.drawing.fonts import font

# Painted this many times larger and then made smaller: Pillow's own edges are steps.
_FINE = 2
_FAMILY = "'PingFang SC','Hiragino Sans GB','Microsoft YaHei','Noto Sans SC','Noto Sans CJK SC',sans-serif"


def svg(picture: Picture) -> SafeString:
    """For browsers, which write the words in fonts of their own."""
    width, height = picture.size
    motifs = format_html_join(
        "",
        '<g transform="translate({} {}) scale({})">{}</g>',
        ((m.x, m.y, m.scale, mark_safe(m.shapes)) for m in picture.motifs),  # noqa: S308 - drawn from numbers alone
    )
    fades = {box.colour: f"fade-{n}" for n, box in enumerate(picture.boxes) if isinstance(box, Fade)}
    gradients = format_html_join(
        "",
        '<linearGradient id="{}"><stop stop-color="{}"/>'
        '<stop offset="1" stop-color="{}" stop-opacity="0"/></linearGradient>',
        ((name, colour, colour) for colour, name in fades.items()),
    )
    boxes = format_html_join(
        "",
        '<rect x="{}" y="{}" width="{}" height="{}" fill="{}"/>',
        (
            (b.x, b.y, b.width, b.height, f"url(#{fades[b.colour]})" if isinstance(b, Fade) else b.colour)
            for b in picture.boxes
        ),
    )
    texts = format_html_join(
        "",
        '<text x="{}" y="{}" font-size="{}" fill="{}">{}</text>',
        ((t.x, t.y, t.size, t.colour, t.words) for t in picture.texts),
    )
    return format_html(
        '<svg xmlns="http://www.w3.org/2000/svg" width="{}" height="{}" viewBox="0 0 {} {}">'
        '<defs>{}</defs><rect width="{}" height="{}" fill="{}"/>{}{}<g font-family="{}" font-weight="700">{}</g></svg>',
        width, height, width, height, gradients, width, height, picture.ground, motifs, boxes, _FAMILY, texts,
    )  # fmt: skip


def png(picture: Picture) -> bytes | None:
    """For everything else. None where there are words and no font on this machine can write them."""
    width, height = picture.size
    if any(font(text.size * _FINE) is None for text in picture.texts):
        return None
    image = Image.new("RGB", (width * _FINE, height * _FINE), picture.ground)
    draw = ImageDraw.Draw(image)
    for motif in picture.motifs:
        _paint_motif(draw, motif)
    for box in picture.boxes:
        _paint_box(image, box)
    for text in picture.texts:
        draw.text(
            (text.x * _FINE, text.y * _FINE), text.words,
            fill=text.colour, font=font(text.size * _FINE), anchor="ls",
        )  # fmt: skip
    held = BytesIO()
    image.reduce(_FINE).save(held, "PNG", optimize=True)
    return held.getvalue()


def _paint_box(image: Image.Image, box: Box) -> None:
    left, top, width, height = (side * _FINE for side in (box.x, box.y, box.width, box.height))
    place = (left, top, left + width, top + height)
    if isinstance(box, Fade):
        # Pillow's gradient grows white downwards; turned, it is white at the left.
        image.paste(box.colour, place, Image.linear_gradient("L").rotate(-90).resize((width, height)))
    else:
        image.paste(box.colour, place)


def _paint_motif(draw: ImageDraw.ImageDraw, motif: Motif) -> None:
    scale = motif.scale * _FINE
    for shape in shapes.read(motif.shapes):
        points = [(motif.x * _FINE + x * scale, motif.y * _FINE + y * scale) for x, y in shape.points]
        if shape.is_line:
            draw.line(points, fill=shape.colour, width=round(shape.width * scale), joint="curve")
        else:
            draw.polygon(points, fill=shape.colour)
