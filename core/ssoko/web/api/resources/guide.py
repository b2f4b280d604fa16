"""The guide of an application, with its progress."""

from ssoko.schemas.guides import ApplicationGuide, GuideSchema
from ssoko.services.applications import views
from ssoko.services.guides.progress import read_progress
from ssoko.web.api.endpoint import Call, endpoint


@endpoint("GET", "/applications/<id:application>/guide", returns=GuideSchema)
def guide(call: Call, application: str) -> ApplicationGuide:
    """Return the guide with the values of the application and the evidence of each step."""
    view = views.get_application(call.scope, application)
    return ApplicationGuide(view, read_progress(call.scope, view))
