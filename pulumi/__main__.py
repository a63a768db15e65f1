"""The stack: see Pulumi.yaml for its configuration."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "collections"))

import pulumi
from config import read_settings
from stack import export

try:
    export(read_settings(pulumi.Config(), Path(__file__).resolve().parent))
except ValueError as error:
    # An error for the user: shown without a traceback.
    raise pulumi.RunError(str(error)) from None
