"""The scale: blue to red through white, with ink that can be read."""

import numpy as np

from recurry.inspection.colour import NUM_LEVELS, contrast, ink, levels, palette, squash


def test_levels_run_from_blue_over_white_to_red():
    assert levels(np.array([-1.0, 0.0, 1.0])).tolist() == [0, NUM_LEVELS // 2, NUM_LEVELS - 1]
    blue, white, red = (palette()[level] for level in (0, NUM_LEVELS // 2, NUM_LEVELS - 1))
    assert blue[2] > blue[0] + 80
    assert red[0] > red[2] + 80
    assert min(white) > 240


def test_levels_cut_off_what_lies_outside():
    values = np.array([-9.0, 9.0, np.nan, np.inf])
    assert levels(values).tolist() == [0, NUM_LEVELS - 1, NUM_LEVELS // 2, NUM_LEVELS - 1]


def test_ink_is_readable_on_every_level():
    assert min(contrast(colour, ink(colour)) for colour in palette()) >= 4.5


def test_contrast_has_its_known_extremes():
    assert contrast((0, 0, 0), (255, 255, 255)) == 21
    assert contrast((9, 9, 9), (9, 9, 9)) == 1


def test_neighbouring_levels_differ():
    assert len(set(palette())) == NUM_LEVELS


def test_c_goes_through_tanh_and_h_is_cut_off():
    values = np.array([-3.0, 0.5])
    np.testing.assert_allclose(squash(values, "c"), np.tanh(values))
    np.testing.assert_allclose(squash(values, "h"), [-1.0, 0.5])
