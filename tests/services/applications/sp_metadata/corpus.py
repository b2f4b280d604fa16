"""The shapes of metadata by name; expected.txt has the result of each."""

from ssoko.saml import names

from .shapes import (
    ACS,
    ARTIFACT,
    ATTRIBUTES,
    CONTACT,
    DISCOVERY,
    ENTITY,
    IDP,
    MDUI,
    ORGANIZATION,
    PAOS,
    QUERY,
    REGISTRATION,
    SAML_1,
    SAML_1_POST,
    SOAP,
    UI,
    WS_FED,
    XENC,
    XENC11,
    XSI,
    acs,
    certificate,
    declared,
    entity,
    formats,
    gz,
    key_descriptor,
    method,
    pem,
    role,
    several,
    slo,
    sp,
    zipped,
)

GOOD, OTHER = certificate(), certificate(b"other.example", number=1)
WEAK = certificate(b"old.example", kind="rsa-1024")
LEAF, CA = certificate(b"leaf", issuer=b"ca"), certificate(b"ca", kind="rsa-2048", number=2)
SIGNED = ' AuthnRequestsSigned="true" WantAssertionsSigned="true"'
FORMAT_1, FORMAT_2 = (f"urn:oasis:names:tc:SAML:{v}:nameid-format:" for v in ("1.1", "2.0"))
POST, REDIRECT = names.BINDING_POST, names.BINDING_REDIRECT
PLAIN = "http://wiki.example/acs"
A, B = sp(entity_id="https://a.example"), sp(entity_id="https://b.example")
UNUSABLE = entity(role(acs(PLAIN)), entity_id="https://plain.example")
PAST, FUTURE = ' validUntil="2026-01-31T00:00:00Z"', ' validUntil="2036-01-31T00:00:00Z"'
ENCRYPTION = ' use="encryption"'

