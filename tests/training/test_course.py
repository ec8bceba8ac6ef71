"""Both kinds of courses have what the loop asks for."""

from recurry.data.batches import Batches
from recurry.training.configuration import WindowConfig
from recurry.training.course import Course, Place
from recurry.training.windows import Windows


def test_places():
    assert isinstance(Windows(40, WindowConfig(k1=8), epochs=1, seed=0).at(0), Place)
    batches = Batches([1, 2], records=1, steps=9, epochs=1, seed=0)
    assert isinstance(batches.at(0), Place)


def test_a_course(make_model, begin):
    assert isinstance(begin(make_model()).course, Course)
