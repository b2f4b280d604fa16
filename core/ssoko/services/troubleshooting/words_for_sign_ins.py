"""Words for refusals of a sign-in: who asks, for what, and who the person is."""

from ssoko.services.troubleshooting.explanation import Explanation

_ASKED = "What a service provider asks for is honoured or declined with the status that SAML has "
_ASKED += "for it, never passed over."
_NOT_HERE = (
    "Turn this off at the service provider, or ask its vendor how. Nothing has to change here."
)

SIGN_INS: dict[str, Explanation] = {
    # Which application, and where the answer goes
    "sp-unknown": Explanation(
        title="A service provider that is not registered here asked for a sign-in",
        rule="The Issuer of the request is compared letter by letter with the entity ID that is "
        "recorded; only then is it clear whose request this is.",
        fix="Give both sides the same entity ID: change it at the service provider, or in "
        "Settings. Watch for a missing slash, http instead of https, or a test system.",
        places=("settings",),
    ),
    "application-disabled": Explanation(
        title="{app} is disabled",
        rule="Nobody gets into an application that an admin disabled.",
        fix="Enable it, if the reason for disabling it is gone.",
        places=("access",),
        mend="enable-application",
    ),
    "application-uninstalled": Explanation(
        title="Somebody opened an application that was uninstalled",
        rule="An application that is uninstalled signs nobody in. It can be restored for 30 days.",
        fix="Restore it under Applications > SSO > Uninstalled, or take the links to it away.",
        places=("uninstalled",),
    ),
    "acs-not-registered": Explanation(
        title="{app} asked for an answer at an address that is not recorded",
        rule="Ssoko answers only at ACS URLs recorded in the application, compared letter by "
        "letter. Otherwise a forged request could carry somebody's sign-in to a stranger.",
        fix="If the vendor's console or documentation names this address, add it. If you do not "
        "know it, leave it: nothing was sent there.",
        places=("settings",),
        mend="add-acs-url",
    ),
    "acs-index-unknown": Explanation(
        title="{app} asked for an answer at a number that is not recorded",
        rule="The number stands for one of the recorded ACS URLs.",
        fix="Take the ACS URLs with their numbers (index) from the vendor's metadata and record "
        "them in Settings, in that order.",
        places=("settings",),
    ),
    "acs-conflict": Explanation(
        title="{app} named its ACS URL in two ways",
        rule="An index, or an address with its binding: with both it is not clear where the "
        "answer goes.",
        fix=_NOT_HERE,
    ),
    "request-missing": Explanation(
        title="Somebody opened the address of a shared issuer",
        rule="Several applications share this issuer, so one of them has to ask.",
        fix="Nothing. People open the application on their SSO Dashboard, or at the vendor.",
    ),
    "request-gone": Explanation(
        title="A sign-in waited for too long, or was finished before",
        rule="A request that waits for its person is answered once, within 10 minutes.",
        fix="Nothing: they start again at the application. If it happens to many, look whether "
        "the sign-in page can be reached.",
    ),
    # What the request asks for
    "binding-unsupported": Explanation(
        title="{app} wants the answer over another binding",
        rule="Answers go by HTTP-POST, the binding that every SAML service provider has.",
        fix="Set the binding of the ACS URL at the service provider to HTTP-POST.",
        places=("metadata",),
    ),
    "request-unsupported": Explanation(
        title="{app} asked for something that is not supported", rule=_ASKED, fix=_NOT_HERE
    ),
    "idp-not-listed": Explanation(
        title="{app} asked for other identity providers",
        rule="The request lists who may answer, and this issuer is not among them.",
        fix="Put the Entity ID of the tab Metadata into the service provider's list.",
        places=("metadata",),
    ),
    "conditions-not-met": Explanation(
        title="{app} asked for another time",
        rule="The Conditions of a request hold for the answer; this one's time is not now.",
        fix="Set the clock of the service provider's server, and of this one, by NTP.",
    ),
    "audience-unsupported": Explanation(
        title="{app} asked for an assertion for somebody else",
        rule="An assertion is for the service provider that asks for it, and for nobody else.",
        fix=_NOT_HERE,
    ),
    "nameid-format": Explanation(
        title="{app} asked for another kind of NameID",
        rule="The NameID is what a service provider knows a person by. In another format it "
        "might be taken for somebody else.",
        fix="Choose the format that it asks for as the NameID format in Settings, or leave the "
        "format open (unspecified) at the service provider.",
        places=("settings",),
    ),
    "nameid-qualifier": Explanation(
        title="{app} asked for the NameID of another service provider",
        rule="A NameID is qualified by the entity ID of the one who asks.",
        fix="Leave SPNameQualifier out at the service provider, or set it to its own entity ID.",
        places=("settings",),
    ),
    "authn-context": Explanation(
        title="{app} asked for another way to sign in",
        rule="The answer says how the person signed in, and says so truthfully.",
        fix="Turn RequestedAuthnContext off at the service provider, or set it to "
        "PasswordProtectedTransport or unspecified.",
    ),
    "no-passive": Explanation(
        title="{app} asked without showing anything, and nobody was signed in",
        rule="IsPassive forbids to show the sign-in page. The service provider was told so with "
        "the status NoPassive.",
        fix="Nothing: many products try this first and then ask again. If people get stuck "
        "there, turn IsPassive off at the service provider.",
    ),
    "other-subject": Explanation(
        title="{app} asked for somebody else than was signed in",
        rule="A request may name the person it is for; then nobody else is signed in by it.",
        fix="Have the person sign out here and sign in as the one that {app} asks for.",
        places=("user",),
    ),
    # The person
    "no-role": Explanation(
        title="Somebody has no role of {app}",
        rule="Only people with a role of the application get in, admins included.",
        fix="If they should get in, give them its role, or put them into a group that has it.",
        places=("access",),
        mend="give-role",
    ),
    "role-expired": Explanation(
        title="Somebody's role of {app} has ended",
        rule="A role that was given until some time counts until then and no longer.",
        fix="If they should still get in, give the role again, with a later end or none.",
        places=("access",),
        mend="give-role",
    ),
    "user-disabled": Explanation(
        title="Somebody is disabled and tried {app}",
        rule="A user who is disabled gets in nowhere.",
        fix="Enable the user, if they should be back.",
        places=("user",),
        mend="enable-user",
    ),
    "session-ended": Explanation(
        title="A session ended in the middle of a sign-in",
        rule="An answer is sent only while the session that it speaks of lasts.",
        fix="Nothing: the person signs in again. An admin may have ended the session, or they "
        "signed out in another window.",
        places=("user",),
    ),
    # The answer
    "name-id-missing": Explanation(
        title="Somebody lacks what {app} knows people by",
        rule="The NameID is required; without it the service provider cannot know who came.",
        places=("user", "settings"),
    ),
    "attribute-missing": Explanation(
        title="Somebody lacks an attribute that {app} requires",
        rule="An attribute that is marked as required goes into every assertion.",
        places=("user", "mappers"),
    ),
    "attribute-unsendable": Explanation(
        title="Somebody has a value that cannot be sent to {app}",
        rule="XML cannot carry control characters.",
        places=("user",),
    ),
    "answer-unsendable": Explanation(
        title="Somebody has a value that cannot be sent to {app}",
        rule="XML cannot carry control characters.",
        places=("user",),
    ),
    "plugin-refused": Explanation(
        title="Somebody lacks what {app} has to be told",
        rule="The plugin adds attributes at each sign-in, and found nothing to say of this person.",
        places=("access", "user", "settings"),
    ),
    "plugin-failed": Explanation(
        title="The plugin of {app} failed",
        rule="The plugin adds attributes at each sign-in. When it fails nobody gets in, rather "
        "than somebody with half of them.",
        fix="Look at Settings > Plugins, and give the plugin's publisher what was got here.",
        places=("plugins",),
    ),
}
