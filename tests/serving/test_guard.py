"""Who is answered, and what answers allow."""

import pytest
from starlette.testclient import TestClient

from recurry.serving.application import build_application
from recurry.serving.events import EventHub

TOKEN = "abcdef0123456789"


def test_answers_forbid_everything_that_is_not_the_servers_own(client):
    headers = client.get("/").headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "'unsafe" not in policy
    assert "http" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-resource-policy"] == "same-origin"


def test_a_drawing_may_style_itself_and_nothing_else(client):
    policy = client.get("/api/view/network.svg").headers["content-security-policy"]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; sandbox"


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "", "[::2]", "[", "a:b:c"]
)
def test_a_request_under_another_name_is_refused(client, host):
    answer = client.get("/api/about", headers={"host": host})
    assert answer.status_code == 421
    assert "this machine only" in answer.json()["what"]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:8642", "[::1]:9"])
def test_loopback_names_are_answered(client, host):
    assert client.get("/api/about", headers={"host": host}).status_code == 200


def test_other_pages_get_no_answer(client):
    for origin in ("http://evil.example", "null", "http://127.0.0.1:1"):
        answer = client.post("/api/text", json={"text": "a"}, headers={"origin": origin})
        assert answer.status_code == 403
    assert client.get("/api/about", headers={"sec-fetch-site": "cross-site"}).status_code == 403
    own = client.post("/api/text", json={"text": "a b"}, headers={"origin": "http://127.0.0.1"})
    assert own.status_code == 200


def test_a_link_from_another_page_may_lead_here(client):
    headers = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    assert client.get("/", headers=headers).status_code == 200


def test_what_is_too_large_is_refused_before_it_is_read(client):
    answer = client.post("/api/text", content=b"", headers={"content-length": "99999999999"})
    assert answer.status_code == 413
    assert "recurry look MODEL FILE" in answer.json()["next"]


@pytest.fixture
def guarded(viewing):
    """An application on a network, which needs a token."""
    app = build_application(viewing, EventHub(), token=TOKEN)
    with TestClient(app, base_url="http://box.example:8642", follow_redirects=False) as client:
        yield client


def test_without_the_token_nothing_is_said(guarded):
    for path in ("/", "/static/main.js", "/api/about"):
        answer = guarded.get(path)
        assert answer.status_code == 401
        assert "holds the token" in answer.json()["next"]


def test_the_token_in_the_address_becomes_a_cookie(guarded):
    answer = guarded.get(f"/?token={TOKEN}")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/"
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert guarded.get("/api/about").status_code == 200  # the client kept the cookie


def test_a_program_may_bring_the_token_in_a_header(guarded):
    headers = {"authorization": f"Bearer {TOKEN}"}
    assert guarded.get("/api/about", headers=headers).status_code == 200


@pytest.mark.parametrize("token", ["", "abcdef012345678", TOKEN + "0", "Ω" * 16])
def test_a_wrong_token_is_refused(guarded, token):
    assert guarded.get("/", params={"token": token}).status_code == 401


def test_the_address_after_the_token_stays_on_this_server(guarded):
    assert guarded.get(f"//evil.example/?token={TOKEN}").headers["location"] == "/"
    assert "location" not in guarded.get(f"/%5Cevil.example/?token={TOKEN}").headers


def test_a_cookie_of_another_program_or_port_locks_nobody_out(guarded):
    cookies = f'prefs={{"theme": "dark"}}; recurry_token_8643=other; recurry_token_8642={TOKEN}'
    assert guarded.get("/api/about", headers={"cookie": cookies}).status_code == 200
    other_port = f"recurry_token_8643={TOKEN}"
    assert guarded.get("/api/about", headers={"cookie": other_port}).status_code == 401


def test_a_program_may_bring_the_token_in_the_address(guarded):
    answer = guarded.get("/api/view/network", params={"token": TOKEN, "steps": "2"})
    assert answer.status_code == 200
    assert "unrolled over 2 steps" in answer.json()["unrolled"]
