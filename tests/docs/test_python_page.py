"""Every public name stands on the page of Python names, and no other."""

import re
from pathlib import Path

import recurry

PAGE = Path(__file__).parents[2] / "docs" / "python.md"


def test_the_page_lists_exactly_the_public_names():
    listed = re.findall(r"^\.\. auto\w+:: recurry\.(\w+)$", PAGE.read_text(), re.MULTILINE)
    assert sorted(listed) == sorted(recurry.__all__)


def test_type_checkers_and_the_lazy_table_see_the_same_names():
    source = Path(recurry.__file__).read_text()
    imported = re.findall(r"import (?:\w+ as )?(.+)$", source.split("_PUBLIC")[0], re.MULTILINE)
    names = {name.strip() for line in imported for name in line.split(",")}
    assert set(recurry.__all__) <= names
    assert set(recurry.__all__) == set(recurry._PUBLIC)
