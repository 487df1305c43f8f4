"""Pictures as arrays, and the same picture painted without any tiles."""

import numpy as np
from PySide6.QtGui import QImage, QPainter

from graphviz_app.ui.canvas.items import ItemPainter, detail_of
from graphviz_app.ui.canvas.live import LiveLayer, Marking
from graphviz_app.ui.canvas.view import scale_of
from graphviz_app.ui.painting import colour


def array_of(image):
    """Int16 (height, width, 3) of an image, so that differences have a sign."""
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    flat = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine() // 4, 4)
    return flat[:, : image.width(), 2::-1].astype(np.int16)


def grabbed(canvas):
    """What the canvas shows, its buttons left out."""
    canvas.overlays.hide()
    return array_of(canvas.grab().toImage())


def painted_whole(canvas, *, live=True):
    """What the canvas should show, painted in one piece."""
    lens, frame = canvas.lens, canvas.frame
    image = QImage(lens.width, lens.height, QImage.Format.Format_RGB32)
    layer = LiveLayer()
    layer.set_frame(frame)
    painter = QPainter(image)
    while live and not layer.draw(painter, lens, Marking(), None):
        pass
    painter.resetTransform()
    painter.fillRect(image.rect(), colour(frame.theme.background))
    painter.translate(lens.origin_x, lens.origin_y)
    painter.scale(lens.scale, lens.scale)
    ItemPainter().paint(painter, frame, lens.visible, detail_of(scale_of(lens.level)))
    painter.resetTransform()
    if live:
        layer.draw(painter, lens, Marking(), None)
    painter.end()
    return array_of(image)


def differing(one, other, tolerance=24):
    """The share of pixels that differ by more than a tolerance."""
    return float((np.abs(one - other).max(axis=2) > tolerance).mean())
