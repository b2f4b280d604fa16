"""Changes to an application that several tests make."""

from ssoko.services.applications import change, mappers


def set_mappers(site, app, *rows):
    mappers.set_mappers(site.scope, app.id, list(rows))


def override(site, app, **fields):
    return change.update_application(site.scope, app.id, service_provider=fields)
