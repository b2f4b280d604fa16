"""Parts that several pages share: forms, pickers, tabs, lists of events and differences."""
