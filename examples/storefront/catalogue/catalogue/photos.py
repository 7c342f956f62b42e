"""Make the small pictures that the shop window shows."""

from pathlib import Path

from PIL import Image

SIZE = (320, 320)


def make_thumbnail(source, folder):
    """Write a JPEG no larger than SIZE and return its path."""
    target = Path(folder) / (Path(source).stem + ".jpg")
    with Image.open(source) as picture:
        picture.thumbnail(SIZE)
        picture.convert("RGB").save(target, "JPEG", quality=85)
    return target
