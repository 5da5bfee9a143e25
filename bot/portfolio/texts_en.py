"""What the operator reads about a file, in English."""

from __future__ import annotations

Said = tuple[str, str]
"""What is wrong; how to mend it."""

ENGLISH: dict[str, Said] = {
    "file.missing": ("there is no file {path}", "check the path"),
    "file.unreadable": ("{path} cannot be read", "check the permissions of the file"),
    "file.too_big": (
        "the file has {size} MB and the most is {most} MB",
        "split it and repeat the header, for instance: "
        "tail -n +2 {name} | split -l 200000 - part_ && "
        'for p in part_*; do (head -n 1 {name}; cat "$p") > "$p.csv"; done; '
        "save an .xlsx as CSV first",
    ),
    "file.unpacks_too_big": (
        "the .xlsx unpacks to {size} MB and the most is {most} MB",
        "save it as CSV or split it",
    ),
    "file.empty": ("the file is empty", "export it again: header and rows are missing"),
    "file.header_only": ("the file has a header only", "export it again with its rows"),
    "file.not_table": (
        "the file is neither CSV nor XLSX but {kind}, though it is called {name}",
        "export it as CSV or XLSX; renaming is not enough",
    ),
    "file.broken_xlsx": (
        "the .xlsx is damaged or incomplete",
        "open it, save it again and try once more",
    ),
    "file.long_line": (
        "line {line} has more than {most} characters: it does not look like a table",
        "check the line ends and the quotes",
    ),
    "columns.header": (
        "the first row is no header that is known here",
        "put the column titles in the first row; docs/import.md has the list",
    ),
    "columns.unnamed": ("columns without a title: {numbers}", "give them one or delete them"),
    "columns.unknown": (
        "unknown columns: {names}",
        "mend the title or delete the column; docs/import.md has the list",
    ),
    "columns.repeated": ("two columns say the same: {names}", "keep one of each"),
    "columns.missing": ("needed columns are missing: {names}", "add them to the file"),
    "columns.identity": (
        "nobody could prove who they are",
        "add at least two of these columns: document, birth_date, postcode",
    ),
    "creditor.none": (
        "there is no creditor {slug}",
        "use one of these: {known}; or create it before importing",
    ),
    "database.unready": (
        "the database is not available or has no tables",
        "check DATABASE_URL and prepare the database before importing",
    ),
    "row.too_many": (
        "the row has {found} cells and the header {expected}",
        "mostly a separator without quotes inside a text or an amount",
    ),
    "row.quote": (
        "a quotation mark that opens and never closes swallowed several lines",
        "close or delete the mark",
    ),
    "row.debtor_differs": (
        "says something else than line {other} about the same debtor",
        "keep the same in all their rows",
    ),
    "row.account_twice": (
        "the account is in line {other} already, with other data",
        "keep one row for each account",
    ),
    "row.account_currency": (
        "the account exists in {currency}",
        "an account never changes currency: use another account_ref",
    ),
    "row.account_debtor": (
        "the account exists and is another debtor's",
        "check debtor_ref, or use another account_ref if the debt passed to somebody else",
    ),
    "cell.missing": ("is missing", "fill the cell"),
    "cell.formula": (
        "is a formula without a value, or a text that would run as a formula",
        "paste the value instead of the formula, without =, +, - or @ in front",
    ),
    "cell.excel_error": ("is a spreadsheet error", "mend the formula that makes it"),
    "cell.garbled": (
        "has wrongly converted characters",
        "save the original again as CSV UTF-8",
    ),
    "cell.control": ("has invisible characters that are not allowed", "type it again"),
    "cell.long": ("has {length} characters and the most is {most}", "shorten it"),
    "cell.scientific": (
        "the spreadsheet rounded the number and lost digits",
        "format the column as text before pasting the data",
    ),
    "creditor.unknown": ("there is no creditor {slug}", "use one of these: {known}"),
    "creditor.other": (
        "the file is being imported for {slug}",
        "mend the cell or import without --creditor",
    ),
    "name.letters": ("does not look like a name", "write first and last names"),
    "country.unknown": (
        "is no country whose rules are loaded",
        "use the two-letter code: {known}",
    ),
    "language.unknown": ("is no language on offer", "use es, pt or en"),
    "timezone.unknown": (
        "is no time zone",
        "use an IANA name such as America/Mexico_City, or leave it empty",
    ),
    "timezone.not_in_region": (
        "is not the time of {region}",
        "mend one of the two; meanwhile the hours of both are kept",
    ),
    "timezone.none": (
        "no time zone may be assumed in {country}",
        "give timezone or region: until then only the hours common to all its zones count",
    ),
    "region.unknown": (
        "is no region of {country} that is known",
        "use its ISO 3166-2 code ({some}) or its name, or leave it empty",
    ),
    "document.short": (
        "has fewer than four useful characters",
        "give the whole document or its last four",
    ),
    "identity.too_few": (
        "this person could not prove who they are",
        "fill at least two of: document, birth_date, postcode",
    ),
    "postcode.unreadable": ("is no postal code of {country}", "check it or leave it empty"),
    "phone.unreadable": ("is no telephone number", "write one number, with its country code"),
    "phone.length": (
        "has not the digits of a telephone number of {country}",
        "write it with + and the country code",
    ),
    "email.unreadable": ("is no e-mail address", "write one address, or leave it empty"),
    "consent.unknown": ("is not understood", "write yes or no, or leave it empty"),
    "consent.no_date": ("is missing: without a date it proves nothing", "say when they agreed"),
    "consent.no_source": (
        "is missing: without a source it proves nothing",
        "say where they agreed",
    ),
    "consent.orphan": ("there is a date or a source, but consent is empty", "write yes or no"),
    "currency.unknown": ("is no currency in use here", "use one of: {known}"),
    "amount.unreadable": ("is no amount", "write digits only, such as 4520.50"),
    "amount.negative": (
        "is negative",
        "write it as a positive number: what was paid goes in paid, what is in favour in credit",
    ),
    "amount.ambiguous": (
        "the mark might be of thousands or of decimals",
        "write two decimals, such as 1234.00",
    ),
    "amount.decimals": ("has more decimals than {currency} ({count})", "round it"),
    "amount.huge": ("is too large", "check whether two cells ran together"),
    "amount.currency": ("is in {found} and the row in {currency}", "mend one of the two"),
    "date.unreadable": ("is no date", "write it as 2025-03-31"),
    "date.impossible": ("there is no such day", "write it as 2025-03-31"),
    "date.short_year": ("the year has two digits", "write all four"),
    "date.serial": (
        "is a spreadsheet's internal number of a date",
        "format the column as a date",
    ),
    "date.month_first": (
        "the month comes first, which is read for the United States only",
        "write it as 2025-03-31",
    ),
    "date.day_first": (
        "the day comes first, and in the United States the month does",
        "write it as 2025-03-31",
    ),
    "date.ambiguous": (
        "might be day/month or month/day: the column mixes both",
        "write it as 2025-03-31",
    ),
    "date.future": ("is in the future", "check the year"),
    "date.too_far": ("is more than 50 years away", "check the year"),
    "date.before_opened": ("is before opened_on", "check which of the two is wrong"),
    "birth.minor": ("would be a minor", "check the year; nothing is collected from a minor"),
    "birth.ancient": ("would be older than 120", "check the year"),
}
