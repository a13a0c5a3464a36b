"""Static files: vendored ones are what the manifest says, addresses follow content."""

import json
from hashlib import sha256
from pathlib import Path

from portal.assets import STATIC, Assets

VENDOR = STATIC / "vendor"


def test_vendored_files_are_exactly_those_of_the_manifest() -> None:
    manifest = json.loads((VENDOR / "manifest.json").read_text("utf-8"))
    there = {p.relative_to(VENDOR).as_posix() for p in VENDOR.rglob("*") if p.is_file()} - {"manifest.json"}
    listed = {f"{name}/{file}": digest for name, entry in manifest.items() for file, digest in entry["files"].items()}
    assert there == listed.keys()
    for file, digest in listed.items():
        assert sha256((VENDOR / file).read_bytes()).hexdigest() == digest, file


def test_every_vendored_package_brings_its_licence() -> None:
    for directory in VENDOR.iterdir():
        assert not directory.is_dir() or (directory / "LICENSE").exists(), directory


def test_an_address_changes_with_the_content(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("a{}")
    before = Assets(tmp_path).address("a.css")
    (tmp_path / "a.css").write_text("b{}")
    assert Assets(tmp_path).address("a.css") != before


def test_every_icon_a_page_uses_is_in_the_sprite() -> None:
    sprite = (STATIC / "icons.svg").read_text("utf-8")
    from portal import library

    used = {*library._ICONS.values(), *library._SYSTEM_ICONS.values(), "building-community"}
    for name in used:
        assert f'<symbol id="{name}"' in sprite, name
