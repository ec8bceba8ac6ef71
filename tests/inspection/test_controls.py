"""Control characters as pictures."""

from recurry.inspection.controls import printable


def test_control_characters_are_pictured():
    assert printable("a\x1b[2Jb\r\x07\x9bc\n\t") == "a␛[2Jb␍␇\ufffdc\n\t"


def test_no_other_character_changes():
    text = "To be,\tor\nnot: é€🦊"
    assert printable(text) == text
