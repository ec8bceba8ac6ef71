"""What a view is."""

from typing import get_args

import pytest
from pydantic import ValidationError

from recurry.errors import UsageError
from recurry.inspection.recording import record
from recurry.inspection.session import Session
from recurry.inspection.subject import Kind, subject_of
from recurry.inspection.view import EVERY_KIND, View, ViewOptions
from recurry.inspection.views import all_views, find_view


@pytest.mark.parametrize("view", all_views(), ids=lambda view: view.name)
def test_every_view_is_one(view):
    assert isinstance(view, View)
    assert view.title
    assert view.caption.count(".") >= 2
    view.Options()  # every option has a default
    with pytest.raises(ValidationError):
        view.Options(there_is_no_such_option=1)


MODELS = {"language": "model", "classify": "classifier", "tag": "tagger", "translate": "translator"}
# View -> the kinds of models that it is not for.
REFUSED = {
    "write": ("classify", "tag", "translate"),
    "errors": ("classify", "tag", "translate"),
    "attention": ("language", "classify", "tag"),
    "saliency": ("language",),
}


@pytest.mark.parametrize(("name", "kind"), [(name, k) for name in REFUSED for k in REFUSED[name]])
def test_a_view_refuses_other_models_with_the_reason_that_it_gives_before(name, kind, request):
    view, subject = find_view(name), subject_of(request.getfixturevalue(MODELS[kind]))
    session = Session(subject, record(subject, "the cat\n" * 20))
    problem = view.kinds.problem(subject.kind)
    assert problem is not None
    assert problem.what.startswith(f"A model of the kind {kind} ")
    assert problem.accepted
    with pytest.raises(UsageError, match=f"^{problem.what[:-1]}"):
        view.compute(session, view.Options())


@pytest.mark.parametrize("view", all_views(), ids=lambda view: view.name)
def test_a_view_is_for_all_other_models(view):
    refused = REFUSED.get(view.name, ())
    assert all((view.kinds.problem(kind) is None) == (kind not in refused) for kind in MODELS)


def test_a_view_is_for_every_kind_unless_it_says_otherwise():
    assert all(EVERY_KIND.problem(kind) is None for kind in get_args(Kind))


def test_options_do_not_change():
    class Options(ViewOptions):
        size: int = 1

    with pytest.raises(ValidationError):
        Options().size = 2
