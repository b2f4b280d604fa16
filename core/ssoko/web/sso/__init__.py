"""The SAML endpoints: sign-in, single logout, metadata and launch links."""
