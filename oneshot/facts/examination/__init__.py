"""How well taught facts are kept: rounds of questions, what the journal tells, the report."""
