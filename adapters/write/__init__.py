"""The path of one write: prompts are encoded to rows; rows and calibrations are kept."""
