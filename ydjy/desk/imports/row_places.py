"""Where a row of a received file stands, in words."""


def of_sheet(name: str) -> str:
    """Nothing for the table of a text file, which has no name."""
    return f"工作表“{name}”" if name else ""


def of_row(sheet: str, row: int) -> str:
    return f"{of_sheet(sheet)}第 {row} 行"
