"""Words for refusals of the message itself: it cannot be read, or not be trusted."""

from ssoko.services.troubleshooting.explanation import Explanation

_OTHER_BINDING = (
    "Have the service provider send its request by HTTP-Redirect or HTTP-POST, and to the "
    "Login Endpoint on the tab Metadata. Nothing has to change here."
)
_VENDOR = (
    "This is the service provider's to mend: give its vendor the diagnostics of this page. "
    "Nothing has to change here."
)
_SIGNING = (
    "Have the service provider sign its messages the usual way (enveloped, exclusive C14N, "
    "RSA-SHA256), or turn its signing off if you do not require it."
)
_ONE_MESSAGE = "A request carries exactly one message and each parameter once, so that nobody "
_ONE_MESSAGE += "can slip a second one past a check."

MESSAGES: dict[str, Explanation] = {
    # Taking the message out of the request
    "content-type": Explanation(
        title="{app} posted something that is no form",
        rule="HTTP-POST carries SAML messages in the fields of an HTML form.",
        fix=_OTHER_BINDING,
        places=("metadata",),
    ),
    "form-unreadable": Explanation(
        title="{app} posted a form that cannot be read",
        rule="Fields of a form are percent-encoded, and there are few of them.",
        fix=_OTHER_BINDING,
        places=("metadata",),
    ),
    "parameter-missing": Explanation(
        title="{app} sent no SAML message",
        rule="This address takes a SAMLRequest; an answer (SAMLResponse) goes the other way.",
        fix=_OTHER_BINDING,
        places=("metadata",),
    ),
    "parameter-repeated": Explanation(
        title="{app} sent a parameter twice", rule=_ONE_MESSAGE, fix=_VENDOR
    ),
    "parameter-conflict": Explanation(
        title="{app} sent a request and an answer at once", rule=_ONE_MESSAGE, fix=_VENDOR
    ),
    "parameter-unreadable": Explanation(
        title="{app} sent text that is not UTF-8",
        rule="All text of SAML messages and their parameters is UTF-8.",
        fix=_VENDOR,
    ),
    "message-too-large": Explanation(
        title="{app} sent a message that is too large",
        rule="Ssoko reads at most 64 KiB of base64; sign-in requests have 1 to 4.",
        fix=_VENDOR,
    ),
    "relay-state-too-long": Explanation(
        title="{app} sent a RelayState that is too long",
        rule="RelayState goes back to the service provider as it came. The specification allows "
        "80 bytes; Ssoko carries 4,096.",
        fix="Have the service provider put a short key into RelayState instead of the data "
        "itself. Nothing has to change here.",
    ),
    "relay-state-unreadable": Explanation(
        title="{app} sent a RelayState that cannot go back unchanged",
        rule="RelayState has to come back exactly as it was sent, and a form cannot carry this.",
        fix=_VENDOR,
    ),
    "encoding-unknown": Explanation(
        title="{app} used an encoding that SAML does not define",
        rule="HTTP-Redirect knows one encoding: DEFLATE, then base64.",
        fix=_VENDOR,
    ),
    "base64": Explanation(
        title="{app} sent a message that is no base64",
        rule="A message that was cut or changed on its way is not guessed at.",
        fix="See whether a proxy, a link or a copy cut the address, or whether + was not "
        "percent-encoded. If not, give the vendor the diagnostics of this page.",
    ),
    "inflate": Explanation(
        title="{app} sent a message that cannot be unpacked",
        rule="HTTP-Redirect packs messages with raw DEFLATE. What is cut, larger than 256 KiB "
        "or followed by something is refused.",
        fix="See whether a proxy or a link cut the address, and whether the service provider "
        "uses HTTP-Redirect for redirects and HTTP-POST for forms.",
    ),
    # Reading it
    "xml-too-large": Explanation(
        title="{app} sent a message that is too large",
        rule="Ssoko reads at most 256 KiB of XML.",
        fix=_VENDOR,
    ),
    "xml-too-complex": Explanation(
        title="{app} sent a message with too many elements",
        rule="Messages that only cost time to read are refused.",
        fix=_VENDOR,
    ),
    "xml-encoding": Explanation(
        title="{app} sent XML that is not UTF-8",
        rule="SAML messages are UTF-8, and two readers must never see two texts in one message.",
        fix=_VENDOR,
    ),
    "xml-dtd": Explanation(
        title="{app} sent a document type declaration",
        rule="SAML messages have none. It is a way to make a reader fetch files or run out of "
        "memory, so this may be an attack.",
        fix="If you know the sender, give its vendor the diagnostics of this page. If not, "
        "there is nothing to do: nothing was read and nobody was signed in.",
    ),
    "xml-malformed": Explanation(
        title="{app} sent XML that is not well-formed",
        rule="Nothing is read from a message that is broken.",
        fix=_VENDOR,
    ),
    "xml-schema": Explanation(
        title="{app} sent a message that does not follow the SAML schema",
        rule="Every message is held against the OASIS schema first: what it does not know, a "
        "reader could misunderstand.",
        fix=_VENDOR,
    ),
    "xml-duplicate-id": Explanation(
        title="{app} sent a message in which two elements have one ID",
        rule="Signatures point to an ID. With two of them it is not clear what was signed, which "
        "is a known attack.",
        fix=_VENDOR,
    ),
    "xml-instant": Explanation(
        title="{app} wrote a time that cannot be read", rule="Times are UTC.", fix=_VENDOR
    ),
    "xml-number": Explanation(
        title="{app} wrote a number that cannot be read",
        rule="An index or a count is a whole number.",
        fix=_VENDOR,
    ),
    "wrong-message": Explanation(
        title="{app} sent another kind of message",
        rule="The Login Endpoint takes an AuthnRequest, the Logout Endpoint a LogoutRequest or "
        "LogoutResponse.",
        fix="Compare the sign-in and logout URLs at the service provider with the tab Metadata, "
        "and check that it speaks SAML 2.0.",
        places=("metadata",),
    ),
    "wrong-version": Explanation(
        title="{app} does not speak SAML 2.0",
        rule="Ssoko speaks SAML 2.0 only.",
        fix="Choose SAML 2.0 at the service provider.",
        places=("metadata",),
    ),
    "issuer-missing": Explanation(
        title="The request does not say who sends it",
        rule="The Issuer names the service provider; by it the application is found.",
        fix="Set the entity ID (also called issuer or audience) at the service provider.",
        places=("settings",),
    ),
    # Its signature
    "signature-missing": Explanation(
        title="{app} did not sign its message",
        rule="Without a signature anybody could have sent this.",
        fix="Turn on signed requests, or signed logout messages, at the service provider.",
        places=("settings",),
    ),
    "signature-required": Explanation(
        title="{app} did not sign its request",
        rule="This application takes only requests that are signed by one of its recorded "
        "certificates.",
        fix="Turn on signed requests at the service provider. If it cannot sign, and you accept "
        "that anybody can begin a sign-in, turn the requirement off in Settings.",
        places=("settings",),
        mend="trust-certificate",
    ),
    "signature-incomplete": Explanation(
        title="{app} sent half a signature",
        rule="A signed redirect has SigAlg and Signature.",
        fix="See whether a proxy or a link cut the address. If not, give the vendor the "
        "diagnostics of this page.",
    ),
    "signature-malformed": Explanation(
        title="{app} signed in a way that proves nothing",
        rule="Exactly one signature, right below the root, over the whole message. Anything else "
        "is how forged messages are wrapped around real ones.",
        fix=_SIGNING,
        places=("settings",),
    ),
    "signature-algorithm": Explanation(
        title="{app} signs with an algorithm that is not accepted",
        rule="SHA-1, MD5 and shared secrets prove nothing about the sender any more.",
        fix="Set the service provider to RSA-SHA256 (in some products: signature algorithm "
        "SHA-256).",
        places=("settings",),
    ),
    "signature-wrong": Explanation(
        title="{app} signed with a key that is not recorded",
        rule="A signature counts only when one of the certificates recorded for the application "
        "fits it.",
        fix="If the service provider has a new certificate, record it: take it from the vendor's "
        "console or metadata. If it has not, this message may be forged.",
        places=("settings",),
        mend="trust-certificate",
    ),
    "replayed": Explanation(
        title="A signed request of {app} came twice",
        rule="A signed request is good for one sign-in. Whoever caught it on its way cannot use "
        "it again.",
        fix="Nothing, if somebody reloaded the page or went back: they start again at the "
        "application. If it happens to many, the service provider gives each request the same ID.",
    ),
    # What it says of time and place
    "not-fresh": Explanation(
        title="A request of {app} came too early or too late",
        rule="A request is good for 5 minutes, so that an old one cannot be used again. Clocks "
        "may differ by 5 minutes.",
        fix="Set the clock of the service provider's server, and of this one, by NTP. If it "
        "happened once, somebody opened an old link or went back in the browser.",
    ),
    "wrong-destination": Explanation(
        title="{app} made its request for another address",
        rule="Destination is compared letter by letter with the Login Endpoint, so that a message "
        "for somebody else cannot be passed on to us.",
        fix="Copy the Login Endpoint from the tab Metadata into the service provider's sign-in "
        "URL. If a proxy changes the host or scheme, set SSOKO_BASE_URL to what browsers see.",
        places=("metadata",),
    ),
    "destination-missing": Explanation(
        title="{app} signed a request without saying for whom",
        rule="A signed message names its Destination; otherwise it could be passed on to another "
        "identity provider.",
        fix="Turn on Destination at the service provider, or its signing off if you do not "
        "require it.",
        places=("settings",),
    ),
    "logout-message-missing": Explanation(
        title="Somebody opened the Logout Endpoint",
        rule="It takes signed logout messages of applications; opening it signs nobody out.",
        fix="Nothing, if a person opened it. A service provider must send a signed LogoutRequest "
        "there.",
    ),
    "logout-no-certificate": Explanation(
        title="{app} sent a logout message that nobody can check",
        rule="Logout messages are signed, or anybody could sign people out; to check one takes "
        "the service provider's certificate.",
        fix="Record the certificate of the service provider in Settings.",
        places=("settings",),
    ),
    "logout-unknown-person": Explanation(
        title="{app} asked to sign out somebody who is not signed in to it",
        rule="The NameID and the SessionIndex are those of a sign-in that still stands.",
        fix="Nothing, if the session had ended here before. Otherwise have the service provider "
        "send both values as it was given them.",
    ),
    "logout-ambiguous": Explanation(
        title="{app} calls several people by one name",
        rule="A logout without a SessionIndex is for everybody of that NameID, so it must be one "
        "person's alone.",
        fix="Choose a NameID source in Settings that tells people apart.",
        places=("settings",),
    ),
    "logout-expired": Explanation(
        title="A logout request of {app} came too late",
        rule="Its own NotOnOrAfter has passed.",
        fix="Set the clock of the service provider's server, and of this one, by NTP.",
    ),
    "logout-name-id": Explanation(
        title="{app} named the person in a way that is not supported",
        rule="A logout request names the person by the NameID that they were given.",
        fix="Have the service provider send the NameID unencrypted.",
        places=("settings",),
    ),
    "logout-unsolicited": Explanation(
        title="{app} answered a logout that nobody asked for",
        rule="An answer names the request that it answers.",
        fix="Nothing, if it happened once: the person was slow or went back. Otherwise give the "
        "vendor the diagnostics of this page.",
    ),
}
