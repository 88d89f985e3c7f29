"""Names of genes: each once, short enough for a file's name, none turned to a date.

Spreadsheets take SEPT7 for the 7th of September (Ziemann et al., Genome Biology 17:177,
2016; renamed by HGNC in 2020: Bruford et al., Nature Genetics 52:754).
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable

from inr_jax.errors import InputError, shortlist, unknown_name

log = logging.getLogger("inr_jax")

LONGEST = 120  # bytes; a name is part of names of files, of 255 bytes at most
MONTHS: tuple[str, ...] = ("jan", "feb", "mar", "apr", "may", "jun")
MONTHS += ("jul", "aug", "sep", "oct", "nov", "dec")
SYMBOLS = {3: "MARCHF{0} or MTARC{0}", 9: "SEPTIN{0}", 12: "DELEC{0}"}
_MONTH = rf"({'|'.join(MONTHS)})[a-z]*"
DATES = (
    re.compile(rf"(?P<day>\d{{1,2}})[-./ ](?P<word>{_MONTH})([-./ ]\d{{2,4}})?", re.I),
    re.compile(rf"(?P<word>{_MONTH})[-./ ](?P<day>\d{{1,2}})([-./ ]\d{{2,4}})?", re.I),
    re.compile(r"\d{4}-(?P<month>\d\d)-(?P<day>\d\d)([ T][\d:.]+)?"),
    re.compile(r"(?P<month>\d{1,2})/(?P<day>\d{1,2})/\d{2,4}"),
)


def check_gene_names(genes: list[str], where: object) -> None:
    """Refuse names that no file can have; warn of those turned to dates.

    Raises:
        InputError: A name is longer than `LONGEST`, or has letters that cannot be seen.
    """
    unseen = [gene for gene in genes if not gene or not gene.isprintable()]
    if unseen:
        expected, found = "genes' names that can be read", ascii(unseen[0][:40])
        raise InputError(where, expected=expected, found=found, fix="rename it")
    long = [gene for gene in genes if len(gene.encode("utf-8", "replace")) > LONGEST]
    if long:
        raise InputError(
            where,
            expected=f"genes' names of at most {LONGEST} letters, for names of files",
            found=f"{len(long[0])} letters in {long[0][:40]!r}...",
            fix="shorten it",
        )
    dates = [f"{gene!r}{likely_symbol(gene)}" for gene in genes if is_date(gene)]
    if dates:
        log.warning(
            "%s: genes with names of dates, as spreadsheets make them of symbols: %s; "
            "correct them",
            where,
            shortlist(dates, 12),
        )


def is_date(gene: str) -> bool:
    """Whether a name is written as a date."""
    return any(form.fullmatch(gene) for form in DATES)


def likely_symbol(gene: str) -> str:
    """What a name in the form of a date was, in words; "" where no gene is known."""
    said = next(filter(None, (form.fullmatch(gene) for form in DATES))).groupdict()
    word = said.get("word")
    month = MONTHS.index(word[:3].lower()) + 1 if word else int(said["month"])
    symbol = SYMBOLS.get(month, "")
    return f" (likely {symbol.format(int(said['day']))})" if symbol else ""


def columns_of(genes: tuple[str, ...], wanted: str | Iterable[str] | None) -> list[int]:
    """Columns of the wanted genes among all; None wants all.

    Raises:
        InputError: An unknown gene; names the nearest.
    """
    if wanted is None:
        return list(range(len(genes)))
    names = [wanted] if isinstance(wanted, str) else list(wanted)
    number = {gene: column for column, gene in enumerate(genes)}
    for name in names:
        if name not in number:
            raise unknown_name("genes", name, genes)
    if not names:
        fix = "leave genes out to take all"
        raise InputError("genes", expected="one or more", found="none", fix=fix)
    return [number[name] for name in dict.fromkeys(names)]
