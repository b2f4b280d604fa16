"""Namespaces, URIs and identifiers of SAML 2.0, XML Signature and XML Encryption.

Sources: SAML core, bindings, metadata and authn-context (OASIS, March 2005); RFC 9231 for the
algorithm identifiers.
"""

NS_SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
NS_SAMLP = "urn:oasis:names:tc:SAML:2.0:protocol"
NS_MD = "urn:oasis:names:tc:SAML:2.0:metadata"
NS_MDUI = "urn:oasis:names:tc:SAML:metadata:ui"
NS_ALG = "urn:oasis:names:tc:SAML:metadata:algsupport"
NS_DS = "http://www.w3.org/2000/09/xmldsig#"
NS_XENC = "http://www.w3.org/2001/04/xmlenc#"
NS_XSI = "http://www.w3.org/2001/XMLSchema-instance"
NS_SOAP = "http://schemas.xmlsoap.org/soap/envelope/"

#: The prefixes of all XML that Ssoko writes.
NSMAP = {
    "saml": NS_SAML,
    "samlp": NS_SAMLP,
    "md": NS_MD,
    "alg": NS_ALG,
    "ds": NS_DS,
    "xenc": NS_XENC,
}

PROTOCOL = NS_SAMLP
VERSION = "2.0"

# Bindings, section 3.
_BINDINGS = "urn:oasis:names:tc:SAML:2.0:bindings:"
BINDING_REDIRECT = _BINDINGS + "HTTP-Redirect"
BINDING_POST = _BINDINGS + "HTTP-POST"
BINDING_ARTIFACT = _BINDINGS + "HTTP-Artifact"
BINDING_SOAP = _BINDINGS + "SOAP"
BINDING_PAOS = _BINDINGS + "PAOS"
ENCODING_DEFLATE = _BINDINGS + "URL-Encoding:DEFLATE"

# Core, section 8.3.
NAMEID_UNSPECIFIED = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
NAMEID_EMAIL = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
NAMEID_X509_SUBJECT = "urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName"
NAMEID_WINDOWS = "urn:oasis:names:tc:SAML:1.1:nameid-format:WindowsDomainQualifiedName"
NAMEID_KERBEROS = "urn:oasis:names:tc:SAML:2.0:nameid-format:kerberos"
NAMEID_ENTITY = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"
NAMEID_PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
NAMEID_TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
NAMEID_ENCRYPTED = "urn:oasis:names:tc:SAML:2.0:nameid-format:encrypted"

_NAMEID_FORMATS = (
    NAMEID_UNSPECIFIED,
    NAMEID_EMAIL,
    NAMEID_X509_SUBJECT,
    NAMEID_WINDOWS,
    NAMEID_KERBEROS,
    NAMEID_ENTITY,
    NAMEID_PERSISTENT,
    NAMEID_TRANSIENT,
    NAMEID_ENCRYPTED,
)
# Many products name a format of one version of SAML with the other version.
_STANDARD_FORMATS = {
    f"urn:oasis:names:tc:SAML:{version}:nameid-format:{name.rpartition(':')[2]}": name
    for name in _NAMEID_FORMATS
    for version in ("1.1", "2.0")
}


def standard_name_id_format(name_id_format: str) -> str:
    """Return the URI of the specification for a format that is named with another version."""
    return _STANDARD_FORMATS.get(name_id_format, name_id_format)


# Core, section 8.2.
ATTRNAME_UNSPECIFIED = "urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified"
ATTRNAME_URI = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"
ATTRNAME_BASIC = "urn:oasis:names:tc:SAML:2.0:attrname-format:basic"

# Core, section 3.2.2.2. The first four are top-level codes.
_STATUS = "urn:oasis:names:tc:SAML:2.0:status:"
STATUS_SUCCESS = _STATUS + "Success"
STATUS_REQUESTER = _STATUS + "Requester"
STATUS_RESPONDER = _STATUS + "Responder"
STATUS_VERSION_MISMATCH = _STATUS + "VersionMismatch"
STATUS_AUTHN_FAILED = _STATUS + "AuthnFailed"
STATUS_INVALID_ATTR_NAME_OR_VALUE = _STATUS + "InvalidAttrNameOrValue"
STATUS_INVALID_NAMEID_POLICY = _STATUS + "InvalidNameIDPolicy"
STATUS_NO_AUTHN_CONTEXT = _STATUS + "NoAuthnContext"
STATUS_NO_AVAILABLE_IDP = _STATUS + "NoAvailableIDP"
STATUS_NO_PASSIVE = _STATUS + "NoPassive"
STATUS_NO_SUPPORTED_IDP = _STATUS + "NoSupportedIDP"
STATUS_PARTIAL_LOGOUT = _STATUS + "PartialLogout"
STATUS_PROXY_COUNT_EXCEEDED = _STATUS + "ProxyCountExceeded"
STATUS_REQUEST_DENIED = _STATUS + "RequestDenied"
STATUS_REQUEST_UNSUPPORTED = _STATUS + "RequestUnsupported"
STATUS_UNKNOWN_PRINCIPAL = _STATUS + "UnknownPrincipal"
STATUS_UNSUPPORTED_BINDING = _STATUS + "UnsupportedBinding"
TOP_LEVEL_STATUSES = frozenset(
    {STATUS_SUCCESS, STATUS_REQUESTER, STATUS_RESPONDER, STATUS_VERSION_MISMATCH}
)

# Authentication context classes, section 3.4, and the REFEDS MFA profile.
_CLASSES = "urn:oasis:names:tc:SAML:2.0:ac:classes:"
AUTHN_UNSPECIFIED = _CLASSES + "unspecified"
AUTHN_PREVIOUS_SESSION = _CLASSES + "PreviousSession"
AUTHN_PASSWORD = _CLASSES + "Password"
AUTHN_PASSWORD_PROTECTED = _CLASSES + "PasswordProtectedTransport"
AUTHN_TLS = _CLASSES + "TLSClient"
AUTHN_X509 = _CLASSES + "X509"
AUTHN_TIME_SYNC = _CLASSES + "TimeSyncToken"
AUTHN_SMARTCARD_PKI = _CLASSES + "SmartcardPKI"
AUTHN_KERBEROS = _CLASSES + "Kerberos"
AUTHN_REFEDS_MFA = "https://refeds.org/profile/mfa"

CM_BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
REASON_USER = "urn:oasis:names:tc:SAML:2.0:logout:user"
REASON_ADMIN = "urn:oasis:names:tc:SAML:2.0:logout:admin"

# XML Signature.
EXC_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED = NS_DS + "enveloped-signature"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
RSA_SHA384 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384"
RSA_SHA512 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512"
ECDSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
ECDSA_SHA384 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384"
ECDSA_SHA512 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512"
SHA1 = NS_DS + "sha1"
SHA256 = NS_XENC + "sha256"
SHA384 = "http://www.w3.org/2001/04/xmldsig-more#sha384"
SHA512 = NS_XENC + "sha512"

# XML Encryption.
AES128_GCM = "http://www.w3.org/2009/xmlenc11#aes128-gcm"
AES256_GCM = "http://www.w3.org/2009/xmlenc11#aes256-gcm"
AES128_CBC = NS_XENC + "aes128-cbc"
AES256_CBC = NS_XENC + "aes256-cbc"
RSA_OAEP = NS_XENC + "rsa-oaep-mgf1p"
XENC_ELEMENT = NS_XENC + "Element"
