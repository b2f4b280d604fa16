"""What every page needs: session, security headers, errors, responses, assets and dates."""
