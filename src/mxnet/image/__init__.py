"""Images: reading, changing, iterating; augmentation for classification and for detection."""

from __future__ import annotations

from . import detection, image
from .detection import *  # noqa: F403
from .detection import __all__ as _detection_names
from .image import *  # noqa: F403
from .image import __all__ as _image_names

__all__ = [*_image_names, *_detection_names, "detection", "image"]
