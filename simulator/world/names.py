"""Names: the countries are real; clubs, grounds and people are invented."""

from __future__ import annotations

COUNTRIES: list[tuple[int, str]] = [
    (462, "England"),
    (32, "Spain"),
    (11, "Germany"),
    (251, "Italy"),
    (17, "France"),
    (20, "Portugal"),
    (38, "Netherlands"),
    (556, "Belgium"),
    (1161, "Scotland"),
    (320, "Denmark"),
    (5, "Brazil"),
    (44, "Argentina"),
    (1578, "Norway"),
    (47, "Sweden"),
    (143, "Austria"),
    (62, "Switzerland"),
    (404, "Turkey"),
    (125, "Greece"),
    (2, "Poland"),
    (266, "Croatia"),
]

DIVISIONS = ["First Division", "Second Division", "Championship", "Regional League", "Cup League"]

_TOWN_STARTS = [
    "Alder", "Brant", "Carro", "Dunmo", "Elver", "Farin", "Galto", "Harro", "Ister", "Jorva",
    "Kessel", "Lundo", "Marren", "Norvi", "Ostra", "Pellin", "Quarto", "Rosven", "Sandra", "Tolmi",
    "Ulver", "Vestri", "Wexmo", "Ystra", "Zandor",
]  # fmt: skip
_TOWN_ENDS = ["by", "ham", "ville", "stad", "mont", "port", "burgo", "ford", "dal", "nova"]
_CLUB_FORMS = [
    "{} United", "{} City", "FC {}", "Sporting {}", "{} Rovers", "Real {}", "{} Athletic",
    "Dynamo {}", "{} Wanderers", "Racing {}", "{} Albion", "Atlético {}", "{} 1907", "SV {}",
]  # fmt: skip
_FIRST_NAMES = [
    "Adam", "André", "Bruno", "Carl", "Danilo", "Diego", "Emre", "Erik", "Fábio", "Felix",
    "Gabriel", "Hugo", "Iker", "Ivan", "Jakob", "João", "Jonas", "Kai", "Karim", "Leo", "Luca",
    "Marek", "Mateo", "Nils", "Noah", "Omar", "Oskar", "Pablo", "Rafa", "Rui", "Samir", "Stefan",
    "Thiago", "Tom", "Viktor", "Yann", "Zoran",
]  # fmt: skip
_LAST_NAMES = [
    "Almstad", "Barroca", "Brenner", "Calvo", "Corrigan", "Danjou", "Delmar", "Eklund", "Esteves",
    "Ferrin", "Fjord", "Gallo", "Gravesand", "Halvers", "Ibarro", "Jansky", "Kestrel", "Køhler",
    "Larsvik", "Lombard", "Maddox", "Marquez-Vidal", "Moreno Sá", "Nagy", "Nordin", "O'Dare",
    "Ortolan", "Pavlik", "Pereza", "Quist", "Ravel", "Renn", "Sabatin", "Santoro", "Silvério",
    "Tarvos", "Ullmann", "Vance", "Varga", "Wendt", "Xara", "Yilmazer", "Zeman", "Żurek", "Ñunez",
]  # fmt: skip


def town(number: int) -> str:
    """Return the town of this number: 250 towns, then the same ones with a suffix."""
    again, number = divmod(number, len(_TOWN_STARTS) * len(_TOWN_ENDS))
    name = _TOWN_STARTS[number % len(_TOWN_STARTS)] + _TOWN_ENDS[number // len(_TOWN_STARTS)]
    return f"{name} {'I' * (again + 1)}" if again else name


def club(number: int, shade: int) -> str:
    """Return the club of town `number`; `shade` picks the form of its name."""
    return _CLUB_FORMS[shade % len(_CLUB_FORMS)].format(town(number))


def person(number: int) -> str:
    """Return the person of this number: 1,665 different names."""
    count = len(_FIRST_NAMES)
    return f"{_FIRST_NAMES[number % count]} {_LAST_NAMES[number // count % len(_LAST_NAMES)]}"
