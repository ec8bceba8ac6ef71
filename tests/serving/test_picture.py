"""Drawings as PNG."""

import builtins

import pytest

from recurry.errors import MissingExtra
from recurry.serving.picture import to_png

SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="10">'
    '<rect width="20" height="10"/></svg>'
)


def test_a_drawing_becomes_a_picture_of_the_wanted_width():
    pytest.importorskip("resvg_py", reason="pip install 'recurry[look]'")
    data = to_png(SVG, width=40)
    assert data.startswith(b"\x89PNG")
    assert int.from_bytes(data[16:20]) == 40
    assert int.from_bytes(data[20:24]) == 20


def test_without_resvg_the_extra_is_named(monkeypatch):
    original = builtins.__import__

    def refuse(name, *arguments, **named):
        if name == "resvg_py":
            raise ImportError(name)
        return original(name, *arguments, **named)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(MissingExtra, match="resvg-py") as error:
        to_png(SVG)
    assert error.value.hint == "pip install 'recurry[look]'"
