"""Which column of a list is which, by what its header calls it, in the languages we write."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.i18n import fold

_NAMES = {
    "phone": """
        phone, phone number, phone no, mobile, mobile number, mobile phone, cell, cell number, cell phone,
        cellphone, number, telephone, telephone number, tel, sms, msisdn, e164
        | teléfono, número de teléfono, teléfono móvil, móvil, celular, número de celular, número
        | téléphone, numéro de téléphone, téléphone portable, téléphone mobile, portable, tél, numéro
        | telefone, número de telefone, telemóvel, fone
        | 电话, 电话号码, 手机, 手机号, 手机号码, 号码, 電話, 電話號碼, 手機, 手機號碼
        | هاتف, الهاتف, رقم الهاتف, جوال, الجوال, رقم الجوال, موبايل, المحمول, رقم المحمول
    """,
    "locale": """
        locale, language, lang, language code, preferred language
        | idioma, lengua | langue | língua, idioma | 语言, 语种, 語言 | لغة, اللغة
    """,
    "name": """
        name, first name, full name, given name, customer, customer name, contact name
        | nombre, nombre completo | nom, prénom, nom complet | nome, nome completo
        | 姓名, 名字, 名称, 客户姓名 | اسم, الاسم, الاسم الكامل
    """,
    # Only what is said to be over counts: a list of ours names everybody who ever followed.
    "status": "status",
}


class UnusableHeader(ValueError):
    """The first line does not say which column is which; the message says what it should look like."""


@dataclass(frozen=True)
class Columns:
    """Where a list has what, counted from 0; None where it has no such column."""

    header: tuple[str, ...]
    phone: int
    locale: int | None
    name: int | None
    status: int | None

    def named(self) -> dict[str, str]:
        """What was found, as the list calls it: ``{"phone": "Teléfono"}``."""
        places = {"phone": self.phone, "locale": self.locale, "name": self.name, "status": self.status}
        return {what: self.header[place].strip() for what, place in places.items() if place is not None}


def find(header: Sequence[str]) -> Columns:
    """Read a header.

    :raises UnusableHeader: no column, or more than one, could be the phone's; or two the same other one.
    """
    places: dict[str, int] = {}
    for place, title in enumerate(header):
        what = _MEANING.get(_folded(title))
        if what is None:
            continue
        if what in places:
            raise UnusableHeader(
                f"Two columns could be the {what}: {header[places[what]].strip()!r} and {title.strip()!r}. "
                "Rename or remove the one that is not meant."
            )
        places[what] = place
    if "phone" not in places:
        found = ", ".join(repr(title.strip()[:40]) for title in header[:12] if title.strip()) or "nothing"
        raise UnusableHeader(
            f"No column is the phone. The first line must name the columns, like phone,locale,name. It has "
            f"{found}. The phone may be called mobile, number, teléfono, téléphone, telefone, 电话 or هاتف."
        )
    return Columns(
        tuple(header), places["phone"], places.get("locale"), places.get("name"), places.get("status")
    )


def _folded(title: str) -> str:
    return fold(re.sub(r"[_\-.:]+", " ", title))


_MEANING = {
    _folded(name): what for what, names in _NAMES.items() for name in re.split(r"[,|]", names) if name.strip()
}
