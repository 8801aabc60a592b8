"""Decodes images with Pillow, to compare with. Reads lines `WIDTH HEIGHT FILE`; answers each with the RGB bytes of the first
frame, upright, in sRGB, on white, in that size, after their number as four bytes. 0 if Pillow cannot decode it."""

import io
import sys
import warnings

from PIL import Image, ImageCms, ImageOps

warnings.simplefilter("ignore")
Image.MAX_IMAGE_PIXELS = None
SRGB = ImageCms.createProfile("sRGB")


def in_srgb(image):
    profile = image.info.get("icc_profile")
    if not profile or image.mode not in ("RGB", "RGBA", "CMYK", "L"):
        return image
    try:
        mode = "RGBA" if image.mode == "RGBA" else "RGB"
        return ImageCms.profileToProfile(image, io.BytesIO(profile), SRGB, outputMode=mode)
    except (ImageCms.PyCMSError, OSError):
        return image


def decode(path, size):
    with Image.open(path) as image:
        image = in_srgb(ImageOps.exif_transpose(image))
        if image.mode.startswith("I;16"):
            image = image.point(lambda value: value / 257).convert("L")
        image = image.convert("RGBa").resize(size, Image.Resampling.LANCZOS).convert("RGBA")
        white = Image.new("RGBA", size, "white")
        return Image.alpha_composite(white, image).convert("RGB").tobytes()


for line in sys.stdin:
    width, height, path = line.rstrip("\n").split(" ", 2)
    try:
        pixels = decode(path, (int(width), int(height)))
    except Exception:
        pixels = b""
    sys.stdout.buffer.write(len(pixels).to_bytes(4, "big") + pixels)
    sys.stdout.buffer.flush()
