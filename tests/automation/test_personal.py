"""{name} in a text, and how the text reads where we know no name, in six languages."""

from __future__ import annotations

import pytest

from bot.automation.personal import fill_in, is_personal


@pytest.mark.parametrize(
    ("text", "with_a_name", "without"),
    [
        ("Hi {name}, welcome!", "Hi Ana, welcome!", "Hi, welcome!"),
        ("{name}, welcome!", "Ana, welcome!", "Welcome!"),
        ("Welcome, {name}!", "Welcome, Ana!", "Welcome!"),
        ("Thanks {name} for joining", "Thanks Ana for joining", "Thanks for joining"),
        ("Welcome, {name}, to {client}", "Welcome, Ana, to Pizza Palace", "Welcome, to Pizza Palace"),
        ("Hi!\n{name}, come by", "Hi!\nAna, come by", "Hi!\nCome by"),
        ("¡Hola, {name}!", "¡Hola, Ana!", "¡Hola!"),
        ("¡{name}, gracias!", "¡Ana, gracias!", "¡Gracias!"),
        ("{name}, ¡gracias!", "Ana, ¡gracias!", "¡gracias!"),
        ("Bonjour {name} !", "Bonjour Ana !", "Bonjour !"),
        ("{name}, à bientôt", "Ana, à bientôt", "À bientôt"),
        ("Olá, {name}! Que bom", "Olá, Ana! Que bom", "Olá! Que bom"),
        ("你好，{name}！", "你好，Ana！", "你好！"),
        ("{name}，你好！", "Ana，你好！", "你好！"),
        ("{name}你好", "Ana你好", "你好"),
        ("مرحبا {name}، أهلا بك", "مرحبا Ana، أهلا بك", "مرحبا، أهلا بك"),
        ("{name}، أهلا بك", "Ana، أهلا بك", "أهلا بك"),
        ("{name}", "Ana", ""),
        ("No name at all", "No name at all", "No name at all"),
    ],
)
def test_a_name_goes_with_its_comma(text: str, with_a_name: str, without: str) -> None:
    assert fill_in(text, name="Ana", client="Pizza Palace") == with_a_name
    assert fill_in(text, name=None, client="Pizza Palace") == without
    assert is_personal(text) == ("{name}" in text)


def test_a_name_is_not_read_as_a_placeholder() -> None:
    assert fill_in("Hi {name}", name="{client}", client="Pizza Palace") == "Hi {client}"
