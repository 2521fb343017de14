"""The groups of diseases that referral scopes name (D-I13). Staff may add groups and aliases."""

from apps.institutions.models import DiseaseGroup
from apps.institutions.referral.scope import SOURCE_GROUPS


def sync_disease_groups() -> int:
    """Make the groups that are missing; the bureau's own aliases stay. Returns the groups."""
    for order, name in enumerate(SOURCE_GROUPS.names):
        aliases = [alias for alias, of in SOURCE_GROUPS.aliases.items() if of == name]
        DiseaseGroup.objects.get_or_create(
            name=name, defaults={"aliases": aliases, "order": order * 10}
        )
    return len(SOURCE_GROUPS.names)
