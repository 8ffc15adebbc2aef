"""What people read of an answer: the words for a problem, in one short line, and nothing that is secret."""

import base64
import json

import pytest

from steadydesk.connectors.said import HIDDEN, LONGEST, safe_words

SECRET = "s3cr3t/of the desk+"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (
            {"title": "Conflict", "detail": "The name is taken.", "status": 409},
            "Conflict · The name is taken.",
        ),
        ({"error": {"code": 7, "message": "quota exceeded"}}, "quota exceeded"),
        ({"error": "invalid_scope", "error_description": "No such scope"}, "invalid_scope · No such scope"),
        ({"errors": [{"field": "size", "message": "too large"}, "and more"]}, "too large · and more"),
        ({"message": "same", "detail": "same"}, "same"),
        ({"message": "two\nlines \u202eof\u0000 it"}, "two lines of it"),
        ({"id": "m-7", "person": "anna"}, ""),
        ([], ""),
        (7, ""),
        ("just words", "just words"),
    ],
)
def test_the_words_for_a_problem_are_found(answer: object, words: str) -> None:
    assert safe_words(json.dumps(answer), []) == words


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("  no seats\n left ", "no seats left"),
        ("<html><title>502 Bad Gateway</title></html>", ""),
        ('{"message": "cut of', ""),
        ("[1, ", ""),
        ("", ""),
        ("[" * 1999, ""),
    ],
)
def test_plain_text_is_read_and_markup_and_pieces_are_not(answer: str, words: str) -> None:
    assert safe_words(answer, []) == words


def test_a_long_answer_is_cut() -> None:
    words = safe_words("word " * 390, [])
    assert len(words) == LONGEST
    assert words.endswith("…")


@pytest.mark.parametrize("before", ["no", "nö", "n\N{SNOWMAN}"])
def test_the_last_word_of_what_was_cut_off_may_be_half_a_secret(before: str) -> None:
    """Bytes are cut: the text of an answer with umlauts has fewer characters."""
    answer = f"{before}{' ' * 1990}{SECRET}".encode()[:2000].decode()
    assert answer[-4:] in SECRET
    assert safe_words(answer, [SECRET]) == before


@pytest.mark.parametrize("before", ["", "u", "us", "user:"])
def test_no_form_of_a_secret_is_left(before: str) -> None:
    coded = base64.b64encode(f"{before}{SECRET}:more".encode()).decode()
    answer = f"{SECRET} x={SECRET}; s3cr3t%2Fof%20the%20desk%2B {SECRET.upper()} basic_{coded} end"
    words = safe_words(answer, [SECRET])
    assert words.endswith(" end")
    assert set(words.removesuffix(" end").split()) == {HIDDEN}


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("rejected Bearer eyJhbGciOi.x1 here", f"rejected Bearer {HIDDEN} here"),
        ("basic dXNlcjpwYXNz", f"basic {HIDDEN}"),
        ("token=abc password: hunter2", f"token={HIDDEN} password: {HIDDEN}"),
        ("bearer authentication is needed", "bearer authentication is needed"),
        ("the token expired", "the token expired"),
    ],
)
def test_other_credentials_are_left_out(answer: str, words: str) -> None:
    assert safe_words(answer, []) == words


def test_what_is_confidential_is_left_out_as_it_is() -> None:
    answer = "iban DE89 3704 is closed for anna, size 4 of 42"
    assert safe_words(answer, [], ["DE89\n3704", "Anna", "4", ""]) == (
        f"iban {HIDDEN} is closed for {HIDDEN}, size {HIDDEN} of 42"
    )
