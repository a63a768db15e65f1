"""Images from sources: named by content, built side by side, not built twice."""
