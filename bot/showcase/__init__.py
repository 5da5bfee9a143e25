"""The demo's pages: one per sample creditor, with the widget as any site would carry it."""