SHAPES: dict[str, bytes | str] = {
    # Encodings, packing and what is around the XML
    "plain": sp(),
    "UTF-8 with a byte order mark": b"\xef\xbb\xbf" + declared("UTF-8").encode(),
    "UTF-16 LE with a byte order mark": declared("utf-16").encode("utf-16"),
    "UTF-16 BE with a byte order mark": b"\xfe\xff" + declared("utf-16").encode("utf-16-be"),
    "UTF-16 LE without a byte order mark": declared("utf-16").encode("utf-16-le"),
    "UTF-16 BE without a byte order mark": declared("utf-16").encode("utf-16-be"),
    "UTF-32": declared("utf-32").encode("utf-32"),
    "UTF-16 declared, and UTF-8 in fact": declared("utf-16").encode(),
    "ISO-8859-1": declared("ISO-8859-1", sp(UI.replace("Wiki", "Wüki"))).encode("latin-1"),
    "windows-1252": declared("windows-1252", sp(UI.replace("Wiki", "Wiki €"))).encode("cp1252"),
    "us-ascii": declared("us-ascii").encode(),
    "Shift_JIS": declared("Shift_JIS", sp(UI.replace("Wiki", "ウィキ"))).encode("shift_jis"),
    "UTF-8 declared, and windows-1252 in fact": declared(
        "UTF-8", sp(UI.replace("Wiki", "Wüki"))
    ).encode("cp1252"),
    "UTF-7": declared("utf-7").encode("utf-7"),
    "encoding that does not exist": declared("klingon").encode(),
    "pasted text that declares UTF-16": declared("utf-16"),
    "pasted text with a byte order mark and blank lines": "\ufeff\n\n " + declared("UTF-8"),
    "pasted text with zero-width spaces around it": "\u200b" + sp() + "\u200b",
    "XML 1.1": declared("UTF-8").replace("1.0", "1.1", 1),
    "file that starts with blank lines": b"\r\n\r\n" + declared("UTF-8").encode(),
    "file that ends with NUL": declared("UTF-8").encode() + b"\0\0",
    "Windows line ends": declared("UTF-8").replace(">", ">\r\n").encode(),
    "gzip": gz(sp()),
    "damaged gzip": gz(sp())[:60],
    "ZIP of one file": zipped({"metadata.xml": sp()}),
    "ZIP with the extras of a Mac": zipped({"sp.xml": sp(), "__MACOSX/._sp.xml": "x"}),
    "ZIP of two files": zipped({"sp.xml": sp(), "idp.xml": entity(IDP)}),
    "empty ZIP": zipped({}),
    "damaged ZIP": zipped({"metadata.xml": sp()})[:60],
    "Word document": zipped({"[Content_Types].xml": "<x/>", "word/document.xml": "<x/>"}),
    "PDF": b"%PDF-1.7 x",
    "certificate file": pem(GOOD),
    "DER certificate": b"0\x82\x03\x00",
    "private key": "-----BEGIN PRIVATE KEY-----\nx",
    "empty file": b"",
    "blank text": " \n ",
    "sign-in page": "<!DOCTYPE html><html><head><title>Sign in</title></head></html>",
    "XHTML page": declared("UTF-8", "<!DOCTYPE html PUBLIC 'x' 'y'><html><p/></html>"),
    "JSON": '{"issuer": "https://x"}',
    "URL": "https://wiki.example/metadata",
    "escaped by a page": sp().replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"),
    "copied from the view of a browser": "This XML file does not appear to have any style "
    "information associated with it. The document tree is shown below.\n" + sp(),
    "text before the XML": "Here is our metadata: " + sp(),
    "prose": "Please send us your metadata",
    "cut off": sp()[:-20],
    "two documents": sp() + sp(),
    "control character": sp().replace("wiki", "wi\x01ki"),
    # Hard limits
    "DTD": "<!DOCTYPE x>" + sp(),
    "DTD in UTF-16": ("<!DOCTYPE x [<!ENTITY a 'b'>]>" + sp()).encode("utf-16"),
    "entity": sp() + "<!ENTITY a 'b'>",
    "duplicate IDs": entity(role(attributes=' ID="_1"'), attributes=' ID="_1"'),
    "too deep": sp("<x>" * 70 + "</x>" * 70),
    "nested lists": several(several(several(A))),
    "80 nested lists": "<md:EntitiesDescriptor xmlns:md='urn:x'>" * 80
    + "</md:EntitiesDescriptor>" * 80,
    "more than 2 MB": " " + sp("<!--" + "x" * 2_100_000 + "-->"),
    # The document and its entities
    "other XML": "<rss/>",
    "default namespace": sp().replace("md:", "").replace(":md", ""),
    "no namespace": sp().replace("md:", "").replace(f'xmlns:md="{names.NS_MD}"', ""),
    "another namespace": sp().replace(names.NS_MD, names.NS_MD + "x"),
    "SAML request": f'<p:AuthnRequest xmlns:p="{names.NS_SAMLP}"/>',
    "SAML assertion": f'<a:Assertion xmlns:a="{names.NS_SAML}"/>',
    "WSDL": '<w:definitions xmlns:w="http://schemas.xmlsoap.org/wsdl/"/>',
    "no entity ID": entity(entity_id=None),
    "empty entity ID": entity(entity_id=" "),
    "entity ID of 1025 characters": entity(entity_id="x" * 1025),
    "entity ID with spaces around it": entity(entity_id=f" {ENTITY}\n"),
    "entity ID that is a word": entity(entity_id="wiki"),
    "ID that starts with a digit": entity(attributes=' ID="8a1d0f3e-0000-4000-8000-000000000000"'),
    "comment inside": sp("<!-- x -->"),
    "list of two": several(A, B),
    "list of one": several(A),
    "empty list": several(),
    "list with an unusable one": several(A, UNUSABLE),
    "list of unusable ones": several(UNUSABLE, entity(IDP, entity_id="https://idp.example")),
    "list with an identity provider": several(A, entity(IDP, entity_id="https://idp.example")),
    "list with WS-Federation roles": several(A, entity(WS_FED, role(), entity_id="https://b.x")),
    "expired list": several(A, B, attributes=PAST),
    "list with an expired entity": several(A, sp(entity_id="https://old.example", attributes=PAST)),
    "entity hidden in extensions": entity(f"<md:Extensions>{B}</md:Extensions>", role()),
    "expired": entity(attributes=PAST),
    "role that expired": entity(role(attributes=PAST), attributes=FUTURE),
    "valid until a later day": entity(attributes=FUTURE),
    "validUntil that is no time": entity(attributes=' validUntil="next year"'),
    "validUntil without a time": entity(attributes=' validUntil="2026-01-31"'),
    "signature that nobody asked to verify": entity("<ds:Signature/>", role()),
    # Roles
    "identity provider": entity(IDP),
    "identity provider and service provider": entity(IDP, role()),
    "WS-Federation role before it": entity(WS_FED, role()),
    "attribute query role after it": entity(role(), QUERY),
    "WS-Federation only": entity(WS_FED),
    "attribute authority": entity(
        role(), role("", name="AttributeAuthorityDescriptor"), role("", name="PDPDescriptor")
    ),
    "SAML 1.1 only": entity(role(acs(binding=SAML_1_POST), protocols=SAML_1)),
    "SAML 1.1 and 2.0": entity(role(protocols=f"{SAML_1} {names.PROTOCOL}")),
    "a role each for SAML 1.1 and 2.0": entity(role(protocols=SAML_1), role()),
    "no protocol": entity(role(protocols=None)),
    "two roles": entity(role(), role(acs("https://wiki.example/two"))),
    "two roles, the first unusable": entity(role(acs(PLAIN)), role()),
    "role without children": entity(role("")),
    "affiliation": entity('<md:AffiliationDescriptor affiliationOwnerID="x"/>'),
    "nothing in it": entity(ORGANIZATION),
    # ACS and logout URLs
    "no index": entity(role(acs(more=""))),
    "index that is no number": entity(role(acs(more=' index="first"'))),
    "index above 65535": entity(role(acs(more=' index="70000"'))),
    "duplicate index": entity(role(acs() + acs("https://wiki.example/2"))),
    "True as .NET writes it": entity(
        role(
            acs("https://wiki.example/2", more=' index="1"')
            + acs(more=' index="2" isDefault="True"')
        )
    ),
    "http beside https": entity(role(acs(PLAIN) + acs(more=' index="1"'))),
    "http only": entity(role(acs(PLAIN))),
    "http to this machine": entity(role(acs("http://localhost:8080/acs"))),
    "artifact beside POST": entity(role(acs() + acs(binding=ARTIFACT) + acs(binding=PAOS))),
    "artifact only": entity(role(acs(binding=ARTIFACT))),
    "redirect only": entity(role(acs(binding=REDIRECT))),
    "no binding": entity(role(f'<md:AssertionConsumerService Location="{ACS}" index="0"/>')),
    "binding in other letters": entity(role(acs(binding=POST.replace("POST", "Post")))),
    "binding with a space": entity(role(acs(binding=POST + " "))),
    "location with spaces around it": entity(role(acs(f" {ACS} "))),
    "empty location": entity(role(acs(""))),
    "location with a fragment": entity(role(acs(ACS + "#x"))),
    "location with a username": entity(role(acs("https://a@wiki.example/acs"))),
    "location that is not a URL": entity(role(acs("javascript:alert(1)"))),
    "location with a Cyrillic letter": entity(role(acs("https://wіki.example/acs"))),
    "101 ACS URLs": entity(
        role("".join(acs(f"{ACS}/{i}", more=f' index="{i}"') for i in range(101)))
    ),
    "logout by SOAP": sp(slo(), slo(binding=SOAP)),
    "logout by http": sp(slo("http://wiki.example/slo")),
    # Keys
    "signing and encryption certificate": sp(
        key_descriptor(GOOD), key_descriptor(OTHER, use=ENCRYPTION)
    ),
    "certificate without use": sp(key_descriptor(GOOD, use="")),
    "use in capitals": sp(key_descriptor(GOOD, use=' use="Signing"')),
    "unknown use": sp(key_descriptor(GOOD, use=' use="both"')),
    "PEM inside": sp(key_descriptor(pem(GOOD))),
    "base64 with line breaks": sp(key_descriptor(GOOD[:40] + "\n   " + GOOD[40:])),
    "empty certificate": sp(key_descriptor("")),
    "no certificate at all": sp(key_descriptor(info="<ds:X509Data/>")),
    "broken certificate": sp(key_descriptor("TUlJ")),
    "not base64": sp(key_descriptor("not base64!")),
    "weak certificate": sp(key_descriptor(WEAK)),
    "weak one beside a good one": sp(key_descriptor(WEAK), key_descriptor(GOOD)),
    "weak encryption certificate": sp(key_descriptor(GOOD), key_descriptor(WEAK, use=ENCRYPTION)),
    "DSA": sp(key_descriptor(certificate(b"dsa", kind="dsa"))),
    "Ed25519": sp(key_descriptor(certificate(b"ed", kind="ed25519"))),
    "P-256": sp(key_descriptor(certificate(b"ec", kind="ec-256"))),
    "P-192": sp(key_descriptor(certificate(b"ec", kind="ec-192"))),
    "P-256 for encryption": sp(key_descriptor(certificate(b"ec", kind="ec-256"), use=ENCRYPTION)),
    "PrintableString with * and _": sp(key_descriptor(certificate(b"*.wiki_1@example", tag=0x13))),
    "chain": sp(key_descriptor(LEAF, CA)),
    "KeyValue only": sp(key_descriptor(info="<ds:KeyValue/>")),
    "KeyName only": sp(key_descriptor(info="<ds:KeyName>x</ds:KeyName>")),
    "eleven certificates": sp(
        *(key_descriptor(certificate(b"x%d" % i, number=i)) for i in range(11))
    ),
    "signed requests without a certificate": entity(role(attributes=SIGNED)),
    "signed requests with a certificate": entity(
        role(key_descriptor(GOOD) + acs(), attributes=SIGNED)
    ),
    "signed requests with a weak certificate": entity(
        role(key_descriptor(WEAK) + acs(), attributes=SIGNED)
    ),
    "GCM and CBC": sp(
        key_descriptor(
            GOOD,
            use=ENCRYPTION,
            more=method(XENC + "aes128-cbc", XENC11 + "aes256-gcm", XENC + "rsa-oaep-mgf1p"),
        )
    ),
    "CBC only": sp(
        key_descriptor(
            GOOD, use=ENCRYPTION, more=method(XENC + "aes256-cbc", XENC + "tripledes-cbc")
        )
    ),
    "Triple DES only": sp(
        key_descriptor(GOOD, use=ENCRYPTION, more=method(XENC + "tripledes-cbc", XENC + "rsa-1_5"))
    ),
    # NameID and attributes
    **{
        f"NameID format {uri.rpartition('SAML:')[2]}": sp(formats(uri))
        for uri in (
            *(FORMAT_1 + n for n in ("unspecified", "emailAddress", "X509SubjectName")),
            FORMAT_1 + "WindowsDomainQualifiedName",
            *(FORMAT_2 + n for n in ("persistent", "transient", "kerberos", "entity")),
            *(FORMAT_2 + n for n in ("emailAddress", "unspecified", "encrypted")),
        )
    },
    "custom NameID format": sp(formats("https://wiki.example/employee-number")),
    "NameID format that is a word": sp(formats("email")),
    "empty NameID format": sp(formats("")),
    "NameID formats after the ACS URLs": entity(role(acs() + formats(FORMAT_2 + "persistent"))),
    "requested attributes": sp(ATTRIBUTES),
    "two sets of attributes": sp(
        ATTRIBUTES, '<md:AttributeConsumingService index="2" isDefault="1"/>'
    ),
    # Extensions
    "names, logos and contacts": entity(REGISTRATION, role(UI + acs()), ORGANIZATION, CONTACT),
    "discovery and request initiator": sp(DISCOVERY),
    "artifact resolution and NameID management": sp(
        f'<md:ArtifactResolutionService Binding="{SOAP}" Location="https://x/y" index="0"/>',
        f'<md:ManageNameIDService Binding="{SOAP}" Location="https://x/y"/>',
    ),
    "display name without xml:lang": entity(role(UI.replace(' xml:lang="en"', "") + acs())),
    "element of another namespace": sp(f'<x:y xmlns:x="urn:x" {XSI}/>', f"<mdui:z {MDUI}/>"),
    # As products write them
    "AD FS federation metadata": declared(
        "utf-8",
        entity(
            "<ds:Signature/>",
            WS_FED,
            WS_FED.replace("Application", "SecurityToken"),
            role(
                key_descriptor(GOOD, use=ENCRYPTION)
                + key_descriptor(GOOD)
                + slo()
                + formats(FORMAT_1 + "emailAddress", FORMAT_2 + "persistent")
                + acs(more=' index="0" isDefault="true"')
                + acs(binding=ARTIFACT, more=' index="1"'),
                attributes=' WantAssertionsSigned="true"',
            ),
            IDP,
            entity_id="http://adfs.wiki.example/adfs/services/trust",
            attributes=' ID="_2b5d"',
        ),
    ).encode("utf-8-sig"),
    "Entra ID federation metadata": entity(
        "<ds:Signature/>", WS_FED, IDP, entity_id="https://sts.windows.net/x/"
    ),
    "Shibboleth SP": entity(
        role(
            DISCOVERY
            + key_descriptor(
                GOOD,
                use="",
                more=method(
                    XENC11 + "aes128-gcm",
                    XENC11 + "aes256-gcm",
                    XENC + "aes128-cbc",
                    XENC11 + "rsa-oaep",
                    XENC + "rsa-oaep-mgf1p",
                ),
            )
            + f'<md:ArtifactResolutionService Binding="{SOAP}" Location="https://x/y" index="1"/>'
            + slo(binding=SOAP)
            + slo()
            + slo(binding=POST)
            + slo(binding=ARTIFACT)
            + acs(more=' index="1"')
            + acs(binding=POST + "-SimpleSign", more=' index="2"')
            + acs(binding=ARTIFACT, more=' index="3"')
            + acs(binding=PAOS, more=' index="4"'),
            protocols=f"{names.PROTOCOL} {SAML_1} urn:oasis:names:tc:SAML:1.0:protocol",
        ),
        attributes=' ID="_8f"',
    ),
    "SimpleSAMLphp": entity(
        role(
            slo()
            + acs(more=' index="0"')
            + acs(binding=SAML_1_POST, more=' index="1"')
            + acs(binding=ARTIFACT, more=' index="2"'),
        )
    ),
    "Keycloak as service provider": sp(
        key_descriptor(GOOD),
        slo(binding=POST),
        slo(),
        slo(binding=ARTIFACT),
        slo(binding=SOAP),
        formats(FORMAT_2 + "persistent"),
    ),
    "Salesforce": entity(
        role(
            key_descriptor(GOOD)
            + slo("https://acme.my.salesforce.com/services/auth/sp/saml2/logout")
            + formats(FORMAT_1 + "unspecified")
            + acs("https://acme.my.salesforce.com?so=00D000000000001"),
            attributes=SIGNED,
        ),
        entity_id="https://acme.my.salesforce.com",
        attributes=FUTURE,
    ),
    "ServiceNow": entity(
        role(
            slo("https://acme.service-now.com/navpage.do")
            + formats(FORMAT_1 + "emailAddress")
            + acs("https://acme.service-now.com/navpage.do")
            + acs("https://acme.service-now.com/consumer.do", more=' index="1"'),
            attributes=' AuthnRequestsSigned="false" WantAssertionsSigned="true"',
        ),
        entity_id="https://acme.service-now.com",
    ),
    "Zendesk": entity(
        role(
            formats(FORMAT_1 + "emailAddress")
            + acs("https://acme.zendesk.com/access/saml", more=' index="0"')
        ),
        entity_id="https://acme.zendesk.com",
    ),
    "federation": several(
        "<ds:Signature xmlns:ds='http://www.w3.org/2000/09/xmldsig#'/>",
        REGISTRATION,
        entity(REGISTRATION, role(UI + DISCOVERY + acs()), CONTACT, entity_id="https://a.example"),
        entity(REGISTRATION, IDP, QUERY, ORGANIZATION, entity_id="https://idp.example"),
        attributes=FUTURE,
    ),
    "GitLab": sp(formats(FORMAT_2 + "transient"), ATTRIBUTES),
    "Grafana": sp(
        key_descriptor(
            GOOD, use=ENCRYPTION, more=method(*(XENC + f"aes{n}-cbc" for n in (128, 192)))
        ),
        formats(FORMAT_2 + "transient"),
    ),
}
