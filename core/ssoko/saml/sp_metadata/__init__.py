"""Read the metadata of service providers (SAML metadata, sections 2.3 and 2.4).

What is used is validated. The rest is listed with the reason why it is not used. Refused are a
document type declaration, repeated IDs, too large or too deep files, a missing or wrong signature
where one is required, and a service provider without an entity ID or a usable ACS URL.
"""
