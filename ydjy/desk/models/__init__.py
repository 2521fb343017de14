"""The staff's own tables: what was received, who changed what, who read whom."""

from ydjy.desk.models.attempt import (
    Attempt,
)
from ydjy.desk.models.export import (
    Export,
    ExportRule,
)
from ydjy.desk.models.list_record import (
    RowChange,
)
from ydjy.desk.models.storage_rule import (
    StorageRule,
)
from ydjy.desk.models.upload import (
    Change,
    ColumnMemory,
    Reading,
    StagedRow,
    Upload,
)

__all__ = [
    "Attempt",
    "Change",
    "ColumnMemory",
    "Export",
    "ExportRule",
    "Reading",
    "RowChange",
    "StagedRow",
    "StorageRule",
    "Upload",
]
