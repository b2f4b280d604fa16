"""What the browser does next in a SAML sign-in; the web layer renders each."""

from dataclasses import dataclass

from ssoko.errors import RequestRefused


@dataclass(frozen=True, slots=True, kw_only=True)
class PostResponse:
    """The browser posts a SAML response to the SP.

    :param saml_response: base64, the value of the form field SAMLResponse.
    """

    acs_url: str
    saml_response: str
    relay_state: str
    application_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PostStatus(PostResponse):
    """The browser posts a response with an error status; ``refusal`` is the logged reason."""

    refusal: RequestRefused


@dataclass(frozen=True, slots=True, kw_only=True)
class RequireSignIn:
    """The user must sign in, and then continues at ``next_path``.

    :param continue_key: of the pending request; empty when there is none.
    :param again: a signed-in user must authenticate again.
    """

    continue_key: str
    workspace_slug: str
    application_name: str
    next_path: str
    again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenLaunchUrl:
    """The SP accepts only sign-ins that it starts itself: the browser opens its URL."""

    url: str
    application_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmLaunch:
    """The user must confirm a sign-in that another site started, at ``path``."""

    path: str
    application_name: str
    workspace_slug: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferLaunch:
    """The request is over; the user can open the application, which starts a new sign-in.

    :param expired: false when the request was answered, for example before **Back** was clicked.
    :param launchable: false when only the application itself can start a sign-in.
    """

    workspace_slug: str
    application_id: str
    application_name: str
    expired: bool
    launchable: bool


Result = PostResponse | PostStatus | RequireSignIn | OpenLaunchUrl | ConfirmLaunch | OfferLaunch
