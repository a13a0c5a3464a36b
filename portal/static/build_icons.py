"""Makes icons.svg, our subset of @tabler/icons as one sprite, from an unpacked `npm pack @tabler/icons@3.51.0`.

Run: python portal/static/build_icons.py <unpacked package>/icons/outline
"""

import re
import sys
from pathlib import Path

ICONS = [
    "alert-circle",
    "alert-triangle",
    "arrow-left",
    "arrow-right",
    "baby-carriage",
    "briefcase",
    "building-community",
    "certificate",
    "check",
    "chevron-right",
    "circle-check",
    "circle-dashed",
    "circle-x",
    "clipboard-list",
    "clock",
    "coin",
    "credit-card-pay",
    "device-desktop-analytics",
    "disabled",
    "external-link",
    "eye",
    "file-text",
    "files",
    "gift",
    "heart-handshake",
    "heartbeat",
    "home",
    "home-dollar",
    "hourglass",
    "id",
    "id-badge-2",
    "inbox",
    "info-circle",
    "language",
    "link",
    "list-details",
    "lock",
    "logout",
    "medical-cross",
    "notes",
    "old",
    "paperclip",
    "pencil",
    "phone",
    "plug",
    "plus",
    "printer",
    "qrcode",
    "receipt-tax",
    "refresh",
    "search",
    "send",
    "shield-check",
    "tools-kitchen-2",
    "trash",
    "upload",
    "user",
    "users",
    "world",
    "x",
]

_SHAPES = re.compile(r"<(?:path|circle|rect|line|polyline|ellipse)\b[^>]*/>", re.DOTALL)


def symbol(name: str, source: str) -> str:
    """Return one symbol; the invisible bounding box of the original is left out."""
    shapes = [" ".join(s.split()) for s in _SHAPES.findall(source) if 'stroke="none"' not in s]
    return f'<symbol id="{name}" viewBox="0 0 24 24">{"".join(shapes)}</symbol>'


def main(source: Path) -> None:
    """Write the sprite beside this script."""
    symbols = [symbol(name, (source / f"{name}.svg").read_text()) for name in ICONS]
    sprite = (
        "<!-- Subset of @tabler/icons 3.51.0, MIT, see vendor/tabler-icons-3.51.0/LICENSE -->\n"
        '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n"
    )
    Path(__file__).with_name("icons.svg").write_text(sprite)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
