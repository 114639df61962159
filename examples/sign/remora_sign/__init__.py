"""The rule `sign`: one pulse against every large step."""
