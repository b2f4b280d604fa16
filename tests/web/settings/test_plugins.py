"""Settings > Plugins."""


def test_plugins_are_listed_as_loaded_failed_and_disabled(admin):
    page = admin.get("/settings/plugins")
    assert "ssoko-aws 0.1.0" in page.words
    assert "broken, from ssoko-broken 9.9, failed at import" in page.words
    assert "this plugin needs a newer library" in page.words
    assert "resting" in page.words
    assert {"Failed to load", "Loaded", "Disabled"} <= {
        heading.text_content() for heading in page.find("//main//h2")
    }
    assert "pip install ssoko-aws" in page.words
